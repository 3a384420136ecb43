package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// The archives of captured moments are taken as they are: every command that looks
// shows with --moment what it shows of the two folders.
func TestMomentReal(t *testing.T) {
	skipShort(t)
	moments := map[string]*moment{} // unpacked before TMPDIR is another
	for _, archive := range snapshotFiles(t) {
		moments[archive] = unpack(t, archive)
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for archive, m := range moments {
		name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		// What an unpacked copy takes depends on what unpacked it.
		for _, args := range [][]string{
			{"ls", "--all", "--fields", "name,kind,size,status,rcount,endpos,writer,readers"},
			{"streams", "--all", "--jq", ".rows[] | del(.shm_bytes)"},
			{"dump", m.names[0]},
		} {
			want := runIn(t, m.dir, "", args...)
			got := runIn(t, t.TempDir(), "", slices.Concat(args, []string{"--moment", archive})...)
			if diff := cmp.Diff(want.stdout, got.stdout); diff != "" || want.code != got.code {
				t.Errorf("%s: %v: exit codes %d and %d, %s-want +got:\n%s", name, args, want.code, got.code, got.stderr, diff)
			}
		}
	}
	if left, err := os.ReadDir(temp); len(left) > 0 || err != nil {
		t.Errorf("%v is left, %v", left, err)
	}
}

// What is saved of a captured moment shows what that shows.
func TestMomentSavedAgain(t *testing.T) {
	skipShort(t)
	t.Parallel()
	eachMoment(t, func(t *testing.T, m *moment) {
		saved := filepath.Join(t.TempDir(), "saved")
		if r := runIn(t, m.dir, "", "save", "--all", saved); r.code != fail.ExitOK || strings.Count(r.stderr, "\n") != 1 || r.stdout != "" {
			t.Fatalf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
		for _, name := range m.names {
			want, err1 := os.ReadFile(filepath.Join(m.dir, "shm", name))
			got, err2 := os.ReadFile(filepath.Join(saved, "shm", name))
			if string(want) != string(got) || err1 != nil || err2 != nil {
				t.Errorf("%s has other bytes; %v %v", name, err1, err2)
			}
		}
		for _, args := range [][]string{{"streams", "--all", "-j"}, {"ls", "--all", "--fields", "+mode", "--jq", ".rows[] | del(.age)"}} {
			want, got := runIn(t, m.dir, "", args...), runIn(t, "", "", slices.Concat(args, []string{"--moment", saved})...)
			if diff := cmp.Diff(want.stdout, got.stdout); diff != "" || got.code != want.code {
				t.Errorf("%v: -want +got:\n%s%s", args, diff, got.stderr)
			}
		}
	})
}

// rowsOf are the rows of a listing by name.
func rowsOf(t *testing.T, text, name string) map[string]map[string]any {
	t.Helper()
	var doc struct{ Rows []map[string]any }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	rows := map[string]map[string]any{}
	for _, row := range doc.Rows {
		rows[row[name].(string)] = row
	}
	return rows
}

// A simulation that stands still is saved: what the commands showed of it then,
// they show of the moment, when all of it has long gone.
func TestMomentOfSimulation(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir, saved := t.TempDir(), filepath.Join(t.TempDir(), "saved")
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "3s")
	p.says(`2 viewers read all 3 tracks`)
	parts := slices.Collect(maps.Values(simulationParts(t, dir)))
	parts = append(parts, p.cmd.Process.Pid)
	for _, pid := range parts {
		halt(t, pid)
	}
	streams := []string{"streams", "-j", "--proc-dir", "/proc"}
	objects := []string{"ls", "--all", "--fields", "+mode,pids,lock,deleted", "-j", "--proc-dir", "/proc"}
	wantStreams, wantObjects := shmtool(t, dir, streams...), shmtool(t, dir, objects...)
	stderr := launch(t, dir, "save", "--all", "--proc-dir", "/proc", saved)
	stderr.stdin.Close()
	if status := stderr.done(); status != 0 || !strings.Contains(stderr.err.String(), " objects, ") {
		t.Fatalf("status %v: %s", status, stderr.err.String())
	}
	packed := saved + ".tar.gz"
	again := launch(t, "", "save", "--all", "--moment", saved, packed)
	again.stdin.Close()
	if status := again.done(); status != 0 {
		t.Fatalf("status %v: %s", status, again.err.String())
	}
	for _, pid := range parts {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	p.signal(syscall.SIGTERM)
	p.done()
	nothingLeft(t, dir)

	for _, moment := range []string{saved, packed} {
		got := rowsOf(t, shmtool(t, "", "streams", "-j", "--moment", moment), "stream")
		want := rowsOf(t, wantStreams, "stream")
		sameButAges(t, want, got)
		objectsGot := rowsOf(t, shmtool(t, "", "ls", "--all", "--fields", "+mode,pids,lock,deleted", "-j", "--moment", moment), "name")
		objectsWant := rowsOf(t, wantObjects, "name")
		maps.DeleteFunc(objectsWant, func(name string, _ map[string]any) bool { return strings.HasPrefix(name, ".simulation-") })
		sameButAges(t, objectsWant, objectsGot)
		if readers, ok := objectsGot["MstMetalive"]["readers"].(float64); !ok || readers < 5 {
			t.Errorf("%v processes read MstMetalive, and not the source's three, the buffer and two viewers", readers)
		}
	}
}

// sameButAges compares rows. Ages are those of the moment: at most the time that
// the look at the living took before it was saved. A remedy says where to run it.
func sameButAges(t *testing.T, want, got map[string]map[string]any) {
	t.Helper()
	later := cmp.FilterPath(func(p cmp.Path) bool {
		key, is := p.Last().(cmp.MapIndex)
		return is && (key.Key().String() == "age_s" || key.Key().String() == "age")
	}, cmp.Comparer(func(a, b any) bool {
		was, ok1 := a.(float64)
		is, ok2 := b.(float64)
		return ok1 && ok2 && is-was >= -1 && is-was < patience.Seconds()
	}))
	remedies := cmp.FilterPath(func(p cmp.Path) bool {
		key, is := p.Last().(cmp.MapIndex)
		return is && key.Key().String() == "remedy"
	}, cmp.Comparer(func(a, b any) bool { return (a == nil) == (b == nil) }))
	if diff := cmp.Diff(want, got, later, remedies); diff != "" {
		t.Errorf("-then +moment:\n%s", diff)
	}
}

// What an archive was unpacked into goes with the command, however that ends.
func TestMomentLeavesNothing(t *testing.T) {
	skipShort(t)
	archives, err := filepath.Glob(realPages)
	if err != nil || len(archives) == 0 {
		t.Skip("no captured pages at " + realPages)
	}
	i := slices.IndexFunc(archives, func(a string) bool { return strings.Contains(a, "11-stuck") })
	if i < 0 {
		t.Skip("11-stuck-all-killed is not among the captured pages")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dump := []string{"dump", "MstTraklive@29061-2:parts", "-o", "ndjson", "--moment", archives[i]}
	tests := map[syscall.Signal]func() *process{
		syscall.SIGPIPE: func() *process {
			p := launchTo(t, "", write, dump...)
			_, err := read.Read(make([]byte, 1)) // it prints, and nobody goes on to read
			if err = errors.Join(err, write.Close(), read.Close()); err != nil {
				t.Fatal(err)
			}
			return p
		},
	}
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		tests[sig] = func() *process {
			p := launch(t, "", "dump", "-", "--moment", archives[i]) // waits for standard input
			p.until("an unpacked snapshot", func() bool {
				there, err := os.ReadDir(temp)
				return err == nil && len(there) > 0
			})
			p.signal(sig)
			return p
		}
	}
	for sig, begin := range tests {
		if signal.Ignored(sig) { // here, and in what we start
			continue
		}
		p := begin()
		if status := p.done(); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v: ended with status %#x: %s", sig, status, p.err.String())
		}
		if left, err := os.ReadDir(temp); len(left) > 0 || err != nil {
			t.Errorf("%v: %v is left, %v", sig, left, err)
		}
	}
}

// A simulation is saved while it runs: in each moment its pages are of one time,
// and at most one packet, which is on its way, lies behind those that they tell of.
func TestMomentOfRunning(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "2s", "--tracks", "6", "--fps", "100")
	p.says(`2 viewers read 3 to 4 tracks each`)
	for range 3 {
		saved := filepath.Join(t.TempDir(), "saved")
		if r := launch(t, dir, "save", "--all", "--proc-dir", "/proc", saved); r.done() != 0 {
			t.Fatal(r.err.String())
		}
		for _, row := range rowsOf(t, shmtool(t, "", "streams", "-j", "--moment", saved), "stream") {
			if row["verdict"] != "ok" || row["viewers"] != 2.0 {
				t.Errorf("%v", row)
			}
		}
		pages, err := filepath.Glob(filepath.Join(saved, "shm", "MstTrak*"))
		if err != nil || len(pages) != 6 {
			t.Fatalf("%d tracks, %v", len(pages), err)
		}
		for _, page := range pages {
			end := shmtool(t, "", "dump", page+":pages", "--last", "1", "--jq", `.records[] | "\(.firstkey) \(.avail)"`)
			var key, avail int64
			if _, err := fmt.Sscan(end, &key, &avail); err != nil || avail == 0 {
				t.Fatalf("%q: %v", end, err)
			}
			is, _ := mist.ParseName(filepath.Base(page))
			is = mist.Object{Kind: mist.KindData, Stream: is.Stream, Index: is.Index, Key: uint64(key)}
			packets, err := os.ReadFile(filepath.Join(saved, "shm", is.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if behind := dtsc.PacketsBehind(packets, uint64(avail), nil); behind.Stale() {
				t.Errorf("%s: behind the %d bytes that there are lies %+v", is.Name(), avail, behind)
			}
			if len(bytes.TrimRight(packets[:avail], "\x00")) < int(avail)-64 {
				t.Errorf("%s: not all of %d bytes are there", is.Name(), avail)
			}
		}
	}
	p.signal(syscall.SIGTERM)
	p.done()
}
