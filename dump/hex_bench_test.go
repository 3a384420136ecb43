package dump

import (
	"fmt"
	"io"
	"testing"

	"shmtool/layout"
)

// BenchmarkHex dumps a full ring of 100,000 records of four integers.
func BenchmarkHex(b *testing.B) {
	page, h := buildHex(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32", 100_000, 0, 100_000)
	for n := range 100_000 {
		for i, name := range []string{"a", "b", "c", "d"} {
			storeHex(b, page, h, n, name, uint64(n*(i+1)))
		}
	}
	benchmarkHex(b, page, h, HexOptions{})
}

// BenchmarkHexNested dumps 10,000 records that hold a page of 8 records each.
func BenchmarkHexNested(b *testing.B) {
	page, h := buildHex(b, "id:uint32\nsub:nested[8]\n  a:uint32\n  b:uint16", 10_000, 0, 10_000)
	for n := range 10_000 {
		sub := hexRecord(page, h, n)[4:]
		inner, err := layout.DecodeHeader(sub)
		mustHex(b, err)
		inner.EndPos = 8
		inner.Encode(sub)
	}
	benchmarkHex(b, page, h, HexOptions{Depth: 1})
}

// BenchmarkHexStrings dumps 10,000 records with a string and raw bytes.
func BenchmarkHexStrings(b *testing.B) {
	page, h := buildHex(b, "s:string:64\nr:raw:64", 10_000, 0, 10_000)
	for n := range 10_000 {
		record := hexRecord(page, h, n)
		copy(record, fmt.Sprintf("the text of record %d", n))
		copy(record[64:], fmt.Sprintf("the bytes of record %d", n))
	}
	benchmarkHex(b, page, h, HexOptions{})
}

// BenchmarkHexZeros looks at 64 MiB of nothing.
func BenchmarkHexZeros(b *testing.B) {
	page := make([]byte, 64<<20)
	b.SetBytes(int64(len(page)))
	benchmarkHex(b, page, layout.Header{}, HexOptions{})
}

func benchmarkHex(b *testing.B, page []byte, h layout.Header, o HexOptions) {
	b.ReportAllocs()
	for b.Loop() {
		if err := Hex(io.Discard, page, h, o); err != nil {
			b.Fatal(err)
		}
	}
}
