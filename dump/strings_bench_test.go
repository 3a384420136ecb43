package dump

import (
	"io"
	"testing"

	"shmtool/layout"
)

// BenchmarkStrings renders 100,000 records with two strings: each of them is
// looked at for secrets.
func BenchmarkStrings(b *testing.B) {
	fill := make([]func([]byte, *layout.Schema), benchCount)
	for i := range fill {
		fill[i] = func(rec []byte, s *layout.Schema) {
			_ = s.Lookup("name").PutText(rec, "stream-1 of the house")
			_ = s.Lookup("text").PutText(rec, "Track 0, page 0 (0d00h00m00s.021) buffered in 7ms")
		}
	}
	v := viewOf(b, "bench", pageWith(b, "n:uint32\nname:string:32\ntext:string:64\n", benchCount, fill...))
	for name, render := range map[string]func(io.Writer, Document, Options) error{"NDJSON": NDJSON, "CSV": CSV} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := render(io.Discard, v, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
