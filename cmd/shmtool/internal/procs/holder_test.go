package procs

import (
	"path/filepath"
	"testing"

	"shmtool/layout/mist"
)

// The holder of a lock for life is the process whose PID lies beside it. Nothing
// names the holder of any other lock.
func TestHolder(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	w.process(11, "bash", "S", "bash")
	w.process(12, "MistOutHTTP", "S", "MistOutHTTP")
	for name, pid := range map[string]uint64{"MstIPIDlive": 10, "MstPPIDlive": 13, "MstIPIDtaken": 11, "MstIPIDother": 12, "MstIPIDodd": 1 << 40} {
		w.write(filepath.Join(w.shm, name), string(mist.EncodePID(pid)))
	}
	w.write(filepath.Join(w.shm, "MstIPIDshort"), "12")
	for name, want := range map[string]string{
		"sem.MstSemInptlive":  "10 MistInBuffer",
		"sem.MstInptlive":     "10 MistInBuffer",
		"sem.MstSemPull_live": "13 dead",
		"sem.MstSemInpttaken": "11 dead (bash has the PID now)",
		"sem.MstSemInptother": "12 dead (MistOutHTTP has the PID now)",
		"sem.MstSemTRKSlive":  "",
		"sem.MstSemInptvod":   "",
		"sem.MstSemInptodd":   "",
		"sem.MstSemInptshort": "",
	} {
		lock, _ := mist.ParseName(name)
		got := ""
		if v, ok := w.table().Holder(lock); ok {
			got = v.Text()
		}
		if got != want {
			t.Errorf("%s is held by %q, want %q", name, got, want)
		}
	}
	if Open(filepath.Join(w.shm, "1"), w.shm).Readable() || !w.table().Readable() {
		t.Error("a folder that is not there was readable, or one that is there was not")
	}
}
