package relaccx

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

const twoDeep = `id:uint16
inner:nested[2]
  n:uint8
  deep:nested[3]
    v:uint32
`

// newTwoDeep has records 0 and 1; in record 1, inner record 0, deep holds 40 to 42.
func newTwoDeep(tb testing.TB) *Writer {
	tb.Helper()
	w := newPage(tb, twoDeep, 2)
	appendEmpty(tb, w, 2)
	inner := nestedWriter(tb, w, 1, "inner")
	appendEmpty(tb, inner, 2)
	pushValues(tb, nestedWriter(tb, inner, 0, "deep"), 39, 40, 41, 42)
	return w
}

func appendEmpty(tb testing.TB, w *Writer, count int) {
	tb.Helper()
	for range count {
		rec, err := w.NewRecord()
		if err == nil {
			err = w.Append(rec.Bytes())
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func nestedWriter(tb testing.TB, w *Writer, n uint64, field string) *Writer {
	tb.Helper()
	inner, err := w.nestedIn(n, w.Schema().Lookup(field))
	if err != nil {
		tb.Fatal(err)
	}
	return inner
}

func nestedReader(tb testing.TB, r *Reader, n uint64, field string) *Reader {
	tb.Helper()
	inner, err := r.nestedIn(n, r.Schema().Lookup(field))
	if err != nil {
		tb.Fatal(err)
	}
	return inner
}

func TestNestedTwoDeep(t *testing.T) {
	w := newTwoDeep(t)
	r := mustReader(t, w.Page().Path())
	deep := nestedReader(t, nestedReader(t, r, 1, "inner"), 0, "deep")
	want := []uint64{40, 41, 42}
	if diff := cmp.Diff(want, valuesOf(t, deep)); diff != "" {
		t.Error(diff)
	}
	if deep.Page() != r.Page() || deep.Size() != int(deep.parent.Schema().Lookup("deep").Size) {
		t.Errorf("nested page of %d bytes in %v", deep.Size(), deep.Page().Name())
	}
	var rec, innerRec Record
	if err := r.Read(1, &rec); err != nil {
		t.Fatal(err)
	}
	inner, err := rec.Nested(r.Schema().Lookup("inner"))
	if err != nil {
		t.Fatal(err)
	}
	if err := inner.Read(0, &innerRec); err != nil {
		t.Fatal(err)
	}
	copied, err := innerRec.Nested(inner.Schema().Lookup("deep"))
	if err != nil {
		t.Fatal(err)
	}
	pushValues(t, nestedWriter(t, nestedWriter(t, w, 1, "inner"), 0, "deep"), 43)
	if diff := cmp.Diff(want, valuesOf(t, copied)); diff != "" {
		t.Errorf("a record's own bytes changed: %s", diff)
	}
	if diff := cmp.Diff([]uint64{41, 42, 43}, valuesOf(t, deep)); diff != "" {
		t.Error(diff)
	}
}

// Everything that is read in a record which was withdrawn is ErrWithdrawn, two
// levels down as well: whatever bytes lie there by now.
func TestNestedInWithdrawnRecord(t *testing.T) {
	for _, garbage := range []byte{0, 0xff, 0x5a} {
		w := newTwoDeep(t)
		r := mustReader(t, w.Page().Path())
		inner := nestedReader(t, r, 1, "inner")
		deep := nestedReader(t, inner, 0, "deep")
		if err := w.Withdraw(2); err != nil {
			t.Fatal(err)
		}
		record := w.memory[w.offset+w.size:]
		for i := range record {
			record[i] = garbage
		}
		var rec Record
		_, headerErr := deep.Header()
		_, windowErr := deep.Window()
		_, nestedErr := inner.nestedIn(0, inner.Schema().Lookup("deep"))
		_, topErr := r.nestedIn(1, r.Schema().Lookup("inner"))
		for what, err := range map[string]error{
			"header": headerErr, "window": windowErr, "nested": nestedErr, "top": topErr, "read": deep.Read(2, &rec),
			"lease": deep.Lease(func(l *Lease) error { return l.View(2, func([]byte) {}) }),
		} {
			if !errors.Is(err, ErrWithdrawn) {
				t.Errorf("bytes %#x: %s: %v", garbage, what, err)
			}
		}
		for rec, err := range deep.Records(layout.Window{First: 0, End: 9}) {
			if rec != nil || !errors.Is(err, ErrWithdrawn) {
				t.Errorf("bytes %#x: records: %v, %v", garbage, rec, err)
			}
		}
	}
}

// A batch of a nested page is worth nothing when the record around it went while
// it was copied.
func TestNestedBatchOfWithdrawnRecord(t *testing.T) {
	w := newTwoDeep(t)
	deep := nestedReader(t, nestedReader(t, mustReader(t, w.Page().Path()), 1, "inner"), 0, "deep")
	b := batch{reader: deep, next: 1}
	if err := b.copy(int(deep.offset+deep.size), 2); err != nil {
		t.Fatal(err)
	}
	if err := w.Withdraw(2); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.drop(1, 2), ErrWithdrawn)
}

// What a nested page seems to be while its record is being overwritten is no
// fault of the page.
func TestNestedBrokenOnlyBecauseWithdrawn(t *testing.T) {
	w := newTwoDeep(t)
	r := mustReader(t, w.Page().Path())
	inner := w.Schema().Lookup("inner")
	w.memory[w.offset+w.size+uint64(inner.Offset)+layout.FieldOffsetOffset] = 3
	_, err := r.nestedIn(1, inner)
	var format *layout.FormatError
	if !errors.As(err, &format) {
		t.Fatalf("broken nested page: %v", err)
	}
	if at := int64(w.offset + w.size + uint64(inner.Offset) + layout.FieldOffsetOffset); format.Offset != at {
		t.Errorf("broken at byte %d, want %d", format.Offset, at)
	}
	if err := w.Withdraw(2); err != nil {
		t.Fatal(err)
	}
	_, err = r.nestedIn(1, inner)
	wantErr(t, err, ErrWithdrawn)
}

func TestNestedNotReady(t *testing.T) {
	w := newTwoDeep(t)
	r := mustReader(t, w.Page().Path())
	inner := w.Schema().Lookup("inner")
	at := w.offset + uint64(inner.Offset)
	clear(w.memory[at : at+uint64(inner.Size)])
	_, err := r.nestedIn(0, inner)
	wantErr(t, err, ErrNotReady)
	_, err = w.nestedIn(0, inner)
	wantErr(t, err, ErrNotReady)
	_, err = w.nestedIn(0, w.Schema().Lookup("id"))
	if err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("nested in an integer: %v", err)
	}
	if _, err := r.nestedIn(0, w.Schema().Lookup("id")); err == nil {
		t.Error("an integer was opened as a page")
	}
}

// A nested ring is reloaded with the page around it, and not by itself.
func TestNestedReload(t *testing.T) {
	w := newTwoDeep(t)
	inner := nestedWriter(t, w, 1, "inner")
	if err := inner.Reload(parseShape(t, "n:uint8", 2), ReloadOptions{}); err == nil {
		t.Error("a nested page was reloaded by itself")
	}
	bigger := strings.ReplaceAll(strings.ReplaceAll(twoDeep, "deep:nested[3]", "deep:nested[5]"), "v:uint32", "v:uint64")
	if err := w.Reload(parseShape(t, bigger, 3), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	deep := nestedReader(t, nestedReader(t, mustReader(t, w.Page().Path()), 1, "inner"), 0, "deep")
	if diff := cmp.Diff([]uint64{40, 41, 42}, valuesOf(t, deep)); diff != "" {
		t.Error(diff)
	}
	if got, want := counters(t, deep), [4]uint64{1, 1, 3, 4}; got != want {
		t.Errorf("counters %v, want %v", got, want)
	}
	again := nestedWriter(t, nestedWriter(t, w, 1, "inner"), 0, "deep")
	pushValues(t, again, 43, 44, 1<<40)
	if diff := cmp.Diff([]uint64{41, 42, 43, 44, 1 << 40}, valuesOf(t, deep)); diff != "" {
		t.Error(diff)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if findings, err := w.Page().Check(); err != nil || len(findings) > 0 {
		t.Errorf("check: %v, %v", findings, err)
	}
}

// The shapes of nested pages are learnt from a page that is opened, so that its
// new records have them.
func TestNestedOfReopenedPage(t *testing.T) {
	w := newTwoDeep(t)
	path := w.Page().Path()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	rec, err := w.NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AppendOverwrite(rec.Bytes()); err != nil {
		t.Fatal(err)
	}
	inner := nestedWriter(t, w, 2, "inner")
	appendEmpty(t, inner, 1)
	pushValues(t, nestedWriter(t, inner, 0, "deep"), 7)
	deep := nestedReader(t, nestedReader(t, mustReader(t, path), 2, "inner"), 0, "deep")
	if diff := cmp.Diff([]uint64{7}, valuesOf(t, deep)); diff != "" {
		t.Error(diff)
	}
}

// A Writer takes the same path as a Reader, with the same errors.
func TestWriteNestedByPath(t *testing.T) {
	w := newTwoDeep(t)
	at := func(field string, n uint64) Step { return Step{Field: field, Record: n, Exact: true} }
	deep, err := w.Nested(Step{Field: "inner"}, at("deep", 0))
	if err != nil {
		t.Fatal(err)
	}
	r, err := mustReader(t, w.Page().Path()).Nested(Step{Field: "inner"}, at("deep", 0))
	if err != nil {
		t.Fatal(err)
	}
	before := len(valuesOf(t, r))
	check(t, deep.Withdraw(1))
	if got := len(valuesOf(t, r)); got != before-1 {
		t.Errorf("%d records after the oldest of %d was withdrawn", got, before)
	}
	if same, err := w.Nested(); same != w || err != nil {
		t.Errorf("no steps lead to %v, %v", same, err)
	}
	for _, test := range []struct {
		path []Step
		want error
	}{
		{[]Step{at("none", 0)}, ErrNoField},
		{[]Step{at("id", 1)}, ErrNotNested},
		{[]Step{at("inner", 2)}, ErrNoRecord},
		{[]Step{at("inner", 0), {Field: "deep"}}, ErrNoRecord},
	} {
		if _, err := w.Nested(test.path...); !errors.Is(err, test.want) {
			t.Errorf("%v: %v, want %v", test.path, err, test.want)
		}
	}
}
