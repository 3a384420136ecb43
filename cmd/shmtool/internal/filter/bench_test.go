package filter

import (
	"context"
	"testing"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

func BenchmarkTrue(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, err := Compile(ctx, "--where", ".a > 100")
	if err != nil {
		b.Fatal(err)
	}
	doc := []byte(`{"a":12345,"b":"stream","time":1700000000000,"size":4711,"parts":12,"keys":3}`)
	for b.Loop() {
		if _, err := f.True(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkRecord returns the record that the expressions are measured on.
func benchmarkRecord(b *testing.B) (*layout.Schema, *relaccx.Record) {
	s, err := layout.ParseSchema("a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n")
	if err != nil {
		b.Fatal(err)
	}
	shape := layout.Shape{Schema: s, RecordCount: 1}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, layout.StatusReady); err != nil {
		b.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	h.Encode(page)
	p, err := relaccx.FromBytes("page", page)
	if err != nil {
		b.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		b.Fatal(err)
	}
	var rec relaccx.Record
	if err := r.Read(0, &rec); err != nil {
		b.Fatal(err)
	}
	return s, fill(b, &rec)
}

func fill(b *testing.B, rec *relaccx.Record) *relaccx.Record {
	for name, v := range map[string]uint64{"a": 5, "b": 4711, "c": 1_700_000_000_000, "d": 1 << 63} {
		if err := rec.SetUint(name, v); err != nil {
			b.Fatal(err)
		}
	}
	if err := rec.SetText("name", "stream+live9"); err != nil {
		b.Fatal(err)
	}
	return rec
}

// BenchmarkRows measures expressions that are evaluated on a record's bytes, and the last
// three, which gojq evaluates.
func BenchmarkRows(b *testing.B) {
	s, rec := benchmarkRecord(b)
	for _, expr := range []string{
		".a == 5", `.a == 5 and (.name | test("9$"))`, "{a, b, name}", "select(.a > 3) | .name", ".",
		"[.a, .b] | add", `{a, n: (.name | split("+")[1])}`, "del(.d)",
	} {
		f, err := Compile(b.Context(), "--jq", expr)
		if err != nil {
			b.Fatal(err)
		}
		rows := f.Rows(dump.NewRecordValues(s, dump.Options{}))
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := rows.Lines(rec, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
