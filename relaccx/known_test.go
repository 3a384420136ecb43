package relaccx

import (
	"errors"
	"slices"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// numbersOf are the numbers of the records of w that are in use.
func numbersOf(tb testing.TB, r *Reader, w layout.Window) []uint64 {
	tb.Helper()
	numbers := []uint64{}
	for rec, err := range r.RecordsInUse(w) {
		if err != nil {
			tb.Fatal(err)
		}
		numbers = append(numbers, rec.Number)
	}
	return numbers
}

// knownPage is a page of a schema whose counters are as given, with the first
// field of each slot set.
func knownPage(tb testing.TB, schema string, slots uint32, h layout.Header, values ...uint64) *Reader {
	tb.Helper()
	shape := parseShape(tb, schema, slots)
	page := aligned(int(shape.Size()))
	if err := shape.Build(page, layout.StatusReady); err != nil {
		tb.Fatal(err)
	}
	made := shape.Header()
	made.Status, made.EndPos, made.Present, made.Deleted, made.StartPos = layout.StatusReady, h.EndPos, h.Present, h.Deleted, uint32(h.Deleted)
	made.Encode(page)
	for i, v := range values {
		at := int(made.Offset) + i*int(made.RecordSize)
		f := shape.Schema.Fields()[0]
		if err := f.PutUint(page[at:at+int(made.RecordSize)], v); err != nil {
			tb.Fatal(err)
		}
	}
	p, err := FromBytes("page", page)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Each of MistServer's rules gives its own rows, where the header alone would
// give others, or none.
func TestAs(t *testing.T) {
	const users, tracks, triggers = "status:uint8\npid:uint64\n", "valid:uint8\nid:uint32\n", "sync:uint8\nurl:string:8\n"
	for _, c := range []struct {
		name   string
		info   *mist.PageInfo
		schema string
		slots  uint32
		header layout.Header
		values []uint64
		rows   []uint64
		newest uint64
		none   bool
	}{
		{"users", mist.Lookup("MstUserlive"), users, 6, layout.Header{EndPos: 5}, []uint64{0, 0xC1, 0, 1, 0, 1}, []uint64{1, 3}, 3, false},
		{"users of old", mist.Lookup("MstUserlive"), users, 6, layout.Header{Present: 4}, []uint64{0, 0xC1, 0, 0, 1}, []uint64{1}, 1, false},
		{"nobody", mist.Lookup("MstUserlive"), users, 6, layout.Header{EndPos: 3}, nil, []uint64{}, 0, true},
		{"tracks", mist.Lookup("MstMetalive", "tracks"), tracks, 4, layout.Header{Present: 3, EndPos: 3}, []uint64{255, 0, 4, 255}, []uint64{0, 2}, 2, false},
		{"claimed again", mist.Lookup("MstMetalive"), "live:uint8\n", 1, layout.Header{EndPos: 3}, []uint64{1}, []uint64{0}, 0, false},
		{"triggers", mist.Lookup("MstTRGRLIVE"), triggers, 3, layout.Header{}, []uint64{1, 0, 1}, []uint64{0, 1, 2}, 2, false},
		{"keys", mist.Lookup("MstStrmKeys"), "key:uint8\n", 4, layout.Header{EndPos: 2}, []uint64{1, 0, 1}, []uint64{0, 1}, 1, false},
		{"without the marker", mist.Lookup("MstUserlive"), "pid:uint64\n", 4, layout.Header{EndPos: 2}, []uint64{0, 7}, []uint64{0, 1}, 1, false},
		{"other fields", mist.Lookup("MstMetalive"), "a:uint64\n", 4, layout.Header{EndPos: 3}, []uint64{0, 7}, []uint64{0, 1, 2}, 2, false},
		{"unknown", nil, users, 4, layout.Header{EndPos: 3}, []uint64{0, 7}, []uint64{0, 1, 2}, 2, false},
		{"ring", mist.Lookup("MstStateLogs"), "time:uint64\n", 4, layout.Header{EndPos: 6, Deleted: 3, Present: 3}, []uint64{1, 1, 1, 1}, []uint64{3, 4, 5}, 5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := knownPage(t, c.schema, c.slots, c.header, c.values...).WithRules(c.info)
			w, err := r.Window()
			if err != nil {
				t.Fatal(err)
			}
			if got := numbersOf(t, r, w); !slices.Equal(got, c.rows) {
				t.Errorf("rows %v, want %v", got, c.rows)
			}
			n, err := r.Newest()
			if n != c.newest || (err != nil) != c.none || c.none && !errors.Is(err, ErrNoRecord) {
				t.Errorf("newest %d, %v; want %d", n, err, c.newest)
			}
			var rec Record
			for _, n := range c.rows {
				if err := r.Read(n, &rec); err != nil {
					t.Errorf("record %d: %v", n, err)
				}
			}
			if err := r.Read(w.End, &rec); !errors.Is(err, ErrNoRecord) {
				t.Errorf("record %d: %v", w.End, err)
			}
			err = r.Lease(func(l *Lease) error {
				for _, n := range c.rows {
					if err := l.View(n, func([]byte) {}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("lease: %v", err)
			}
		})
	}
}

// The last rows in use are counted without those that are free.
func TestLastLive(t *testing.T) {
	r := knownPage(t, "status:uint8\n", 8, layout.Header{EndPos: 8}, 1, 0, 1, 0, 0, 1, 1, 0).WithRules(mist.Lookup("MstStat"))
	all := layout.Window{First: 0, End: 8}
	for n, want := range [][]uint64{{}, {6}, {5, 6}, {2, 5, 6}, {0, 2, 5, 6}, {0, 2, 5, 6}} {
		w, err := r.LastInUse(all, uint64(n))
		if got := numbersOf(t, r, w); err != nil || !slices.Equal(got, want) {
			t.Errorf("last %d: %v, %v; want %v", n, got, err, want)
		}
	}
	if w, err := r.LastInUse(all, 1<<63); err != nil || w != all {
		t.Errorf("last of all: %v, %v", w, err)
	}
}

// A page that is nested in one of MistServer's is one of those that lie there.
func TestAsKnowsNestedPages(t *testing.T) {
	w := newPage(t, "live:uint8\ntracks:nested[4]\n  valid:uint8\n  id:uint32\n", 1)
	appendEmpty(t, w, 1)
	tracks := nestedWriter(t, w, 0, "tracks")
	for _, valid := range []uint64{255, 0, 255} {
		rec, err := tracks.NewRecord()
		if err == nil {
			err = errors.Join(rec.SetUint("valid", valid), tracks.Append(rec.Bytes()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := w.Reader()
	if err != nil {
		t.Fatal(err)
	}
	nested, err := r.WithRules(mist.Lookup("MstMetalive")).Nested(Step{Field: "tracks"})
	if err != nil {
		t.Fatal(err)
	}
	if nested.Rules() != mist.Lookup("MstMetalive", "tracks") {
		t.Errorf("nested page is %+v", nested.Rules())
	}
	window, err := nested.Window()
	if got := numbersOf(t, nested, window); err != nil || !slices.Equal(got, []uint64{0, 2}) {
		t.Errorf("tracks %v, %v", got, err)
	}
}
