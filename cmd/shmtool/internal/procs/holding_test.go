package procs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func isMst(name string) bool { return strings.HasPrefix(name, "Mst") }

// Of a saved table: what is mapped, by identity and by name, and the PIDs inside.
func TestHoldings(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistInBuffer", "S", "MistInBuffer")
	w.write(filepath.Join(w.proc, "10", "maps"), "7f00-7f01 rw-s 00000000 00:19 42 /dev/shm/MstMetalive (deleted)\n"+
		"7f02-7f03 rw-s 00000000 00:19 43 /dev/shm/MstUserlive+a b\nbroken /MstX\n7f04-7f05 r-xp 00000000 08:01 5 /usr/bin/MistInBuffer\n7f06-7f07 rw-p 00000000 00:00 0\n")
	w.write(filepath.Join(w.proc, "10", "status"), "Name:\tMistInBuffer\nNSpid:\t10\t7\t3\n")
	w.process(11, "zombie", "Z")
	w.write(filepath.Join(w.proc, "11", "maps"), "7f00-7f01 rw-s 00000000 00:19 44 /dev/shm/MstMetadead\n")
	h := w.table().Holdings(isMst)
	on := unix.Mkdev(0, 0x19)
	for name, tt := range map[string]struct {
		o    Object
		held bool
	}{
		"MstMetalive":     {Object{Device: on, Inode: 42}, true},
		"MstUserlive+a b": {Object{Device: 99, Inode: 43}, true}, // maps and stat may differ in the device
		"MstUserlive":     {Object{Device: 99, Inode: 43}, false},
		"MstMetadead":     {Object{Device: on, Inode: 44}, false}, // a zombie's
		"MistInBuffer":    {Object{Device: unix.Mkdev(8, 1), Inode: 5}, false},
	} {
		if held := h.Of(tt.o, name); (len(held) == 1 && held[0].PID == 10) != tt.held {
			t.Errorf("%s: %+v", name, held)
		}
	}
	if in := h.Inside(7); len(in) != 1 || in[0] != 10 || len(h.Inside(10)) != 0 || len(h.Inside(3)) != 1 {
		t.Errorf("inside: %v", in)
	}
	if h.Partial() || !h.Any(10) || h.Any(11) || h.Elsewhere(10, on) || !h.Elsewhere(10, 1) || h.Elsewhere(11, 1) {
		t.Errorf("%+v", h)
	}
	if !Open(filepath.Join(w.proc, "missing"), w.shm).Holdings(isMst).Partial() {
		t.Error("without a /proc all is seen")
	}
}

// Of the machine: our own mappings and open files, and nobody unseen is a thread
// of the kernel.
func TestHoldingsOfOurselves(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "MstSTATElive"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	o := Object{Device: uint64(st.Dev), Inode: st.Ino}
	held := func() bool {
		h := Open("/proc", dir).Holdings(isMst)
		for _, p := range h.Unseen {
			if p.Parent == 2 {
				t.Errorf("unseen: %+v", p)
			}
		}
		of := h.Of(o, "MstSTATElive")
		return len(of) == 1 && of[0].PID == os.Getpid()
	}
	if !held() {
		t.Error("an open file is not seen")
	}
	if err := f.Close(); err != nil || held() {
		t.Error("a closed file is seen", err)
	}
}
