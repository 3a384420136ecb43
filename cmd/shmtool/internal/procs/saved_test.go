package procs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// savedWorld is a world that was saved with a moment.json.
func savedWorld(t *testing.T, s *Saved) world {
	t.Helper()
	w := newWorld(t)
	dir := t.TempDir()
	for from, to := range map[*string]string{&w.shm: "shm", &w.proc: "proc"} {
		if err := os.Rename(*from, filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
		*from = filepath.Join(dir, to)
	}
	s.Schema = SavedSchema
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	return w
}

// In a saved moment, objects are who they were and not who their copies are.
func TestSavedObjects(t *testing.T) {
	made := time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC)
	was := SavedObject{
		Name: "MstSTATE\xffx", Device: 0x19, Inode: 1<<64 - 1, Size: 2, Allocated: 4096,
		Mode: 0o640, UID: 7, GID: 8, Modified: made.Add(time.Hour), Born: made,
	}
	w := savedWorld(t, &Saved{Objects: []SavedObject{{Name: "log", Inode: 3}, was, {Name: "MstMetalive", Inode: 1}}})
	w.write(filepath.Join(w.shm, string(was.Name)), "\x04\xff")
	w.write(filepath.Join(w.shm, "new"), "")
	w.process(10, "MistInBuffer", "S")
	w.write(filepath.Join(w.proc, "10", "maps"), "7f0000000000-7f0000001000 rw-s 00000000 00:19 18446744073709551615 /dev/shm/x\n")
	table := w.table()
	info, err := os.Lstat(filepath.Join(w.shm, string(was.Name)))
	if err != nil {
		t.Fatal(err)
	}
	f := table.File(info)
	want := File{Identity: Object{Device: 0x19, Inode: 1<<64 - 1}, Allocated: 4096, Mode: 0o640, UID: 7, GID: 8, Modified: made.Add(time.Hour)}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if born := table.Born(info); !born.Equal(made) {
		t.Errorf("born %v", born)
	}
	mappers, partial := table.Mappers()
	if diff := cmp.Diff([]int{10}, mappers[f.Identity]); diff != "" || partial {
		t.Errorf("partial %v, -want +got:\n%s", partial, diff)
	}
	fresh, err := os.Lstat(filepath.Join(w.shm, "new"))
	if err != nil {
		t.Fatal(err)
	}
	own := Open("/proc", w.shm).File(fresh).Identity
	if got := table.File(fresh).Identity; got != own || table.Identity("new", own) != own {
		t.Errorf("an object that was not saved is %v, and not %v", got, own)
	}
	// Only where both folders are the moment's.
	if got := Open(w.proc, "/dev/shm").Identity("log", own); got != own {
		t.Errorf("another folder's log is %v", got)
	}
}

func TestSavedTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC)
	w := savedWorld(t, &Saved{Time: at, Uptime: 1000500 * time.Millisecond, Space: &Space{Size: 100, Free: 40, Files: 9, FreeFiles: 3}})
	w.write(filepath.Join(w.proc, "uptime"), "77.00 5.00\n")
	c := w.table().Clock()
	if c.Now != at.UnixNano() || c.Uptime != 1000500*time.Millisecond {
		t.Errorf("%+v", c)
	}
	if s, known := w.table().Space(); !known || s != (Space{100, 40, 9, 3}) {
		t.Errorf("%+v %v", s, known)
	}
	// An old moment, and one of this machine.
	if s, known := newWorld(t).table().Space(); known {
		t.Errorf("%+v is known of a folder", s)
	}
	if s, known := Open("/proc", t.TempDir()).Space(); !known || s.Size == 0 || s.Free > s.Size {
		t.Errorf("%+v %v", s, known)
	}
}

// What could not be seen when the moment was saved is not said to be dead.
func TestSavedUnseen(t *testing.T) {
	w := savedWorld(t, &Saved{Processes: SavedProcesses{Hiding: true, Unreadable: []int{11}, Alive: []int{12}, Unknown: []int{13}}})
	w.process(11, "MistOutHTTP", "S")
	if err := os.Remove(filepath.Join(w.proc, "11", "maps")); err != nil {
		t.Fatal(err)
	}
	table := w.table()
	for pid, want := range map[int]Life{11: Alive, 12: Alive, 13: Unknown, 14: Dead} {
		if _, life := table.Look(pid); life != want {
			t.Errorf("process %d is %v, not %v", pid, life, want)
		}
	}
	_, partial := table.Mappers()
	if !table.Hides() || !partial || !table.MapsKnown() {
		t.Errorf("hides %v, partial %v, maps known %v", table.Hides(), partial, table.MapsKnown())
	}
	global := filepath.Join(w.shm, "MstGlobalConfig")
	if v, ok := table.Keeper(global); !ok || v.Life != Unknown {
		t.Errorf("the controller may have been hidden, and is %+v", v)
	}
	w = savedWorld(t, &Saved{})
	if _, partial := w.table().Mappers(); w.table().Hides() || partial {
		t.Error("something is hidden, and nothing was")
	}
	if v, ok := w.table().Keeper(global); ok {
		t.Errorf("there was no controller, and it is %+v", v)
	}
	if newWorld(t).table().MapsKnown() || newWorld(t).table().Saved() != nil {
		t.Error("a folder without a moment.json has one")
	}
}

func TestReadSaved(t *testing.T) {
	dir := t.TempDir()
	if s, err := ReadSaved(dir); s != nil || err != nil {
		t.Errorf("%v %v", s, err)
	}
	for _, text := range []string{"", "{}", "[]", `{"schema":"shmtool.moment/2"}`, `{"schema":"shmtool.moment/1","objects":[{"name":{"hex":"zz"}}]}`} {
		if err := os.WriteFile(filepath.Join(dir, SavedFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := ReadSaved(dir); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, SavedFile)), os.Symlink("/etc/hostname", filepath.Join(dir, SavedFile))); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadSaved(dir); err == nil {
		t.Errorf("a link is followed: %+v", s)
	}
}

func TestSavedName(t *testing.T) {
	for name, want := range map[SavedName]string{"MstMetalive": `"MstMetalive"`, "ü": `"ü"`, "a\xffb": `{"hex":"61ff62"}`} {
		b, err := json.Marshal(name)
		var back SavedName
		if err := errors.Join(err, json.Unmarshal(b, &back)); err != nil || string(b) != want || back != name {
			t.Errorf("%q becomes %s, and that %q; %v", name, b, back, err)
		}
	}
}

// Copies without a table of processes have no owner that is hidden: they can be written.
func TestKeeperWithoutTable(t *testing.T) {
	w := newWorld(t)
	table := Open(filepath.Join(w.proc, "missing"), w.shm)
	if v, ok := table.Keeper(filepath.Join(w.shm, "MstGlobalConfig")); ok {
		t.Errorf("%+v", v)
	}
}
