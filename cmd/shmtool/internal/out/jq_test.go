package out

import (
	"context"
	"errors"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

func compiled(t *testing.T, expr string) Options {
	t.Helper()
	f, err := filter.Compile(context.Background(), "--jq", expr)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Format: JSON, JQ: f}
}

// endlessView is a page whose records have no end, and what has been read of them.
func endlessView(t *testing.T, read *uint64) *dump.View {
	t.Helper()
	s, err := layout.ParseSchema("a:uint32\ns:string:60000\n")
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: s, RecordCount: 1}
	b := make([]byte, shape.Size())
	if err := shape.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	h.Encode(b)
	copy(b[int(h.Offset)+4:], strings.Repeat("x", 59_000))
	p, err := relaccx.FromBytes("page", b)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	var rec relaccx.Record
	if err := reader.Read(0, &rec); err != nil {
		t.Fatal(err)
	}
	return &dump.View{Name: "page", Schema: s, Header: h, ShowRecords: true, Records: func(yield func(*relaccx.Record, error) bool) {
		for *read = 1; yield(&rec, nil); *read++ {
		}
	}}
}

// A document over the limit is refused with a hint, whatever the expression needs of it.
func TestLargeDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{".records | length", "length"} {
		var read uint64
		v := endlessView(t, &read)
		p := New(quiet(), compiled(t, expr))
		p.limit.Text = 1 << 20
		err := p.Chosen(v)
		if !errors.Is(err, filter.ErrTooLarge) || fail.Of(err) != fail.Of(fail.Usagef("")) || !strings.Contains(fail.HintOf(err), "use -o ndjson --jq") {
			t.Errorf("%s: %v, hint %q", expr, err, fail.HintOf(err))
		}
		if text := read * 59_000; text < 1<<20-1<<17 || text > 1<<20+1<<17 {
			t.Errorf("%s is refused after %d bytes", expr, text)
		}
	}
}

// An expression that takes the records one by one has results before the page ends, and no
// limit but that of its results.
func TestRecordsOneByOne(t *testing.T) {
	t.Parallel()
	var read uint64
	v := endlessView(t, &read)
	p := New(quiet(), compiled(t, ".records[] | .a"))
	enough := errors.New("enough")
	records := v.Records
	v.Records = func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			if read > 1000 {
				err = enough
			}
			if !yield(rec, err) {
				return
			}
		}
	}
	if err := p.Chosen(v); !errors.Is(err, enough) || fail.Of(err) == fail.Of(fail.Usagef("")) {
		t.Errorf("the error of a record is told as %v", err)
	}
}
