package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goPackage is what `go list -json` says of one of our packages.
type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func ownPackages(t *testing.T, goarch string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "shmtool/...")
	cmd.Env = append(os.Environ(), "GOARCH="+goarch)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// The arrows between our packages. A package may import what its room, or a
// room around it, allows, and nothing else of ours.
var arrows = map[string][]string{
	"shmtool/layout":               {},
	"shmtool/layout/mist":          {"shmtool/layout"},
	"shmtool/layout/dtsc":          {"shmtool/layout"},
	"shmtool/layout/layouttest":    {},
	"shmtool/relaccx/internal/shm": {"shmtool/layout"},
	"shmtool/relaccx":              {"shmtool/layout", "shmtool/layout/mist", "shmtool/relaccx/internal/shm"},
	"shmtool/relaccx/datapage":     {"shmtool/layout/dtsc", "shmtool/relaccx"},
	"shmtool/relaccx/semaphore":    {"shmtool/layout", "shmtool/layout/mist", "shmtool/relaccx", "shmtool/relaccx/internal/shm"},
	"shmtool/dump":                 {"shmtool/layout", "shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/relaccx"},
	"shmtool/cmd/shmtool":          nil, // nil: everything
	"shmtool/cmd/shmtool/internal/fail": {
		"shmtool/cmd/shmtool/internal/objectfile", "shmtool/cmd/shmtool/internal/recording", "shmtool/cmd/shmtool/internal/units",
		"shmtool/layout", "shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/relaccx",
	},
	"shmtool/cmd/shmtool/internal/world": {
		"shmtool/cmd/shmtool/internal/fail", "shmtool/cmd/shmtool/internal/snapshot", "shmtool/cmd/shmtool/internal/procs",
		"shmtool/cmd/shmtool/internal/safe", "shmtool/cmd/shmtool/internal/unread", "shmtool/layout/mist",
	},
	"shmtool/cmd/shmtool/internal/out": {
		"shmtool/cmd/shmtool/internal/world", "shmtool/cmd/shmtool/internal/fail", "shmtool/cmd/shmtool/internal/filter",
		"shmtool/cmd/shmtool/internal/newfile", "shmtool/cmd/shmtool/internal/safe", "shmtool/cmd/shmtool/internal/units",
		"shmtool/dump", "shmtool/layout", "shmtool/layout/mist", "shmtool/relaccx",
	},
	"shmtool/cmd/shmtool/internal/cli": {
		"shmtool/cmd/shmtool/internal/out", "shmtool/cmd/shmtool/internal/world", "shmtool/cmd/shmtool/internal/fail",
		"shmtool/cmd/shmtool/internal/filter", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/safe",
		"shmtool/cmd/shmtool/internal/snapshot", "shmtool/layout/mist", "shmtool/relaccx",
	},
	"shmtool/cmd/shmtool/internal/object": {
		"shmtool/cmd/shmtool/internal/cli", "shmtool/cmd/shmtool/internal/out", "shmtool/cmd/shmtool/internal/world", "shmtool/cmd/shmtool/internal/fail", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/objectfile", "shmtool/cmd/shmtool/internal/recording", "shmtool/dump", "shmtool/layout", "shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/relaccx", "shmtool/relaccx/datapage",
	},
	"shmtool/cmd/shmtool/internal/filter": {},
	"shmtool/cmd/shmtool/internal/procs":  {"shmtool/cmd/shmtool/internal/objectfile", "shmtool/layout/mist", "shmtool/layout", "shmtool/relaccx"},
	"shmtool/cmd/shmtool/internal/recording": {
		"shmtool/layout/mist", "shmtool/layout", "shmtool/relaccx", "shmtool/dump",
	},
	"shmtool/cmd/shmtool/internal/metrics": {"shmtool/layout/mist"},
	"shmtool/cmd/shmtool/internal/snapshot": {
		"shmtool/cmd/shmtool/internal/objectfile",
		"shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/layout", "shmtool/relaccx", "shmtool/cmd/shmtool/internal/procs",
		"shmtool/cmd/shmtool/internal/sparse",
	},
	"shmtool/cmd/shmtool/internal/objectfile": {},
	"shmtool/cmd/shmtool/internal/sparse":     {},
	"shmtool/cmd/shmtool/internal/newfile":    {},
	"shmtool/cmd/shmtool/internal/cause":      {"shmtool/relaccx"},
	"shmtool/cmd/shmtool/internal/pause":      {},
	"shmtool/cmd/shmtool/internal/pattern":    {},
	"shmtool/cmd/shmtool/internal/units":      {},
	"shmtool/cmd/shmtool/internal/unread":     {},
	"shmtool/cmd/shmtool/internal/safe":       {"shmtool/layout/mist"},
	"shmtool/cmd/shmtool/internal/meter":      {},
	"shmtool/cmd/shmtool/internal/streams": {
		"shmtool/cmd/shmtool/internal/objectfile",
		"shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/layout", "shmtool/relaccx", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/finding",
	},
	"shmtool/cmd/shmtool/internal/streams/streamstest": {
		"shmtool/layout/mist", "shmtool/layout", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/streams",
	},
	"shmtool/cmd/shmtool/internal/finding": {"shmtool/layout", "shmtool/layout/mist"},
	"shmtool/cmd/shmtool/internal/doctor": {
		"shmtool/layout/mist", "shmtool/layout", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/streams",
		"shmtool/cmd/shmtool/internal/finding", "shmtool/cmd/shmtool/internal/safe",
	},
	"shmtool/cmd/shmtool/internal/doctor/doctortest": {
		"shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/streams", "shmtool/cmd/shmtool/internal/finding",
	},
	"shmtool/cmd/shmtool/internal/mistserver": {
		"shmtool/layout", "shmtool/layout/mist", "shmtool/layout/dtsc", "shmtool/relaccx/semaphore", "shmtool/relaccx", "shmtool/cmd/shmtool/internal/procs",
	},
	"shmtool/cmd/shmtool/internal/simulate": {
		"shmtool/layout/mist", "shmtool/cmd/shmtool/internal/mistserver", "shmtool/cmd/shmtool/internal/procs",
		"shmtool/cmd/shmtool/internal/finding",
	},
	"shmtool/cmd/shmtool/internal/cleaning": {
		"shmtool/cmd/shmtool/internal/objectfile",
		"shmtool/layout/mist", "shmtool/relaccx/semaphore", "shmtool/relaccx", "shmtool/cmd/shmtool/internal/procs", "shmtool/cmd/shmtool/internal/simulate",
		"shmtool/cmd/shmtool/internal/streams", "shmtool/cmd/shmtool/internal/sparse",
	},
	"shmtool/cmd/shmtool/internal/top": {
		"shmtool/layout/mist", "shmtool/layout", "shmtool/relaccx", "shmtool/dump", "shmtool/cmd/shmtool/internal/procs",
		"shmtool/cmd/shmtool/internal/top/unasked",
	},
	"shmtool/cmd/shmtool/internal/top/unasked": {},
}

