package relaccx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pgregory.net/rapid"

	"shmtool/layout"
)

// row is what a record of the ring under test holds.
type row struct {
	a uint64 // uint32
	s string
	x int64 // int16, where the page has the field
}

// ringForm is what may change in a reload.
type ringForm struct {
	records  uint32
	textSize int
	extra    bool // the page has field x
	swapped  bool // s lies before a
}

func (f ringForm) shape() layout.Shape {
	a, s := "a:uint32\n", fmt.Sprintf("s:0x30:%d\n", f.textSize)
	if f.swapped {
		a, s = s, a
	}
	text := a + s
	if f.extra {
		text += "x:int16\n"
	}
	schema, err := layout.ParseSchema(text)
	if err != nil {
		panic(err)
	}
	return layout.Shape{Schema: schema, RecordCount: f.records}
}

var forms = rapid.Custom(func(t *rapid.T) ringForm {
	return ringForm{
		records:  rapid.Uint32Range(1, 12).Draw(t, "records"),
		textSize: rapid.IntRange(2, 9).Draw(t, "text size"),
		extra:    rapid.Bool().Draw(t, "extra"),
		swapped:  rapid.Bool().Draw(t, "swapped"),
	}
})

// ringModel is a ring and the plain slice that it must equal: slots holds what
// lies in each slot, and [deleted, end) is what may be read.
type ringModel struct {
	form         ringForm
	slots        []row
	deleted, end uint64
	w            *Writer
	path         string
}

func (m *ringModel) size() uint64     { return uint64(len(m.slots)) }
func (m *ringModel) at(n uint64) *row { return &m.slots[n%m.size()] }
func (m *ringModel) full() bool       { return m.end-m.deleted == m.size() }
func (m *ringModel) add(r row)        { *m.at(m.end) = r; m.end++ }

func drawRow(t *rapid.T, f ringForm) row {
	r := row{
		a: uint64(rapid.Uint32().Draw(t, "a")),
		s: rapid.StringMatching(fmt.Sprintf("[a-z]{0,%d}", f.textSize-1)).Draw(t, "s"),
	}
	if f.extra {
		r.x = int64(rapid.Int16().Draw(t, "x"))
	}
	return r
}

func fillRow(rec *Record, r row) error {
	err := errors.Join(rec.SetUint("a", r.a), rec.SetText("s", r.s))
	if rec.Schema().Lookup("x") != nil {
		err = errors.Join(err, rec.SetInt("x", r.x))
	}
	return err
}

func rowOf(rec *Record) (r row, err error) {
	if r.a, err = rec.Uint("a"); err != nil {
		return r, err
	}
	if r.s, err = rec.Text("s"); err != nil {
		return r, err
	}
	if rec.Schema().Lookup("x") != nil {
		r.x, err = rec.Int("x")
	}
	return r, err
}

// refused runs an operation that must fail with that error and change nothing:
// not a byte of the page, and nothing under its name or beside it.
func (m *ringModel) refused(t *rapid.T, op string, want error, fn func() error) {
	before, names := snapshot(t, m.path)
	err := fn()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", op, err, want)
	}
	after, namesAfter := snapshot(t, m.path)
	if !bytes.Equal(before, after) || names != namesAfter {
		t.Fatalf("%s was refused and changed the page, or left a file: %s, %s", op, names, namesAfter)
	}
}

func snapshot(t *rapid.T, path string) (page []byte, names string) {
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names += e.Name() + " "
	}
	return page, names
}
