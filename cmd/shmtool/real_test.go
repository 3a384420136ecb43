package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
)

// Snapshots of living MistServers lie beside the repository, never in it. Without
// them these tests are skipped.
const realPages = "../../../shared/pages/*.tar.gz"

// longTests is the variable that makes tests take every snapshot, every drill and every
// width. .ci/run sets it to "program", with which the faults and the benchmarks stay short;
// with "1" they run for long as well.
const longTests = "SHMTOOL_LONG_TESTS"

func long() bool { return os.Getenv(longTests) != "" }

// skipUnlessLong leaves a test out of the everyday run.
func skipUnlessLong(t *testing.T) {
	t.Helper()
	if !long() {
		t.Skip(longTests + " is not set")
	}
}

// everyday matches the snapshots of an everyday run: a server with viewers, a stream that
// was killed, and the small ones of every version and state.
var everyday = regexp.MustCompile(`^(0|probe-|mist-|fork-v0.3.0-(feeding|offline)|live-(pull-gave-up|pull-killed|vod-input-died|disk-full))`)

// moment is a snapshot, unpacked.
type moment struct {
	dir   string
	names []string          // of its objects
	rax   map[string]string // what MistServer's own tool printed for an object
}

// eachMoment runs f for every snapshot, or for those of an everyday run.
func eachMoment(t *testing.T, f func(t *testing.T, m *moment)) {
	for _, archive := range snapshotFiles(t) {
		if raceDetector && !strings.HasPrefix(filepath.Base(archive), "probe") {
			continue // nothing runs at the same time here
		}
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) { f(t, unpack(t, archive)) })
	}
}

// snapshotFiles returns the archives that eachMoment unpacks.
func snapshotFiles(t *testing.T) []string {
	t.Helper()
	archives, err := filepath.Glob(realPages)
	if err != nil || len(archives) == 0 {
		t.Skip("no snapshots at " + realPages)
	}
	if !long() {
		archives = slices.DeleteFunc(archives, func(a string) bool { return !everyday.MatchString(filepath.Base(a)) })
	}
	return archives
}

// seen fails when a test has met fewer things than all snapshots have, or none of an
// everyday run: it has gone blind.
func seen(t *testing.T, count, all int, what string) {
	t.Helper()
	t.Logf("%d %s", count, what)
	if !long() {
		all = 1
	}
	if count < all && !raceDetector {
		t.Errorf("only %d %s, want %d", count, what, all)
	}
}

// unpacked has the archives that this process has unpacked, once each. Their objects are
// only read: a test gets links to them, which it may remove.
var unpacked struct {
	mu     sync.Mutex
	dir    string
	byName map[string]*moment
}

