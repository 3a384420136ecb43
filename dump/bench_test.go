package dump

import (
	"io"
	"testing"

	"shmtool/layout"
)

const benchCount = 100_000

// benchView is a page of 100,000 records of four integers.
func benchView(b *testing.B) *View {
	fill := make([]func([]byte, *layout.Schema), benchCount)
	for i := range fill {
		fill[i] = func(rec []byte, s *layout.Schema) {
			for j, name := range []string{"a", "b", "c", "d"} {
				_ = s.Lookup(name).PutUint(rec, uint64(i)*uint64(j+1))
			}
		}
	}
	return viewOf(b, "bench", pageWith(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32\n", benchCount, fill...))
}

func benchmarkRender(b *testing.B, render func(io.Writer, Document, Options) error) {
	v := benchView(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := render(io.Discard, v, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchCount, "ns/record")
}

func BenchmarkJSON(b *testing.B)   { benchmarkRender(b, JSON) }
func BenchmarkNDJSON(b *testing.B) { benchmarkRender(b, NDJSON) }
func BenchmarkCSV(b *testing.B)    { benchmarkRender(b, CSV) }
func BenchmarkTable(b *testing.B)  { benchmarkRender(b, Table) }
