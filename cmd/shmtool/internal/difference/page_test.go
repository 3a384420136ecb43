package difference

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx"
)

// nestedPage returns a page of two records, each with a page nested in it that has the
// numbers given.
func nestedPage(t *testing.T, name string, numbers ...uint64) *relaccx.Page {
	t.Helper()
	schema, err := layout.ParseSchema("id:uint32\ninner:nested[8]\n  n:uint8\n")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	w, err := relaccx.Create(path, layout.Shape{Schema: schema, RecordCount: 4}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	rec, err := w.NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Append(rec.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	inner, err := w.Nested(relaccx.Step{Field: "inner", Record: 1, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		rec, err := inner.NewRecord()
		if err == nil {
			err = rec.SetUint("n", n)
		}
		if err == nil {
			err = inner.Append(rec.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := relaccx.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func sectionsOf(t *testing.T, before, now *relaccx.Page, c Choice) []*Section {
	t.Helper()
	var both [2]Page
	for i, p := range []*relaccx.Page{before, now} {
		r, err := p.Reader()
		if err != nil {
			t.Fatal(err)
		}
		both[i] = Page{Reader: r}
	}
	sections, err := Pages(both[0], both[1], c)
	if err != nil {
		t.Fatal(err)
	}
	return sections
}

// The pages nested in records of the same number are compared as pages of their own; what
// differs in them is no difference of the record.
func TestNestedPages(t *testing.T) {
	before, now := nestedPage(t, "a", 1, 2), nestedPage(t, "b", 1, 7, 3)
	all := Choice{Header: true, Schema: true, Records: true, End: 1<<64 - 1}
	sections := sectionsOf(t, before, now, all)
	if len(sections) != 1 || sections[0].Where != ":inner@1" {
		t.Fatalf("%d sections", len(sections))
	}
	var lines []string
	for _, d := range sections[0].All() {
		b, err := json.Marshal([]any{d.Part, d.Change, d.Field, d.Number, d.Old, d.New})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(b))
	}
	want := []string{
		`["header","changed","present",null,2,3]`,
		`["header","changed","endpos",null,2,3]`,
		`["record","changed","n",1,2,7]`,
		`["record","added","",2,null,{"#":2,"n":3}]`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%q", lines)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("%s, not %s", lines[i], want[i])
		}
	}
	if same := sectionsOf(t, now, now, all); len(same) != 0 {
		t.Errorf("%d sections of a page and itself", len(same))
	}
}

// Numbers of records become ranges, of which only the first are kept.
func TestNumbers(t *testing.T) {
	var n Numbers
	for _, number := range []uint64{1, 2, 3, 5, 7, 8, 10, 12, 13, 15} {
		n.add(number)
	}
	want := []Range{{1, 3}, {5, 5}, {7, 8}, {10, 10}}
	if n.Count != 10 || n.More != 2 || len(n.Ranges) != len(want) {
		t.Fatalf("%+v", n)
	}
	for i, r := range want {
		if n.Ranges[i] != r {
			t.Errorf("%v, not %v", n.Ranges[i], r)
		}
	}
}
