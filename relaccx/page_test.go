package relaccx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/layouttest"
)

func TestOpenWhatIsNoPage(t *testing.T) {
	dir := shmDir(t)
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, err := Open(filepath.Join(dir, "none"))
	wantErr(t, err, fs.ErrNotExist)
	if want := `relaccx: open "none": no such file or directory`; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
	var format *layout.FormatError
	if _, err = Open(put("short", "x")); !errors.As(err, &format) {
		t.Errorf("one byte: %v", err)
	}
	if _, err = FromBytes("short", make([]byte, 35)); !errors.As(err, &format) {
		t.Errorf("35 bytes: %v", err)
	}
	if _, err = Open(dir); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(fifo); err == nil || !strings.Contains(err.Error(), "special file") {
		t.Errorf("a FIFO: %v", err)
	}
	if _, err := OpenWriter(put("empty", ""), WriterOptions{}); !errors.Is(err, ErrNotReady) {
		t.Errorf("write a page of no bytes: %v", err)
	}
}

func TestPageOfNoBytes(t *testing.T) {
	path := filepath.Join(shmDir(t), "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	heap, err := FromBytes("empty", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Page{mustOpen(t, path), heap} {
		if h, err := p.Header(); err != nil || h != (layout.Header{}) {
			t.Errorf("header %+v, %v", h, err)
		}
		_, err := p.Reader()
		wantErr(t, err, ErrNotReady)
		r, err := p.Peek()
		if err != nil {
			t.Fatal(err)
		}
		var rec Record
		wantErr(t, r.Read(0, &rec), ErrNoRecord)
		if w, err := r.Window(); err != nil || w.Count() != 0 {
			t.Errorf("window %v, %v", w, err)
		}
	}
}

func TestPageNames(t *testing.T) {
	if got := ShmPath("/MstX"); got != "/dev/shm/MstX" {
		t.Error(got)
	}
	w := newPage(t, "v:uint32", 2)
	path := w.Page().Path()
	p := mustOpen(t, path)
	if p.Name() != "page" || p.Path() != path || p.Size() != 39+8 {
		t.Errorf("%s at %s of %d bytes", p.Name(), p.Path(), p.Size())
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if is := p.Identity(); is.Device != uint64(st.Dev) || is.Inode != st.Ino {
		t.Errorf("identity %d, %d", is.Device, is.Inode)
	}
	heap, err := FromBytes("heap", make([]byte, 36))
	if err != nil {
		t.Fatal(err)
	}
	if heap.Identity() != (Identity{}) || heap.Replaced() || heap.LockHolder() != 0 {
		t.Error("bytes have an identity, or a place to be replaced at, or a writer")
	}
}

func TestReplaced(t *testing.T) {
	w := newPage(t, "v:uint32", 2)
	path := w.Page().Path()
	p := mustOpen(t, path)
	if p.Replaced() || p.LockHolder() != os.Getpid() {
		t.Errorf("replaced: %v, holder %d", p.Replaced(), p.LockHolder())
	}
	aside := path + ".aside"
	for _, step := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"moved away", func() error { return os.Rename(path, aside) }, true},
		{"another there", func() error { return os.WriteFile(path, nil, 0o600) }, true},
		{"moved back", func() error { return os.Rename(aside, path) }, false},
		{"linked", func() error { return os.Link(path, aside) }, false},
		{"unlinked", func() error { return os.Remove(path) }, true},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := p.Replaced(); got != step.want {
			t.Errorf("%s: replaced is %v", step.name, got)
		}
	}
}

// Check gives what layout.CheckPage gives; on a page that changes, only what two
// looks agree on.
func TestCheck(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		b := layouttest.Load(t, name)
		p, err := FromBytes(name, b)
		if err != nil {
			continue
		}
		got, err := p.Check()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		h, _ := p.Header()
		if diff := cmp.Diff(layout.CheckPage(b, h), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Of a nested page it says where in the whole one something is.
func TestCheckNested(t *testing.T) {
	w := newTwoDeep(t)
	inner := nestedReader(t, mustReader(t, w.Page().Path()), 1, "inner")
	if findings, err := inner.Check(); len(findings) > 0 || err != nil {
		t.Errorf("%v, %v", findings, err)
	}
	f, err := os.OpenFile(w.Page().Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{9}, int64(inner.Base())); err != nil {
		t.Fatal(err)
	}
	findings, err := inner.Check()
	if err != nil || len(findings) != 1 || findings[0].Code != layout.CodeUnknownStatus || findings[0].Offset != int64(inner.Base()) || findings[0].Path != "" {
		t.Errorf("%+v, %v", findings, err)
	}
}

// Inspect passes the callback's error on, under the page's name.
func TestInspect(t *testing.T) {
	p, w := heapPage(t, "v:uint32", 2, 0)
	pushValues(t, w, 7)
	stop := errors.New("stop")
	err := p.Inspect(func(page []byte, h layout.Header) error {
		if len(page) != p.Size() || h.EndPos != 1 || page[h.Offset] != 7 {
			t.Errorf("%d bytes, %+v", len(page), h)
		}
		return stop
	})
	wantErr(t, err, stop)
	if want := `relaccx: read "heap": stop`; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
}

func TestRecordByName(t *testing.T) {
	w := newPage(t, "u:uint8\ni:int16\ns:string:4\nr:raw:3", 2)
	rec, err := w.NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(rec.SetUint("u", 200), rec.SetInt("i", -2), rec.SetText("s", "abc"), rec.SetBytes("r", []byte{1, 2})); err != nil {
		t.Fatal(err)
	}
	before := append([]byte(nil), rec.Bytes()...)
	var value *layout.ValueError
	for _, err := range []error{
		rec.SetUint("u", 256), rec.SetInt("u", -1), rec.SetInt("i", 1<<15), rec.SetText("s", "abcd"),
		rec.SetText("u", "1"), rec.SetBytes("r", make([]byte, 4)), rec.SetUint("s", 1),
	} {
		if !errors.As(err, &value) {
			t.Errorf("error %v, want a value error", err)
		}
	}
	for _, err := range []error{rec.SetUint("x", 1), rec.SetInt("x", 1), rec.SetText("x", ""), rec.SetBytes("x", nil)} {
		wantErr(t, err, ErrNoField)
	}
	if diff := cmp.Diff(before, rec.Bytes()); diff != "" {
		t.Errorf("refused, and changed: %s", diff)
	}
	clone := rec.Clone()
	if err := w.Append(rec.Bytes()); err != nil {
		t.Fatal(err)
	}
	if rec, err = w.NewRecord(); err != nil {
		t.Fatal(err)
	}
	if string(rec.Bytes()) != string(make([]byte, 10)) {
		t.Errorf("a new record is % x", rec.Bytes())
	}
	u, errU := clone.Uint("u")
	i, errI := clone.Int("i")
	s, errS := clone.Text("s")
	r, errR := clone.Field("r")
	if err := errors.Join(errU, errI, errS, errR); err != nil || u != 200 || i != -2 || s != "abc" || string(r) != "\x01\x02\x00" {
		t.Errorf("%d %d %q % x, %v", u, i, s, r, err)
	}
	_, errU = clone.Uint("x")
	_, errS = clone.Text("x")
	_, errR = clone.Field("x")
	for _, err := range []error{errU, errS, errR} {
		wantErr(t, err, ErrNoField)
	}
}
