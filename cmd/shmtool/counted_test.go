package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/relaccx"
)

// Costs that are counted, and so are the same on a busy machine: they may not grow beyond
// what testdata/counted.txt has. UPDATE_COUNTED=1 go test ./cmd/shmtool -run Counted
// records what there is now.
const countedFile = "testdata/counted.txt"

// countedVariable also counts what takes tools and seconds: system calls, by strace, and
// instructions, by valgrind. .ci/run sets it.
const countedVariable = "SHMTOOL_COUNTED"

// counts are the costs by their names: "allocations dump -j", per record.
type counts map[string]float64

func readCounted(t *testing.T) counts {
	t.Helper()
	b, err := os.ReadFile(countedFile)
	if err != nil {
		t.Fatal(err)
	}
	all := counts{}
	for line := range strings.Lines(string(b)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || !found {
			continue
		}
		if all[name], err = strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil {
			t.Fatalf("%s: %q: %v", countedFile, line, err)
		}
	}
	return all
}

// hold compares what was counted with what is recorded: it may be larger by a part, and
// by a little, or is recorded anew.
func (found counts) hold(t *testing.T, part, little float64) {
	t.Helper()
	recorded := readCounted(t)
	if os.Getenv("UPDATE_COUNTED") != "" {
		maps.Copy(recorded, found)
		recorded.write(t)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		was, known := recorded[name]
		switch most := was*(1+part) + little; {
		case !known:
			t.Errorf("%s: %.4g; %s does not have it", name, found[name], countedFile)
		case found[name] > most:
			t.Errorf("%s: %.4g, more than %.4g: %.4g is recorded in %s", name, found[name], most, was, countedFile)
		case found[name] < was*(1-2*part)-2*little:
			t.Logf("%s: %.4g, less than the %.4g that is recorded: UPDATE_COUNTED=1 keeps it so", name, found[name], was)
		}
	}
}

