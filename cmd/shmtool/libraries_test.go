package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// CONTRIBUTING.md says of each library that go.mod names why it is there.
func TestLibrariesAreExplained(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "CONTRIBUTING.md")
	for _, m := range mod.Require {
		if row := "| " + strings.TrimPrefix(m.Path, "github.com/") + " | "; !m.Indirect && !strings.Contains(text, row) {
			t.Errorf("CONTRIBUTING.md has no row that begins %q", row)
		}
	}
}
