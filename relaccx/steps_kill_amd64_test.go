//go:build steps

package relaccx

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// A process is killed with SIGKILL right behind each of its stores, for each operation of
// the library. What it leaves is a whole page, or none, and the next writer goes on with it.

const (
	killPath  = "RELACCX_TEST_KILL_PATH"
	killAt    = "RELACCX_TEST_KILL_AT"
	killDoing = "RELACCX_TEST_KILL_DOING"
)

// killed is an operation, on a ring of two slots that has had four records.
type killed struct {
	name string
	do   func(w *Writer) error
}

var killedOperations = []killed{
	{"append", func(w *Writer) error { return w.AppendOverwrite(value(4)) }},
	{"append two", func(w *Writer) error {
		if err := w.AppendOverwrite(value(4)); err != nil {
			return err
		}
		return w.AppendOverwrite(value(5))
	}},
	{"set", func(w *Writer) error {
		return w.Update(3, func(rec *Record) error {
			copy(rec.Bytes(), value(9))
			return nil
		})
	}},
	{"delete", func(w *Writer) error { return w.Withdraw(2) }},
	{"resize", func(w *Writer) error { return w.Reload(stepsShape(5), ReloadOptions{}) }},
	{"shrink", func(w *Writer) error { return w.Reload(stepsShape(1), ReloadOptions{}) }},
	{"mark exit", func(w *Writer) error { return w.SetExit() }},
	{"mark reload", func(w *Writer) error { return w.SetReload() }},
	{"create", func(w *Writer) error {
		path := w.Page().Path()
		if err := w.Close(); err != nil {
			return err
		}
		_, err := Create(path, stepsShape(2), CreateOptions{Replace: true})
		return err
	}},
}

func stepsShape(slots uint32) layout.Shape {
	s, err := layout.ParseSchema(stepsSchema)
	if err != nil {
		panic(err)
	}
	return layout.Shape{Schema: s, RecordCount: slots}
}

// TestStepsChild is the process that is killed: it does nothing unless it is told to.
func TestStepsChild(t *testing.T) {
	path := os.Getenv(killPath)
	if path == "" {
		return
	}
	at, err := strconv.Atoi(os.Getenv(killAt))
	check(t, err)
	w, err := OpenWriter(path, WriterOptions{})
	check(t, err)
	shm.OnStore = func(unsafe.Pointer, uintptr) {
		if at--; at == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	for _, op := range killedOperations {
		if op.name == os.Getenv(killDoing) {
			check(t, op.do(w))
		}
	}
}

func TestStepsKilled(t *testing.T) {
	for _, op := range killedOperations {
		stores := 0
		for at := 1; killedAt(t, op, at); at++ {
			stores = at
		}
		if stores == 0 {
			t.Errorf("%s: no store was seen", op.name)
		}
		t.Logf("%s: killed at each of %d stores", op.name, stores)
	}
}

// killedAt kills an operation at a store, and looks at what is left. It reports false when
// the operation has fewer stores.
func killedAt(t *testing.T, op killed, at int) bool {
	t.Helper()
	path := filepath.Join(shmDir(t), "page")
	w, err := Create(path, stepsShape(2), CreateOptions{})
	check(t, err)
	for n := range uint64(4) {
		check(t, w.AppendOverwrite(value(n)))
	}
	check(t, w.Close())
	f := follow(t, path, FollowOptions{Start: FromOldest()})
	f.checkEvery = 0
	got := map[uint64][]byte{}
	drain(t, f, got)

	child := exec.Command(os.Args[0], "-test.run=^TestStepsChild$")
	child.Env = append(os.Environ(), killPath+"="+path, fmt.Sprintf("%s=%d", killAt, at), killDoing+"="+op.name)
	out, err := child.CombinedOutput()
	if status := child.ProcessState.Sys().(syscall.WaitStatus); err != nil && (!status.Signaled() || status.Signal() != syscall.SIGKILL) {
		t.Fatalf("%s, store %d: %v: %s", op.name, at, err, out)
	}
	if err := leftWhole(path, op.name); err != nil {
		t.Errorf("%s, killed at store %d: %v", op.name, at, err)
	}
	drain(t, f, got)
	if err := takenOver(path); err != nil {
		t.Errorf("%s, killed at store %d: the next writer: %v", op.name, at, err)
	}
	drain(t, f, got)
	for n, b := range got {
		if !bytes.Equal(b, value(n)) && b[0] != 77 {
			t.Errorf("%s, killed at store %d: record %d was followed as %v", op.name, at, n, b)
		}
	}
	if !bytes.Equal(newest(got), []byte{77, 2}) && op.name != "mark exit" {
		t.Errorf("%s, killed at store %d: a follower got %v", op.name, at, got)
	}
	return err != nil
}

// newest returns the record with the highest number.
func newest(got map[uint64][]byte) []byte {
	return got[slices.Max(slices.Collect(maps.Keys(got)))]
}

// drain takes the events that there are now.
func drain(t *testing.T, f *Follower, got map[uint64][]byte) {
	t.Helper()
	for {
		e, ok, err := f.step()
		if err != nil {
			return // its writer is done: io.EOF
		}
		if !ok {
			return
		}
		if e.Kind == EventRestart {
			clear(got)
		}
		if e.Kind == EventRecord {
			got[e.Record.Number] = bytes.Clone(e.Record.Bytes())
		}
	}
}

// leftWhole reads all that a killed writer left. Only set changes bytes in place: each of
// its integers is the old one or the new one.
func leftWhole(path, doing string) error {
	p, err := Open(path)
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		return err
	}
	w, err := r.Window()
	if err != nil {
		return err
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			return err
		}
		b, want := rec.Bytes(), value(rec.Number)
		for i := range b {
			if b[i] != want[i] && (doing != "set" || rec.Number != 3 || b[i] != value(9)[i]) {
				return fmt.Errorf("record %d is %v", rec.Number, b)
			}
		}
	}
	return nil
}

// takenOver appends three records, which come into order whatever was left.
func takenOver(path string) error {
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		return err
	}
	defer w.Close()
	for i := range byte(3) {
		if err := w.AppendOverwrite([]byte{77, i}); err != nil {
			return err
		}
	}
	h, err := w.Header()
	if err != nil {
		return err
	}
	if uint64(h.Present) != h.EndPos-h.Deleted || h.StartPos != uint32(h.Deleted) {
		return fmt.Errorf("counters are left as %+v", h)
	}
	r, err := w.Reader()
	if err != nil {
		return err
	}
	var rec Record
	if err := r.Read(h.EndPos-1, &rec); err != nil {
		return err
	}
	if !bytes.Equal(rec.Bytes(), []byte{77, 2}) {
		return fmt.Errorf("the newest record is %v", rec.Bytes())
	}
	findings, err := w.Page().Check()
	for _, f := range findings {
		if f.Code != layout.CodeExitSet && f.Code != layout.CodeReloadSet { // as the killed writer was told to mark it
			return fmt.Errorf("finding %v", f)
		}
	}
	return err
}
