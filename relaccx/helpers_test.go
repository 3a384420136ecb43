package relaccx

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"shmtool/layout"
)

// watchdog is for what should happen at once and must not hang a test.
const watchdog = 30 * time.Second

func parseShape(tb testing.TB, schema string, records uint32) layout.Shape {
	tb.Helper()
	s, err := layout.NewSchema()
	if schema != "" {
		s, err = layout.ParseSchema(schema)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return layout.Shape{Schema: s, RecordCount: records}
}

// shmDir is a directory of shared memory, where the machine has that.
func shmDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(ShmDir, "relaccx-test-")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func mustCreate(tb testing.TB, path, schema string, records uint32, o CreateOptions) *Writer {
	tb.Helper()
	w, err := Create(path, parseShape(tb, schema, records), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	return w
}

// newPage is a page of its own in a directory of its own.
func newPage(tb testing.TB, schema string, records uint32) *Writer {
	tb.Helper()
	return mustCreate(tb, filepath.Join(shmDir(tb), "page"), schema, records, CreateOptions{})
}

func mustOpen(tb testing.TB, path string) *Page {
	tb.Helper()
	p, err := Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func mustReader(tb testing.TB, path string) *Reader {
	tb.Helper()
	r, err := mustOpen(tb, path).Reader()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// aligned is memory that begins at a cache line, as mapped pages do.
func aligned(size int) []byte {
	b := make([]byte, size+64)
	shift := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63
	return b[shift : shift+uintptr(size) : shift+uintptr(size)]
}

// heapPage is a ready page on the heap, with its Writer: what the race detector
// can watch. slack is the bytes behind its last slot.
func heapPage(tb testing.TB, schema string, records uint32, slack int) (*Page, *Writer) {
	tb.Helper()
	shape := parseShape(tb, schema, records)
	b := aligned(int(shape.Size()) + slack)
	if err := shape.Build(b, layout.StatusReady); err != nil {
		tb.Fatal(err)
	}
	return heapWriter(tb, b, shape.Schema)
}

func heapWriter(tb testing.TB, b []byte, s *layout.Schema) (*Page, *Writer) {
	tb.Helper()
	p, err := FromBytes("heap", b)
	if err != nil {
		tb.Fatal(err)
	}
	w, err := newWriter(p)
	if err != nil {
		tb.Fatal(err)
	}
	if s != nil {
		w.schema = s
	}
	return p, w
}

func heapReader(tb testing.TB, p *Page) *Reader {
	tb.Helper()
	r, err := p.Reader()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// sealedSchema is of records that say themselves whether they are whole.
const sealedSchema = "number:uint64\nbody:raw:96\nsum:uint64"

// seal fills a record of a sealed schema: its number, bytes that follow from it,
// and a checksum of both.
func seal(record []byte, number uint64) {
	binary.LittleEndian.PutUint64(record, number)
	x := number*0x9e3779b97f4a7c15 + 1
	for i := 8; i < len(record)-8; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		record[i] = byte(x)
	}
	binary.LittleEndian.PutUint64(record[len(record)-8:], sumOf(record))
}

func sumOf(record []byte) uint64 {
	h := fnv.New64a()
	h.Write(record[:len(record)-8])
	return h.Sum64()
}

var errTorn = errors.New("torn record")

// sealed is errTorn unless record is the one of that number, whole.
func sealed(record []byte, number uint64) error {
	if binary.LittleEndian.Uint64(record) != number || binary.LittleEndian.Uint64(record[len(record)-8:]) != sumOf(record) {
		return errTorn
	}
	return nil
}

// pushSealed pushes count sealed records.
func pushSealed(tb testing.TB, w *Writer, count int) {
	tb.Helper()
	h, err := w.Header()
	if err != nil {
		tb.Fatal(err)
	}
	record := make([]byte, w.Schema().RecordSize())
	for i := range count {
		seal(record, h.EndPos+uint64(i))
		if err := w.AppendOverwrite(record); err != nil {
			tb.Fatal(err)
		}
	}
}

// pushValues pushes a record for each value of integer field v.
func pushValues(tb testing.TB, w *Writer, values ...uint64) {
	tb.Helper()
	for _, v := range values {
		rec, err := w.NewRecord()
		if err != nil {
			tb.Fatal(err)
		}
		if err := rec.SetUint("v", v); err != nil {
			tb.Fatal(err)
		}
		if err := w.AppendOverwrite(rec.Bytes()); err != nil {
			tb.Fatal(err)
		}
	}
}

// valuesOf is field v of every record that Records gives.
func valuesOf(tb testing.TB, r *Reader) []uint64 {
	tb.Helper()
	w, err := r.Window()
	if err != nil {
		tb.Fatal(err)
	}
	var values []uint64
	for rec, err := range r.Records(w) {
		if err != nil {
			tb.Fatal(err)
		}
		v, err := rec.Uint("v")
		if err != nil {
			tb.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

func wantErr(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("error is %v, want %v", err, want)
	}
}

// unchanged runs fn, which is to be refused, and fails when a byte of the page
// is another one after it.
func unchanged(tb testing.TB, p *Page, fn func()) {
	tb.Helper()
	before := append([]byte(nil), p.mem.Bytes...)
	fn()
	for i, b := range p.mem.Bytes {
		if b != before[i] {
			tb.Fatalf("byte %d is %#x after a refusal, was %#x", i, b, before[i])
		}
	}
}

// counters are StartPos, Deleted, Present and EndPos.
func counters(tb testing.TB, r interface{ Header() (layout.Header, error) }) [4]uint64 {
	tb.Helper()
	h, err := r.Header()
	if err != nil {
		tb.Fatal(err)
	}
	return [4]uint64{uint64(h.StartPos), h.Deleted, uint64(h.Present), h.EndPos}
}

// until waits until is is true.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(watchdog); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}