func (c counts) write(t *testing.T) {
	t.Helper()
	b := []byte("# What is counted by counted_test.go, which says how to record it anew.\n")
	for _, name := range slices.Sorted(maps.Keys(c)) {
		b = fmt.Appendf(b, "%s\t%.6g\n", name, c[name])
	}
	if err := os.WriteFile(countedFile, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// countedPage makes a page with so many records in dir.
func countedPage(t *testing.T, dir string, records int) {
	t.Helper()
	s, err := layout.ParseSchema("a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n")
	if err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.Create(filepath.Join(dir, "page"), layout.Shape{Schema: s, RecordCount: uint32(records)}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range records {
		rec, err := w.NewRecord()
		if err == nil {
			err = rec.SetUint("a", uint64(i))
		}
		if err == nil {
			err = rec.SetText("name", fmt.Sprint("record ", i))
		}
		if err == nil {
			err = w.Append(rec.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inDir runs a command in this process on a directory, and returns what it prints.
func inDir(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w := world.New(strings.NewReader(stdin), &stdout, &stderr, func(name string) string {
		return map[string]string{cli.ShmDirVariable: dir, cli.ProcDirVariable: filepath.Join(dir, "none")}[name]
	})
	if code := run(context.Background(), w, args); code != 0 {
		t.Fatalf("shmtool %v: exit code %d: %s", args, code, &stderr)
	}
	return stdout.String()
}

// No command allocates more memory for a record than it did.
func TestCountedAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates by itself")
	}
	const few, many = 1000, 3000
	found := counts{}
	for _, line := range []string{
		"dump page -j", "dump page -o ndjson", "dump page -o csv", "dump page -o rax", "dump page --records",
		"dump page -o ndjson --where .a==5", "append page --from -",
	} {
		args := strings.Fields(line)
		allocations := func(records int) float64 {
			dir := t.TempDir()
			countedPage(t, dir, records)
			stdin := ""
			if args[0] == "append" {
				stdin = inDir(t, dir, "", "dump", "page", "-o", "ndjson")
			}
			return testing.AllocsPerRun(1, func() { inDir(t, dir, stdin, args...) })
		}
		found["allocations a record: "+line] = max(0, allocations(many)-allocations(few)) / (many - few)
	}
	found.hold(t, 0.05, 0.05)
}

// countedStreams makes streams as MistServer does.
func countedStreams(t *testing.T, dir string, count int) {
	t.Helper()
	p := mistserver.Place{Dir: dir}
	for i := range count {
		name := fmt.Sprint("live", i)
		in, err := mistserver.LockInput(p, name, os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if _, err := mistserver.StartBuffer(p, name, mistserver.Settings{}); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"video", "audio", "meta"} {
			track, err := mistserver.AddTrack(t.Context(), p, name, mistserver.TrackInfo{Type: kind, Codec: "JSON"})
			if err != nil {
				t.Fatal(err)
			}
			defer track.Close()
			if err := track.Write(mistserver.Packet{Key: true, Payload: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// countedTools skips unless costs are counted that take a tool, and the tool works here:
// a container may forbid to trace, and an old valgrind does not know each processor.
func countedTools(t *testing.T, tool ...string) {
	t.Helper()
	if os.Getenv(countedVariable) == "" {
		t.Skip("set " + countedVariable + "=1")
	}
	if out, err := exec.Command(tool[0], append(tool[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("%v: %v\n%s", tool, err, out)
	}
}

// countedProgram builds the program without cgo, with which valgrind has its troubles.
func countedProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shmtool")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// counted runs a command under a tool, on one thread and without a collector of garbage,
// and returns what the tool says.
func counted(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off",
		cli.ShmDirVariable+"="+dir, cli.ProcDirVariable+"="+t.TempDir())
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &said)
	}
	return said.String()
}

var straceTotal = regexp.MustCompile(`(?m)^100\.00 +\S+ +\S* +(\d+) .*total$`)

// Looking at an object takes no more system calls than it did.
func TestCountedSystemCalls(t *testing.T) {
	countedTools(t, "strace", "-o", os.DevNull)
	program := countedProgram(t)
	found := counts{}
	per := func(name string, makeObjects func(dir string, n int), args ...string) {
		var calls, objects [2]int
		for i, n := range []int{4, 12} {
			dir := t.TempDir()
			makeObjects(dir, n)
			list, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			objects[i] = len(list)
			out := filepath.Join(t.TempDir(), "calls")
			counted(t, dir, append([]string{"strace", "-f", "-c", "-e", "trace=%file,%desc,mmap,munmap", "-o", out, program}, args...)...)
			table, err := os.ReadFile(out)
			m := straceTotal.FindSubmatch(table)
			if err != nil || m == nil {
				t.Fatalf("%v: strace says\n%s", err, table)
			}
			calls[i], _ = strconv.Atoi(string(m[1]))
		}
		found["system calls an object: "+name] = float64(calls[1]-calls[0]) / float64(objects[1]-objects[0])
	}
	per("ls", func(dir string, n int) {
		for i := range n {
			sub := filepath.Join(dir, fmt.Sprint("page", i))
			countedPage(t, dir, 1)
			if err := os.Rename(filepath.Join(dir, "page"), sub); err != nil {
				t.Fatal(err)
			}
		}
	}, "ls")
	streams := func(dir string, n int) { countedStreams(t, dir, n) }
	per("ls --all", streams, "ls", "--all")
	per("streams", streams, "streams")
	found.hold(t, 0.05, 0.5)
}

var valgrindTotal = regexp.MustCompile(`Collected : (\d+)`)

// Small runs take no more instructions than they did.
func TestCountedInstructions(t *testing.T) {
	countedTools(t, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
	if runtime.GOARCH != "amd64" {
		t.Skip("the figures are for amd64")
	}
	program := countedProgram(t)
	dir := t.TempDir()
	countedPage(t, dir, 2000)
	lines := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(lines, []byte(inDir(t, dir, "", "dump", "page", "-o", "ndjson")), 0o600); err != nil {
		t.Fatal(err)
	}
	found := counts{}
	for name, args := range map[string][]string{
		"get":            {"get", "page", "a"},
		"ls":             {"ls"},
		"dump -o ndjson": {"dump", "page", "-o", "ndjson"},
		"dump -o csv":    {"dump", "page", "-o", "csv"},
		"dump":           {"dump", "page"},
		"dump --where":   {"dump", "page", "-o", "ndjson", "--where", ".a == 5"},
		"append":         {"append", "page", "--from", lines},
	} {
		said := counted(t, dir, append([]string{"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program}, args...)...)
		m := valgrindTotal.FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("%s: valgrind says\n%s", name, said)
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		found["million instructions: "+name] = n / 1e6
	}
	found.hold(t, 0.1, 0.5)
}
