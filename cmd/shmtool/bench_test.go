package main

import (
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/bench"
)

// BenchmarkNames measures what shmtool bench measures, by the same code.
// go test ./cmd/shmtool -run - -bench Names/start -benchtime 1x
func BenchmarkNames(b *testing.B) {
	for _, name := range bench.Names() {
		b.Run(name, func(b *testing.B) {
			dir := shmTemp(b)
			for b.Loop() {
				results, err := bench.Run(b.Context(), bench.Options{Dir: dir, ProcDir: "/proc", Names: []string{name}, Time: 100 * time.Millisecond})
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range results {
					b.ReportMetric(r.Value, unitOf(r))
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// unitOf returns a result's unit as a benchmark can have it: without blanks, and with the
// name where one name has several results.
func unitOf(r *bench.Result) string {
	unit := map[string]string{"% lost": "%lost", "% of a core": "%core"}[r.Unit]
	if unit == "" {
		unit = r.Unit
	}
	return r.Name + ":" + unit
}
