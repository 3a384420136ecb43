package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The command by which README says to install makes a binary that needs nothing of the
// machine's C library, so that it runs where there is another one, or none.
func TestInstallIsStatic(t *testing.T) {
	if os.Getenv(longTests) == "" {
		t.Skip(longTests + " is not set")
	}
	const environment, command = "CGO_ENABLED=0", "go install ./cmd/shmtool"
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), environment+" "+command) {
		t.Errorf("README does not say %s %s", environment, command)
	}
	bin := t.TempDir()
	words := strings.Fields(command)
	install := exec.Command(words[0], words[1:]...)
	install.Dir = "../.."
	install.Env = append(os.Environ(), "CGO_ENABLED=1", environment, "GOBIN="+bin, "GOFLAGS=-buildvcs=false")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := elf.Open(filepath.Join(bin, "shmtool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it needs an interpreter")
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("it needs %q", libraries)
	}
}
