package dump

import (
	"io"
	"testing"

	"shmtool/layout"
)

// BenchmarkRax prints a full ring of 100,000 records of four integers.
func BenchmarkRax(b *testing.B) {
	page, h := buildRax(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32", 100_000, 0, 100_000)
	schema, err := layout.DecodeSchema(page, h)
	if err != nil {
		b.Fatal(err)
	}
	for n := range 100_000 {
		for i, f := range schema.Fields() {
			mustRax(b, f.PutUint(raxRecord(page, h, n), uint64(n*(i+1))))
		}
	}
	benchmarkRax(b, page, h)
}

// BenchmarkRaxNested prints 10,000 records that hold a page of 8 records each.
func BenchmarkRaxNested(b *testing.B) {
	page, h := buildRax(b, "id:uint32\nsub:nested[8]\n  a:uint32\n  b:uint16", 10_000, 0, 10_000)
	for n := range 10_000 {
		sub := raxRecord(page, h, n)[4:]
		inner, err := layout.DecodeHeader(sub)
		mustRax(b, err)
		inner.EndPos = 8
		inner.Encode(sub)
	}
	benchmarkRax(b, page, h)
}

func benchmarkRax(b *testing.B, page []byte, h layout.Header) {
	b.ReportAllocs()
	for b.Loop() {
		if err := Rax(io.Discard, "/MstBench", page, h, nil); err != nil {
			b.Fatal(err)
		}
	}
}
