package procs

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func TestClockOfALiveTable(t *testing.T) {
	c := Open("/proc", t.TempDir()).Clock()
	if d := time.Since(time.Unix(0, c.Now)); d < 0 || d > time.Minute || c.Uptime <= 0 {
		t.Errorf("%+v", c)
	}
}

func TestClockOfASavedMoment(t *testing.T) {
	proc, shm := t.TempDir(), t.TempDir()
	if c := Open(proc, shm).Clock(); c != (mist.Clock{}) {
		t.Errorf("without a file uptime: %+v", c)
	}
	if err := os.WriteFile(filepath.Join(proc, "uptime"), []byte("1384.24 1723.12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := mist.Clock{Uptime: 1384240 * time.Millisecond}
	if c := Open(proc, shm).Clock(); c != want {
		t.Errorf("without MstGlobalConfig: %+v, want %+v", c, want)
	}

	template, _ := mist.KindGlobal.Template()
	page := make([]byte, template.Size)
	if err := template.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(shm, "MstGlobalConfig")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.OpenWriter(path, relaccx.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Update(0, func(rec *relaccx.Record) error { return rec.SetUint("systemBoot", 1_700_000_000_000) }); err != nil {
		t.Fatal(err)
	}
	want.Now = 1_700_000_000_000_000_000 + int64(want.Uptime)
	if c := Open(proc, shm).Clock(); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
}

// The times of a copied page are told by the boot that a MstGlobalConfig beside it
// names, and else not at all: never by the clock of this machine.
func TestPageClockOfCopies(t *testing.T) {
	live := Open("/proc", "/dev/shm")
	if c := live.PageClock(""); c.Now != 0 || c.Uptime != 0 {
		t.Errorf("of a page that lies nowhere: %+v", c)
	}
	if c := live.PageClock(t.TempDir()); c.Now != 0 || c.Uptime != 0 {
		t.Errorf("of a copy alone: %+v", c)
	}
	w := newWorld(t)
	if c := w.table().PageClock(w.shm); c.Now != 0 {
		t.Errorf("of a snapshot without times: %+v", c)
	}
	if c := Open("/proc", w.shm).PageClock(w.shm); c.Now == 0 || c.Uptime == 0 {
		t.Errorf("of this machine's own: %+v", c)
	}
}
