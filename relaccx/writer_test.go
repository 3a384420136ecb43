package relaccx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

// handmade is a page on the heap whose counters are as they are given.
func handmade(tb testing.TB, records uint32, room int, h layout.Header) (*Page, *Writer) {
	tb.Helper()
	p, w := heapPage(tb, "v:uint32", records, 4*room)
	w.cells.SetStartPos(h.StartPos)
	w.cells.SetDeleted(h.Deleted)
	w.cells.SetPresent(h.Present)
	w.cells.SetEndPos(h.EndPos)
	return p, w
}

// What withdrew more than it published has no slot for another record: pushing
// must neither wrap around nor lower deleted.
func TestDeletedOverEndPos(t *testing.T) {
	for _, records := range []uint32{0, 3, 10} {
		p, w := handmade(t, records, 10, layout.Header{Deleted: 5, EndPos: 2, StartPos: 5})
		record := make([]byte, 4)
		unchanged(t, p, func() {
			wantErr(t, w.Append(record), ErrFull)
			wantErr(t, w.AppendOverwrite(record), ErrFull)
			wantErr(t, w.publishSlots(0), ErrFull)
			wantErr(t, w.Withdraw(0), ErrOverdraw)
		})
		if full, err := w.Full(); !full || err != nil {
			t.Errorf("%d records: full is %v, %v", records, full, err)
		}
		r := heapReader(t, p)
		if got := valuesOf(t, r); len(got) > 0 {
			t.Errorf("%d records: %v can be read", records, got)
		}
		var rec Record
		wantErr(t, r.Read(1, &rec), ErrWithdrawn)
		wantErr(t, r.Read(4, &rec), ErrNoRecord)
	}
}

// MistServer publishes past the end of its rings: the oldest records are
// overwritten, whatever deleted says, and the oldest that is left may be next.
func TestOverFullRing(t *testing.T) {
	p, w := handmade(t, 4, 0, layout.Header{Deleted: 3, EndPos: 10})
	for slot, v := range []byte{8, 9, 6, 7} {
		p.mem.Bytes[int(w.offset)+4*slot] = v
	}
	r := heapReader(t, p)
	if diff := cmp.Diff([]uint64{7, 8, 9}, valuesOf(t, r)); diff != "" {
		t.Error(diff)
	}
	var rec Record
	wantErr(t, r.Read(5, &rec), ErrWithdrawn)
	wantErr(t, r.Read(6, &rec), ErrWithdrawn)
	err := r.Lease(func(l *Lease) error { return l.View(5, func([]byte) { t.Error("an overwritten record was shown") }) })
	wantErr(t, err, ErrWithdrawn)
	for _, err := range r.Records(layout.Window{First: 0, End: 10}) {
		var lapped *LappedError
		if !errors.As(err, &lapped) || *lapped != (LappedError{First: 0, Lost: 7}) {
			t.Errorf("first of Records: %v, want 7 lost from 0", err)
		}
		break
	}
	unchanged(t, p, func() {
		wantErr(t, w.Append(make([]byte, 4)), ErrFull)
		wantErr(t, w.publishSlots(0), ErrFull)
	})
	pushValues(t, w, 10)
	if diff := cmp.Diff([]uint64{7, 8, 9, 10}, valuesOf(t, r)); diff != "" {
		t.Error(diff)
	}
	if got, want := counters(t, r), [4]uint64{7, 7, 4, 11}; got != want {
		t.Errorf("counters %v, want %v: a push heals them", got, want)
	}
}

func TestDirectIndexing(t *testing.T) {
	p, w := handmade(t, 0, 5, layout.Header{})
	pushValues(t, w, 0, 1, 2)
	if err := w.Withdraw(2); err != nil {
		t.Fatal(err)
	}
	unchanged(t, p, func() { wantErr(t, w.publishSlots(3), ErrFull) }) // two slots are left, whatever was withdrawn
	pushValues(t, w, 3, 4)
	r := heapReader(t, p)
	if diff := cmp.Diff([]uint64{2, 3, 4}, valuesOf(t, r)); diff != "" {
		t.Error(diff)
	}
	unchanged(t, p, func() {
		wantErr(t, w.Append(make([]byte, 4)), ErrFull)
		wantErr(t, w.AppendOverwrite(make([]byte, 4)), ErrFull)
		wantErr(t, w.publishSlots(1), ErrFull)
	})
	if full, err := w.Full(); !full || err != nil {
		t.Errorf("full is %v, %v", full, err)
	}
}

// A record that its counters announce and the mapping has no bytes for is never
// one that lies elsewhere.
func TestDirectIndexingPastTheEnd(t *testing.T) {
	p, _ := handmade(t, 0, 5, layout.Header{EndPos: 9, Present: 9})
	r := heapReader(t, p)
	var format *layout.FormatError
	var rec Record
	if err := r.Read(7, &rec); !errors.As(err, &format) {
		t.Errorf("read: %v", err)
	}
	err := r.Lease(func(l *Lease) error {
		if err := l.View(3, func([]byte) {}); err != nil {
			return err
		}
		return l.View(7, func([]byte) { t.Error("another record was shown") })
	})
	if !errors.As(err, &format) {
		t.Errorf("lease: %v", err)
	}
	if w, err := r.Window(); err != nil || w != (layout.Window{First: 0, End: 5}) {
		t.Errorf("window %v, %v", w, err)
	}
}