// common are the rooms at the bottom of the house, which every room of cmd/shmtool
// may import. They import only what arrows allows them.
var common = []string{
	"shmtool/cmd/shmtool/internal/cause",
	"shmtool/cmd/shmtool/internal/pattern",
	"shmtool/cmd/shmtool/internal/pause",
	"shmtool/cmd/shmtool/internal/units",
}

// The imports that only some rooms may have.
var confined = map[string]func(path string) bool{
	"unsafe":                              in("shmtool/relaccx/internal/shm"),
	"sync/atomic":                         in("shmtool/relaccx"), // Readers of one Page share what it knows of holes
	"golang.org/x/sys/unix":               in("shmtool/relaccx/internal/shm", "shmtool/cmd/shmtool/internal"),
	"github.com/urfave/cli/v2":            in("shmtool/cmd/shmtool/internal/cli"),
	"github.com/fatih/color":              in("shmtool/dump"),
	"github.com/charmbracelet/bubbletea":  in("shmtool/cmd/shmtool/internal/top"),
	"github.com/charmbracelet/x/ansi":     in("shmtool/cmd/shmtool", "shmtool/dump"),
	"github.com/olekukonko/tablewriter":   in("shmtool/dump"),
	"log/slog":                            in(),
	"log":                                 in(),
	"C":                                   in(),
	"github.com/prometheus/common/expfmt": in("shmtool/cmd/shmtool/internal/metrics"),
	"github.com/HdrHistogram/hdrhistogram-go": in("shmtool/cmd/shmtool/internal/meter", "shmtool/cmd/shmtool/internal/simulate"),
}

func in(rooms ...string) func(string) bool {
	return func(path string) bool {
		for _, room := range rooms {
			if path == room || strings.HasPrefix(path, room+"/") {
				return true
			}
		}
		return false
	}
}

func TestArrows(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64"} {
		for _, p := range ownPackages(t, goarch) {
			allowed, known := arrows[p.ImportPath]
			if !known {
				t.Errorf("%s is no room of the house; say in this test what it may import", p.ImportPath)
			}
			for _, i := range p.Imports {
				checkImport(t, p.ImportPath, i, allowed)
			}
		}
	}
}

func checkImport(t *testing.T, from, to string, allowed []string) {
	t.Helper()
	if may := confined[to]; may != nil && !may(from) {
		t.Errorf("%s imports %s", from, to)
	}
	ours := strings.HasPrefix(to, "shmtool/")
	above := strings.HasPrefix(from, "shmtool/cmd/") && !contains(common, from)
	if ours && allowed != nil && !contains(allowed, to) && !(above && contains(common, to)) {
		t.Errorf("%s imports %s: that arrow points back", from, to)
	}
	foreign := strings.Contains(strings.Split(to, "/")[0], ".")
	if foreign && strings.HasPrefix(from, "shmtool/layout") {
		t.Errorf("%s imports %s; layout has the standard library alone", from, to)
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// os.Exit stands in main.go alone, and only cmd prints by itself.
func TestConfinedCalls(t *testing.T) {
	for _, p := range ownPackages(t, "amd64") {
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			isMain := p.ImportPath == "shmtool/cmd/shmtool" && name == "main.go"
			if strings.Contains(string(text), "os.Exit(") && !isMain {
				t.Errorf("%s/%s calls os.Exit", p.ImportPath, name)
			}
			if strings.Contains(string(text), "fmt.Print") && !strings.HasPrefix(p.ImportPath, "shmtool/cmd/") {
				t.Errorf("%s/%s prints", p.ImportPath, name)
			}
		}
	}
}
