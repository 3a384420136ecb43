package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whatever lies where Linux writes the texts of a process, reading it neither panics
// nor hangs, and a process that cannot be read is none.
func TestMalformedTexts(t *testing.T) {
	texts := []string{
		"", "\n", "(", ")", ")(", "1", "1 (", "1 ()", "1 () ", "1 (x) S", "1 (x) S one", "1 (x) SS 1", "1 (x) S 1 " + strings.Repeat("x ", 40),
		"\x00\xff\xfe", strings.Repeat("(", 1<<16), strings.Repeat("\n", 1<<16), "7f-7g rw-s 0 0:0 1 /x", "- rw-s 00000000 : 1 /dev/shm/MstMetalive",
		"7f0000000000 rw-s 00000000 00:19 5 /dev/shm/MstMetalive", "7f0000000000-7f0000001000  00000000 00:19 5 /x", "NSpid:\t", "NSpid:\tx y\n", "NSpid:\t-1\t99999999999999999999\n",
		"1: FLOCK  ADVISORY  WRITE", "1: FLOCK ADVISORY WRITE x y:z:w 0 EOF",
	}
	for i, text := range texts {
		w := newWorld(t)
		w.write(filepath.Join(w.shm, "MstMetalive"), "x")
		for _, name := range []string{"10/stat", "10/cmdline", "10/maps", "10/status", "10/cgroup", "10/environ", "10/task/10/stat", "10/task/10/syscall", "locks", "uptime"} {
			w.write(filepath.Join(w.proc, name), text)
		}
		w.process(11, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
		for _, name := range []string{"maps", "status", "cgroup"} {
			w.write(filepath.Join(w.proc, "11", name), text)
		}
		table := w.table()
		table.Look(10)
		table.Stopped(10)
		table.Use()
		table.Mappers()
		table.LockHolders()
		table.Clock()
		table.Containers()
		table.Holdings(func(string) bool { return true })
		table.Waits(Mapping{PID: 10})
		if v := table.Judge(Named{PID: 11, Role: RoleInput, Stream: "live"}); v.Life != Alive {
			t.Errorf("text %d: %+v", i, v)
		}
		if p, ok := table.Buffer("live"); !ok || p.PID != 11 {
			t.Errorf("text %d: kept by %+v", i, p)
		}
	}
}

// A FIFO, a folder or a link that leads in a circle is no text.
func TestTextsThatAreNone(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(w.proc, "10")
	for _, name := range []string{"stat", "maps", "status", "cmdline"} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(w.proc, "11", "stat"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.proc, "12"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("stat", filepath.Join(w.proc, "12", "stat")); err != nil {
		t.Fatal(err)
	}
	for pid := 10; pid <= 12; pid++ {
		if _, life := w.table().Look(pid); life != Dead {
			t.Errorf("%d is %v", pid, life)
		}
	}
	if use := w.table().Use(); len(use.Mappings) > 0 {
		t.Errorf("%+v", use)
	}
}

func TestParseStat(t *testing.T) {
	for text, want := range map[string]string{
		"7 (a) b) (c) S 3 " + strings.Repeat("0 ", 17) + "250 0": "a) b) (c S 3 2.5s",
		"7 () R 0": " R 0 0s",
		"7 (x) S 3 " + strings.Repeat("0 ", 17) + "-1": "not what Linux writes there",
	} {
		p, err := parseStat(7, []byte(text))
		got := fmt.Sprint(p.Name, " ", p.State, " ", p.Parent, " ", p.Start)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
