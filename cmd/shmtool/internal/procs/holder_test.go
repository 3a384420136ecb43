package procs

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"shmtool/layout/mist"
)

// A lock for life is its holder's, whose PID lies beside it; of all others, and
// of one whose holder is dead or has left no PID, nobody is named.
func TestHolder(t *testing.T) {
	shm := t.TempDir()
	self := uint64(os.Getpid())
	for name, b := range map[string][]byte{
		"MstIPIDlive": mist.EncodePID(self), "MstPPIDlive": mist.EncodePID(1 << 22),
		"MstIPIDodd": mist.EncodePID(1 << 40), "MstIPIDshort": {1, 2},
	} {
		if err := os.WriteFile(filepath.Join(shm, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]struct{ left, holder int }{
		"sem.MstSemInptlive":  {int(self), int(self)},
		"sem.MstInptlive":     {int(self), int(self)},
		"sem.MstSemPull_live": {1 << 22, 0},
		"sem.MstSemTRKSlive":  {},
		"sem.MstSemInptvod":   {},
		"sem.MstSemInptodd":   {},
		"sem.MstSemInptshort": {},
	} {
		lock, _ := mist.ParseName(name)
		table := Open("/proc", shm)
		left, _ := table.LeftPID(lock)
		holder, alive := table.Holder(lock)
		if left != want.left && want.left != 0 || holder.PID != want.holder || alive != (want.holder != 0) {
			t.Errorf("%s: %d left, held by %d; want %+v", name, left, holder.PID, want)
		}
	}
	if Open(filepath.Join(shm, strconv.Itoa(1)), shm).Readable() || !Open("/proc", shm).Readable() {
		t.Error("a folder that is not there was readable, or /proc was not")
	}
}
