package relaccx

import (
	"errors"
	"slices"
	"testing"

	"shmtool/layout"
)

// A column has what the records have, for integers of every width, also across the end of
// a ring, and zeros for what is no integer.
func TestColumnIsWhatRecordsHave(t *testing.T) {
	const schema = "u1:uint8\nu2:uint16\nu3:uint24\nu4:uint32\nu8:uint64\ni1:int8\ni2:int16\ni3:int24\ni4:int32\ni8:int64\ntext:string:9"
	w := newPage(t, schema, 700)
	record := make([]byte, w.Schema().RecordSize())
	for n := range 1000 {
		for i := range record {
			record[i] = byte(n*31 + i*7 + n>>3)
		}
		if err := w.AppendOverwrite(record); err != nil {
			t.Fatal(err)
		}
	}
	own, err := w.Reader()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Reader{"read-only": mustReader(t, w.Page().Path()), "the writer's own": own} {
		window, err := r.Window()
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Schema().Fields() {
			f := &r.Schema().Fields()[i]
			want := []uint64{42}
			for rec, err := range r.Records(window) {
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, f.Uint(rec.Bytes()))
			}
			got, next, err := r.Column(f, window, []uint64{42})
			if err != nil || next != window.End || !slices.Equal(got, want) {
				t.Errorf("%s: %s: %v, next %d of %v: %d values, want %d", name, f.Name, err, next, window, len(got), len(want))
			}
		}
	}
}

func TestColumnOfRecordsThatAreNotThere(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	pushValues(t, w, 1, 2, 3, 4, 5, 6)
	r := mustReader(t, w.Page().Path())
	v := r.Schema().Lookup("v")
	values, next, err := r.Column(v, layout.Window{First: 0, End: 6}, nil)
	var lapped *LappedError
	if len(values) != 0 || next != 2 || !errors.As(err, &lapped) || lapped.First != 0 || lapped.Lost != 2 {
		t.Errorf("of withdrawn records: %v, next %d, %v", values, next, err)
	}
	values, next, err = r.Column(v, layout.Window{First: 4, End: 100}, values)
	if err != nil || next != 6 || !slices.Equal(values, []uint64{5, 6}) {
		t.Errorf("past the end: %v, next %d, %v", values, next, err)
	}
	values, next, err = r.Column(v, layout.Window{First: 50, End: 60}, nil)
	if err != nil || next != 50 || len(values) != 0 {
		t.Errorf("of records to come: %v, next %d, %v", values, next, err)
	}
	r.Page().Close()
	if _, _, err := r.Column(v, layout.Window{First: 4, End: 6}, nil); err == nil {
		t.Error("a page that is closed has a column")
	}
}
