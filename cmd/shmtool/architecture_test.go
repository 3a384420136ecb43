package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// house returns the table of CONTRIBUTING.md: for each room those that it may import,
// and the rooms from the top of the house down.
func house(t *testing.T) (may map[string][]string, rooms []string) {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, "CONTRIBUTING.md"), "```\n")
	text, _, ended := strings.Cut(text, "```")
	if !found || !ended {
		t.Fatal("CONTRIBUTING.md has no table of the house")
	}
	words, short := map[string][]string{}, map[string][]string{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case len(w) > 2 && w[1] == "=":
			short[w[0]] = w[2:]
		default:
			words[w[0]] = w[1:]
			rooms = append(rooms, w[0])
		}
	}
	var expand func(names []string) []string
	expand = func(names []string) (all []string) {
		for _, name := range names {
			if of, ok := short[name]; ok {
				all = append(all, expand(of)...)
			} else {
				all = append(all, name)
			}
		}
		return all
	}
	may = map[string][]string{}
	for room, names := range words {
		may[room] = expand(names)
	}
	return may, rooms
}

// roomOf returns the name that the table has for one of our packages.
func roomOf(path string) string {
	if path == "shmtool/cmd/shmtool" {
		return "main"
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, "shmtool/cmd/shmtool/internal/"), "shmtool/")
}

// The imports that only some rooms may have.
var confined = map[string]func(path string) bool{
	"unsafe":                              in("shmtool/relaccx/internal/shm", "shmtool/cmd/shmtool/internal/sandbox"), // seccomp takes a pointer
	"sync/atomic":                         in("shmtool/relaccx"),                                                      // Readers of one Page share what it knows of holes
	"golang.org/x/sys/unix":               in("shmtool/relaccx/internal/shm", "shmtool/cmd/shmtool/internal/kernel", "shmtool/cmd/shmtool/internal/unread", "shmtool/cmd/shmtool/internal/sandbox"),
	"github.com/urfave/cli/v2":            in("shmtool/cmd/shmtool/internal/cli"),
	"github.com/fatih/color":              in("shmtool/dump"),
	"github.com/charmbracelet/bubbletea":  in("shmtool/cmd/shmtool/internal/top"),
	"github.com/charmbracelet/x/ansi":     in("shmtool/cmd/shmtool", "shmtool/dump"),
	"github.com/olekukonko/tablewriter":   in("shmtool/dump"),
	"log/slog":                            in(),
	"log":                                 in("shmtool/cmd/shmtool/internal/web"), // net/http takes no other
	"C":                                   in(),
	"github.com/prometheus/common/expfmt": in(), // tests read what metrics writes with it
	"github.com/HdrHistogram/hdrhistogram-go": in("shmtool/cmd/shmtool/internal/meter", "shmtool/cmd/shmtool/internal/measure"),
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

// A room imports what the table allows it, and arrows point down.
func TestArrows(t *testing.T) {
	may, rooms := house(t)
	there := map[string]bool{}
	for _, goarch := range []string{"amd64", "arm64"} {
		for _, p := range ownPackages(t, goarch) {
			room := roomOf(p.ImportPath)
			there[room] = true
			if _, known := may[room]; !known {
				t.Errorf("%s is not in the table of CONTRIBUTING.md", room)
				continue
			}
			for _, i := range p.Imports {
				checkImport(t, p.ImportPath, i, may[room])
			}
		}
	}
	for at, room := range rooms {
		if !there[room] {
			t.Errorf("%s is in the table of CONTRIBUTING.md, and is no package", room)
		}
		for _, to := range may[room] {
			if to != "-" && !slices.Contains(rooms[at+1:], to) {
				t.Errorf("%s may import %s, which does not stand below it", room, to)
			}
		}
	}
}

func checkImport(t *testing.T, from, to string, allowed []string) {
	t.Helper()
	if may := confined[to]; may != nil && !may(from) {
		t.Errorf("%s imports %s", from, to)
	}
	if strings.HasPrefix(to, "shmtool/") && !slices.Contains(allowed, roomOf(to)) {
		t.Errorf("%s imports %s, which the table of CONTRIBUTING.md does not allow", roomOf(from), roomOf(to))
	}
	foreign := strings.Contains(strings.Split(to, "/")[0], ".")
	if foreign && strings.HasPrefix(from, "shmtool/layout") {
		t.Errorf("%s imports %s; layout has the standard library alone", from, to)
	}
}

// os.Exit stands in the main.go of a program alone, and only cmd prints by itself.
func TestConfinedCalls(t *testing.T) {
	for _, p := range ownPackages(t, "amd64") {
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			isMain := name == "main.go" && strings.Contains(string(text), "\npackage main\n")
			if strings.Contains(string(text), "os.Exit(") && !isMain {
				t.Errorf("%s/%s calls os.Exit", p.ImportPath, name)
			}
			if strings.Contains(string(text), "fmt.Print") && !strings.HasPrefix(p.ImportPath, "shmtool/cmd/") {
				t.Errorf("%s/%s prints", p.ImportPath, name)
			}
		}
	}
}
