package about

import (
	"runtime/debug"
	"strings"
	"testing"
)

// A build says its commit, or that it knows none.
func TestBuildSaysItsCommit(t *testing.T) {
	for _, tt := range []struct{ settings, want string }{
		{"", "commit   unknown: this shmtool was built without git\n"},
		{"vcs.revision=abc vcs.time=2026-11-29T12:00:00Z vcs.modified=false", "commit   abc, 2026-11-29T12:00:00Z\n"},
		{"vcs.revision=abc vcs.modified=true", "commit   abc, with changes that were not committed\n"},
	} {
		info := &debug.BuildInfo{}
		for _, s := range strings.Fields(tt.settings) {
			key, value, _ := strings.Cut(s, "=")
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		var text strings.Builder
		if err := buildOf(info).text(&text); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), tt.want) {
			t.Errorf("%q: %s", tt.settings, text.String())
		}
	}
}

// What replaces a library is what is linked.
func TestBuildOfReplacedLibrary(t *testing.T) {
	b := buildOf(&debug.BuildInfo{Deps: []*debug.Module{{Path: "example.org/a", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/b", Version: "v2.0.0"}}}})
	if len(b.libraries) != 1 || b.libraries[0] != (library{"example.org/a", "v2.0.0"}) {
		t.Errorf("%v", b.libraries)
	}
}