// unpack returns a snapshot in a folder of the test's own.
func unpack(t *testing.T, archive string) *moment {
	t.Helper()
	unpacked.mu.Lock()
	defer unpacked.mu.Unlock()
	from := unpacked.byName[archive]
	if from == nil {
		if unpacked.dir == "" {
			dir, err := os.MkdirTemp("", "shmtool-snapshots-")
			if err != nil {
				t.Fatal(err)
			}
			unpacked.dir, unpacked.byName = dir, map[string]*moment{}
		}
		from = unpackTo(t, archive, filepath.Join(unpacked.dir, filepath.Base(archive)))
		unpacked.byName[archive] = from
	}
	m := &moment{dir: t.TempDir(), names: slices.Clone(from.names), rax: from.rax}
	for _, name := range from.names {
		linkTo(t, filepath.Join(from.dir, "shm", name), filepath.Join(m.dir, "shm", name))
	}
	for _, name := range []string{"proc", procs.SavedFile} {
		at := filepath.Join(from.dir, name)
		if info, err := os.Stat(at); err != nil {
			continue
		} else if !info.IsDir() {
			linkTo(t, at, filepath.Join(m.dir, name))
		} else if err := os.CopyFS(filepath.Join(m.dir, name), os.DirFS(at)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func linkTo(t *testing.T, from, to string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o777), os.Link(from, to)); err != nil {
		t.Fatal(err)
	}
}

func unpackTo(t *testing.T, archive, dir string) *moment {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	m := &moment{dir: dir, rax: map[string]string{}}
	for members := tar.NewReader(unzipped); ; {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(member.Name, "/")
		folder, object, _ := strings.Cut(name, "/")
		switch {
		case member.Typeflag != tar.TypeReg:
		case folder == "rax":
			text, err := io.ReadAll(members)
			if err != nil {
				t.Fatal(err)
			}
			m.rax[object] = string(text)
		case folder == "shm" || folder == "proc" || folder == procs.SavedFile:
			writeFrom(t, filepath.Join(m.dir, name), members)
			if folder == "shm" {
				m.names = append(m.names, object)
			}
		}
	}
}

// writeFrom unpacks one object, which may be 40 MiB of nothing, with holes.
func writeFrom(t *testing.T, path string, from io.Reader) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunk, zeros, at := make([]byte, 64<<10), make([]byte, 64<<10), int64(0)
	for {
		n, err := io.ReadFull(from, chunk)
		if !bytes.Equal(chunk[:n], zeros[:n]) {
			if _, err := f.WriteAt(chunk[:n], at); err != nil {
				t.Fatal(err)
			}
		}
		at += int64(n)
		if err != nil {
			if err := f.Truncate(at); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// result is what a command came to.
type result struct {
	code           int
	stdout, stderr string
}

// runIn runs a command inside this process, on the pages of a folder that holds
// shm and proc.
func runIn(t *testing.T, dir, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := world.New(strings.NewReader(stdin), &stdout, &stderr, func(name string) string {
		return map[string]string{cli.ShmDirVariable: filepath.Join(dir, "shm"), cli.ProcDirVariable: filepath.Join(dir, "proc")}[name]
	})
	code := run(t.Context(), e, args)
	return result{code, stdout.String(), stderr.String()}
}

// dump -o rax is what MistServer's own tool printed, byte for byte.
func TestRealRax(t *testing.T) {
	skipShort(t)
	t.Parallel()
	count := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		for name, want := range m.rax {
			for _, arg := range []string{name, "/" + name} {
				if r := runIn(t, m.dir, "", "dump", arg, "-o", "rax"); r.code != 0 || r.stdout != want {
					t.Errorf("dump %s -o rax: exit code %d, %d bytes, want %d\n%s", arg, r.code, len(r.stdout), len(want), r.stderr)
				}
			}
			count++
		}
	})
	seen(t, count, 125, "texts")
}

// Every command that looks at a page comes to a documented end on every object
// there is, and says no more than a line about it.
func TestRealObjects(t *testing.T) {
	skipShort(t)
	t.Parallel()
	commands := [][]string{
		{"dump"},
		{"dump", "-j"},
		{"dump", "-o", "csv"},
		{"dump", "-o", "hex"},
		{"dump", "-o", "schema"},
		{"dump", "-o", "ndjson", "--slots", "--last", "3"},
		{"dump", "--header", "-j"},
		{"tail", "-n", "2"},
		{"tail", "-j", "--from", "first"},
		{"check", "-j"},
		{"wait", "--for", "exists", "--timeout", "1ms"},
	}
	eachMoment(t, func(t *testing.T, m *moment) {
		for _, name := range m.names {
			for _, command := range commands {
				r := runIn(t, m.dir, "", slices.Concat(command, []string{name})...)
				checkEnd(t, strings.Join(append(command, name), " "), command, r)
			}
			checkEnd(t, "save "+name, nil, runIn(t, m.dir, "", "save", name, filepath.Join(m.dir, "saved")))
			field, _, _ := strings.Cut(runIn(t, m.dir, "", "dump", name, "--names").stdout, "\n")
			checkEnd(t, "get "+name+" "+field, nil, runIn(t, m.dir, "", "get", name, field))
		}
		checkListing(t, m)
	})
}

// staleBehind is what is said of a data page that an earlier stream has written.
var staleBehind = regexp.MustCompile(`(?m)^shmtool: \w+: page "MstData\S+": packets go on behind the \d+ bytes that are published: .*\n`)

func checkEnd(t *testing.T, what string, command []string, r result) {
	t.Helper()
	if r.code < fail.ExitOK || r.code > fail.ExitLoss {
		t.Errorf("%s: exit code %d\n%s", what, r.code, r.stderr)
	}
	// A warning of a page stands beside what it holds, and before an error in it.
	said := staleBehind.ReplaceAllString(r.stderr, "")
	if n := strings.Count(said, "\n"); n > 1 || r.code == fail.ExitOK && n > 0 && !strings.Contains(said, "is not ready") || strings.Count(r.stderr, "\n") > n+1 {
		t.Errorf("%s: exit code %d, standard error\n%s", what, r.code, r.stderr)
	}
	if slices.Contains(command, "-j") && r.code <= fail.ExitFindings && !json.Valid([]byte(r.stdout)) {
		t.Errorf("%s: no JSON:\n%.200s", what, r.stdout)
	}
}

// checkListing holds ls against the objects: --all lists all of them, and without
// it every one that MistServer's own tool could read.
func checkListing(t *testing.T, m *moment) {
	t.Helper()
	r := runIn(t, m.dir, "", "ls", "--all", "--names")
	all := slices.Sorted(strings.FieldsSeq(r.stdout))
	if r.code != fail.ExitOK || !slices.Equal(all, slices.Sorted(slices.Values(m.names))) {
		t.Errorf("ls --all: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = runIn(t, m.dir, "", "ls", "-j")
	var listing struct{ Rows []struct{ Name string } }
	if err := json.Unmarshal([]byte(r.stdout), &listing); err != nil || r.code != fail.ExitOK {
		t.Fatalf("ls -j: exit code %d, %v\n%s", r.code, err, r.stderr)
	}
	listed := map[string]bool{}
	for _, row := range listing.Rows {
		listed[row.Name] = true
	}
	for name := range m.rax {
		if ready := runIn(t, m.dir, "", "wait", name, "--timeout", "1ms").code == fail.ExitOK; ready && !listed[name] {
			t.Errorf("ls does not list %s", name)
		}
	}
}

// What dump prints of a page, append puts into a page made like it, and dump
// prints again: of pages, and of the pages nested in them.
func TestRealRoundTrip(t *testing.T) {
	skipShort(t)
	t.Parallel()
	pages := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		for name := range m.rax {
			for _, page := range append(nestedPages(t, m.dir, name), name) {
				if roundTrips(t, m.dir, page) {
					pages++
				}
			}
		}
	})
	seen(t, pages, 100, "pages with records")
}

// nestedPages are the addresses of the pages in a page's newest record.
func nestedPages(t *testing.T, dir, name string) []string {
	var pages []string
	r := runIn(t, dir, "", "dump", name, "-o", "csv", "--schema", "--no-header")
	for line := range strings.Lines(r.stdout) {
		if f := strings.Split(line, ","); f[1] == "nested" && runIn(t, dir, "", "dump", name+":"+f[0], "--header").code == fail.ExitOK {
			pages = append(pages, name+":"+f[0])
		}
	}
	return pages
}

// roundTrips reports whether the page has any records to go round.
func roundTrips(t *testing.T, dir, page string) bool {
	t.Helper()
	names := strings.Fields(runIn(t, dir, "", "dump", page, "--names").stdout)
	if len(names) == 0 {
		return false
	}
	first := runIn(t, dir, "", "dump", page, "-o", "ndjson", "--show-secrets")
	if first.code != fail.ExitOK || first.stdout == "" {
		return false
	}
	create := []string{"create", "--force", "copy", "--like", page}
	if strings.Contains(runIn(t, dir, "", "dump", page, "--header", "-j").stdout, `"rcount":0,`) {
		create = append(create, "--records", "100")
	}
	for _, step := range []result{runIn(t, dir, "", create...), runIn(t, dir, first.stdout, "append", "copy", "--full", "fail")} {
		if step.code != fail.ExitOK {
			t.Errorf("%s: exit code %d\n%s", page, step.code, step.stderr)
			return true
		}
	}
	// The numbers of the page's own records are new; all else is the same.
	fields := strings.Join(names, ",")
	// So is what the values mean: nothing is known of a page named copy.
	values := []string{"-o", "ndjson", "--show-secrets", "--fields", fields, "--jq", `walk(if type == "object" then del(.["#decoded"]) else . end)`}
	want, got := runIn(t, dir, "", append(values, "dump", page)...), runIn(t, dir, "", append(values, "dump", "copy")...)
	if got.stdout != want.stdout {
		t.Errorf("%s comes back as something else:\n%.500s\nnot\n%.500s", page, got.stdout, want.stdout)
	}
	if slices.Contains(names, "dtsc_data") { // packed as MistServer did, to the byte
		want, got := runIn(t, dir, "", "get", page, "dtsc_data"), runIn(t, dir, "", "get", "copy", "dtsc_data")
		if want.code != fail.ExitOK || got.stdout != want.stdout {
			t.Errorf("%s: dtsc_data comes back as other bytes", page)
		}
	}
	return true
}
