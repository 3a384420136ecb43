package out

import (
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// A format in which a document has no form is refused in a line, whichever it is.
func TestFormThatIsMissing(t *testing.T) {
	for _, format := range slices.Concat(MeasuredFormats, []string{Nagios, Hex, "new"}) {
		err := New(quiet(), Options{Format: format}).Print(Forms{Names: []string{"a"}})
		if err == nil || fail.Of(err).Exit != fail.ExitUsage || !strings.Contains(err.Error(), "-o "+format) {
			t.Errorf("-o %s: %v", format, err)
		}
	}
}
