package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// memoryDir is a directory for shared memory that really is in memory, where
// there is one.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(relaccx.ShmDir, "shmtool-test-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// liveObjects are the objects of a simulation that stay as long as it does.
func liveObjects(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if o, ok := mist.ParseName(entry.Name()); ok && o.Kind != mist.KindData && o.Kind != mist.KindTemporary {
			names = append(names, entry.Name())
		}
	}
	return names
}

// A stream that lives shows nothing, however often it is looked at while keys
// come, pages turn and the window moves; then one value is wrong, and is found.
func TestCheckLive(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := memoryDir(t)
	p := launch(t, dir, "simulate", "--for", "0", "--tracks", "3", "--fps", "50", "--gop", "10", "--dvr", "3s", "--backlog", "10s")
	p.says(`2 viewers read all 3 tracks`)
	names := liveObjects(t, dir)
	if len(names) < 10 {
		t.Fatalf("only %v", names)
	}
	const looks = 100
	for range 10 {
		out := shmtool(t, dir, append([]string{"check", "--proc-dir", "/proc"}, slices.Repeat(names, looks)...)...)
		for line := range strings.Lines(out) {
			if !strings.Contains(line, "  ok") {
				t.Errorf("%s", line)
			}
		}
		if n := strings.Count(out, "\n"); n != looks*len(names) {
			t.Errorf("%d lines, want %d", n, looks*len(names))
		}
	}
	checkWrongAvail(t, dir)
	p.signal(syscall.SIGTERM)
	p.done()
}

// halt stops a process, and waits until it stands still.
func halt(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	table := procs.Open("/proc", "")
	eventually(t, func() bool { return table.Stopped(pid) }, func() string { return fmt.Sprintf("process %d does not stop", pid) })
}

// checkWrongAvail: where more is published than there is, it is found in the
// memory of a machine; a copy may have been taken while the page grew.
func checkWrongAvail(t *testing.T, dir string) {
	t.Helper()
	for part, pid := range simulationParts(t, dir) {
		if strings.HasPrefix(part, "source") || strings.HasPrefix(part, "buffer") {
			halt(t, pid)
			defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
		}
	}
	name := trackPage(t, dir, 0)
	page, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	h, err := layout.DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	records := mist.DataRecords(page, h)
	newest := records[len(records)-1]
	binary.LittleEndian.PutUint32(page[newest.Offset:], uint32(newest.Avail+1000))
	write := func(at string) {
		f, err := os.OpenFile(filepath.Join(at, name), os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(page, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(dir)
	var doc struct {
		Findings []struct {
			Code, Object, Stream string
			Byte                 uint64
		}
	}
	status, out := checkJSON(t, dir, name)
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != fail.ExitFindings {
		t.Fatalf("exit code %d, %v\n%s", status, err, out)
	}
	data := mist.Object{Kind: mist.KindData, Stream: "live", Index: 0, Key: newest.FirstKey}.Name()
	if len(doc.Findings) != 1 || doc.Findings[0].Code != mist.CodeDataEnd || doc.Findings[0].Object != data ||
		doc.Findings[0].Stream != "live" || doc.Findings[0].Byte != newest.Avail {
		t.Errorf("%s", out)
	}
	copied := t.TempDir()
	write(copied)
	for _, r := range records {
		of := mist.Object{Kind: mist.KindData, Stream: "live", Index: 0, Key: r.FirstKey}.Name()
		b, err := os.ReadFile(filepath.Join(dir, of))
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, of), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if status, out := checkJSON(t, copied, name); status != fail.ExitOK {
		t.Errorf("of a copy: exit code %d\n%s", status, out)
	}
	for _, at := range []string{dir, copied} {
		if err := os.Remove(filepath.Join(at, data)); err != nil {
			t.Fatal(err)
		}
	}
	if status, out := checkJSON(t, dir, name); status != fail.ExitFindings || !strings.Contains(out, mist.CodeDataMissing) {
		t.Errorf("without its newest page: exit code %d\n%s", status, out)
	}
	if status, out := checkJSON(t, copied, name); status != fail.ExitOK {
		t.Errorf("of a copy without the newest page: exit code %d\n%s", status, out)
	}
}

func checkJSON(t *testing.T, dir string, names ...string) (status int, out string) {
	t.Helper()
	p := launch(t, dir, append([]string{"check", "-j", "--proc-dir", "/proc"}, names...)...)
	ended := p.done()
	return ended.ExitStatus(), p.stdout.String()
}

// Snapshots of real MistServers show what was wrong with them. Notes are what a healthy
// server has: sessions that have ended, cameras that were never found.
func TestCheckReal(t *testing.T) {
	skipShort(t)
	t.Parallel()
	found := map[string]struct {
		code  int
		codes []string
	}{
		"live-buffer-killed-then-refed": {fail.ExitFindings, []string{"data_packet_broken", "data_stale_bytes", "track_name_odd", "track_page_shared"}},
	}
	eachMoment(t, func(t *testing.T, m *moment) {
		if len(m.names) == 0 || strings.HasPrefix(filepath.Base(t.Name()), "probe") {
			return
		}
		r := runIn(t, m.dir, "", append([]string{"check", "-j"}, m.names...)...)
		var doc struct {
			Findings []struct{ Severity, Code string }
		}
		if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || r.stderr != "" {
			t.Fatalf("%v, exit code %d\n%s%s", err, r.code, r.stdout, r.stderr)
		}
		var codes []string
		for _, row := range doc.Findings {
			if row.Severity != "note" {
				codes = append(codes, row.Code)
			}
		}
		slices.Sort(codes)
		codes = slices.Compact(codes)
		want := found[filepath.Base(t.Name())]
		if r.code != want.code || !slices.Equal(codes, want.codes) {
			t.Errorf("exit code %d, not %d: %v, not %v\n%s", r.code, want.code, codes, want.codes, r.stdout)
		}
	})
}

// What is no regular file under the name of a data page is told, and hangs nobody.
func TestCheckOpensRegularFilesOnly(t *testing.T) {
	w, dir := sampleWorld(t)
	names, err := filepath.Glob(filepath.Join(w.Shm, "MstDatalive@0_*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	for what, put := range map[string]func(path string) error{
		"FIFO": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link": func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		for _, name := range names {
			if err := errors.Join(os.Remove(name), put(name)); err != nil {
				t.Fatal(err)
			}
		}
		r := runIn(t, dir, "", "check", streamstest.TrackName("live", streamstest.SourcePID, 0))
		if r.code != fail.ExitInvalid || !strings.Contains(r.stderr, filepath.Base(names[0])) {
			t.Errorf("%s: exit code %d, %s", what, r.code, r.stderr)
		}
	}
}
