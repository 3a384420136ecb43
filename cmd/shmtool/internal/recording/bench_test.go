package recording

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"shmtool/relaccx"
)

// A recording of 100,000 records of four integers and a string, played as fast as it goes.
func BenchmarkReplay(b *testing.B) {
	const records = 100_000
	dir := b.TempDir()
	w := create(b, filepath.Join(dir, "page"), "a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n", records)
	for i := range records {
		rec, err := w.NewRecord()
		must(b, err)
		for _, f := range []string{"a", "b", "c", "d"} {
			must(b, rec.SetUint(f, uint64(i)))
		}
		must(b, rec.SetText("name", fmt.Sprintf("record %d of many", i)))
		must(b, w.Append(rec.Bytes()))
	}
	must(b, w.SetExit()) // which ends the recording
	name := filepath.Join(dir, "recording")
	_, err := Record(b.Context(), Options{File: name, Targets: []Target{{Name: "page", Path: w.Page().Path()}}, Said: func(string, relaccx.Event, error) {}})
	must(b, err)
	recorded, err := os.ReadFile(name)
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		player := NewPlayer(PlayOptions{Dir: b.TempDir(), Speed: math.Inf(1)})
		r, err := NewReader(bytes.NewReader(recorded), int64(len(recorded)))
		must(b, err)
		if _, err := player.Play(b.Context(), r); err != nil || player.Records() != records {
			b.Fatal(player.Records(), err)
		}
		r.Close()
		must(b, player.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