// The slot of the next record is remembered, but not over a new record count.
func TestRecordCountGrowsUnderWriter(t *testing.T) {
	p, w := handmade(t, 3, 7, layout.Header{})
	pushValues(t, w, 0, 1, 2, 3)
	h, err := w.Header()
	if err != nil {
		t.Fatal(err)
	}
	h.RecordCount, h.Deleted, h.Present = 10, 4, 0
	if err := w.SetCounters(h); err != nil {
		t.Fatal(err)
	}
	pushValues(t, w, 4)
	if diff := cmp.Diff([]uint64{4}, valuesOf(t, heapReader(t, p))); diff != "" {
		t.Error(diff)
	}
}

func TestSetCounts(t *testing.T) {
	p, w := heapPage(t, "v:uint32", 4, 8)
	want := layout.Header{RecordCount: 6, StartPos: 7, Deleted: 1 << 40, Present: 3, EndPos: 1<<40 + 2}
	if err := w.SetCounters(want); err != nil {
		t.Fatal(err)
	}
	got, err := w.Header()
	if err != nil {
		t.Fatal(err)
	}
	want.Status, want.FieldOffset, want.RecordSize, want.Offset = layout.StatusReady, got.FieldOffset, 4, got.Offset
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	unchanged(t, p, func() {
		wantErr(t, w.SetCounters(layout.Header{RecordCount: 7}), ErrFull)
		wantErr(t, w.SetCounters(layout.Header{RecordCount: 5}), ErrReady)
	})
}

func TestMakeFieldByField(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	made := mustCreate(t, path, "", 4, CreateOptions{Size: 100, NotReady: true})
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, path)
	if _, err := p.Reader(); !errors.Is(err, ErrNotReady) {
		t.Fatalf("reader of a page in the making: %v", err)
	}
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, text := range []string{"v:uint32", "s:string:6"} {
		f, err := layout.ParseField(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.addField(f); err != nil {
			t.Fatal(err)
		}
	}
	r, err := p.Peek()
	if err != nil || r.Schema().String() != parseShape(t, "v:uint32\ns:string:6", 1).Schema.String() {
		t.Fatalf("peek: %v, %v", r, err)
	}
	unchanged(t, w.page, func() {
		var spec *layout.SpecError
		if err := w.addField(layout.Field{Name: "v", Code: layout.CodeUint8}); !errors.As(err, &spec) {
			t.Errorf("a field twice: %v", err)
		}
		wantErr(t, w.addField(layout.Field{Name: "w", Code: layout.CodeRaw, Size: 4}), ErrFull)
	})
	if err := w.SetReady(); err != nil {
		t.Fatal(err)
	}
	unchanged(t, w.page, func() { wantErr(t, w.addField(layout.Field{Name: "x", Code: layout.CodeUint8}), ErrReady) })
	pushValues(t, w, 1, 2, 3, 4, 5)
	if diff := cmp.Diff([]uint64{2, 3, 4, 5}, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
	checkStatus(t, w)
}

// checkStatus raises the two other bits of a ready page.
func checkStatus(t *testing.T, w *Writer) {
	t.Helper()
	for _, step := range []struct {
		set  func() error
		want string
	}{{w.SetExit, "ready,exit"}, {w.SetReload, "ready,exit,reload"}, {w.SetReady, "ready,exit,reload"}} {
		if err := step.set(); err != nil {
			t.Fatal(err)
		}
		if h, err := w.Header(); err != nil || h.Status.String() != step.want {
			t.Errorf("status is %v, %v, want %s", h.Status, err, step.want)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := shmDir(t)
	path := filepath.Join(dir, "page")
	w := mustCreate(t, path, "v:uint32", 2, CreateOptions{})
	pushValues(t, w, 7)
	shape := parseShape(t, "v:uint32", 2)
	_, err := Create(path, shape, CreateOptions{})
	wantErr(t, err, fs.ErrExist)
	if want := `relaccx: create "page": file exists`; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
	_, err = Create(path, shape, CreateOptions{Replace: true})
	wantErr(t, err, ErrLocked)
	_, err = Create(filepath.Join(dir, "other"), shape, CreateOptions{Publish: 3})
	wantErr(t, err, ErrFull)
	_, err = Create(filepath.Join(dir, "none", "page"), shape, CreateOptions{Replace: true})
	wantErr(t, err, fs.ErrNotExist)
	_, err = Create(dir, shape, CreateOptions{Replace: true})
	if err == nil {
		t.Error("a directory was replaced")
	}
	if diff := cmp.Diff([]string{"page"}, namesIn(t, dir)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]uint64{7}, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
}

func namesIn(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestCreatePublishesRows(t *testing.T) {
	path := filepath.Join(shmDir(t), "table")
	w := mustCreate(t, path, "v:uint32", 3, CreateOptions{Publish: 2, Size: 8192, Mode: 0o640})
	if err := w.Update(1, func(rec *Record) error { return rec.SetUint("v", 5) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{0, 5}, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != 8192 || info.Mode() != 0o640 {
		t.Errorf("file is %v", info)
	}
}

func TestUsedAfterClose(t *testing.T) {
	w := newPage(t, "v:uint32", 2)
	path := w.Page().Path()
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	var rec Record
	_, headerErr := p.Header()
	_, readerErr := p.Reader()
	_, windowErr := r.Window()
	for what, err := range map[string]error{
		"append": w.Append(make([]byte, 4)), "withdraw": w.Withdraw(0), "ready": w.SetReady(),
		"batch":  w.Batch(func() error { t.Error("called"); return nil }),
		"header": headerErr, "reader": readerErr, "window": windowErr, "read": r.Read(0, &rec),
		"lease": r.Lease(func(*Lease) error { t.Error("called"); return nil }),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, err := range r.Records(layout.Window{First: 0, End: 1}) {
		wantErr(t, err, os.ErrClosed)
	}
}
