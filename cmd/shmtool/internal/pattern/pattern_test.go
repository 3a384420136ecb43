package pattern

import (
	"errors"
	"testing"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		text  string
		exact bool
		name  string
		want  bool
	}{
		{"MstMeta*", false, "MstMetalive", true},
		{"MstMeta*", false, "MstTraklive", false},
		{"MstMeta*", true, "MstMetalive", false},
		{"MstMeta*", true, "MstMeta*", true},
		{"film [1080p]", false, "film [1080p]", true}, // its own name, which the pattern does not match
		{"film [1080p]", false, "film 1", true},
		{"film [1080p]", true, "film 1", false},
		{"live", false, "live", true},
		{"live", false, "livelier", false},
		{"[", true, "[", true},
	} {
		p, err := New(c.text, c.exact)
		if err != nil || p.Matches(c.name) != c.want || Any([]Pattern{p}, c.name) != c.want {
			t.Errorf("%q (exact %v) of %q: %v, %v", c.text, c.exact, c.name, !c.want, err)
		}
	}
	if Any(nil, "live") {
		t.Error("no pattern chooses something")
	}
}

func TestMalformed(t *testing.T) {
	for _, text := range []string{"[", "a[", `a\`, "[z-a"} {
		if _, err := New(text, false); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{"": false, "MstMetalive": false, "Mst*": true, "a?": true, "[ab]": true, `a\b`: false} {
		if Is(text) != want {
			t.Errorf("%q is a pattern: %v", text, !want)
		}
	}
}
