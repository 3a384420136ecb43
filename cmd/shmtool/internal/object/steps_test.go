package object

import (
	"strings"
	"testing"
)

func TestParseSteps(t *testing.T) {
	for text, want := range map[string]string{
		"tracks":         "[tracks]",
		"tracks@3:inner": "[tracks@3 inner]",
		"a@b@7":          "[a@b@7]",
		"a@0":            "[a@0]",
		"":               `"": a colon is followed by FIELD or FIELD@RECORD`,
		"a:":             `"a:": a colon is followed by FIELD or FIELD@RECORD`,
		"@3":             `"@3": a colon is followed by FIELD or FIELD@RECORD`,
		"a@":             `"a@": what follows the @ is not a record number`,
		"a@-1":           `"a@-1": what follows the @ is not a record number`,
	} {
		steps, err := ParseSteps(text)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			var words []string
			for _, s := range steps {
				words = append(words, s.String())
			}
			got = "[" + strings.Join(words, " ") + "]"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
