package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/relaccx"
)

// The test binary is also what benchmarks start: as a part, it does its work.
func TestMain(m *testing.M) {
	if IsPart(os.Args, os.Getenv) {
		os.Exit(RunPart(os.Getenv))
	}
	os.Exit(m.Run())
}

// go test ./cmd/shmtool/internal/bench -run - -bench . runs what the command runs.
func BenchmarkWork(b *testing.B) {
	for _, one := range works() {
		b.Run(one.Name, func(b *testing.B) {
			w, err := one.Open(shmTemp(b))
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			b.ReportAllocs()
			b.ResetTimer()
			if err := w.Do(b.N); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/w.per(), "ns/record")
		})
	}
}

func shmTemp(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(relaccx.ShmDir, "shmtool-test-")
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Work in this process does what it says it does, without allocating memory for a record.
func TestWorkAllocatesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("short") // the race detector takes its time for a million records
	}
	for _, one := range works() {
		w, err := one.Open(t.TempDir())
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		times := 64
		if w.Per > 1 {
			times = 1
		}
		allocs := testing.AllocsPerRun(5, func() {
			if err := w.Do(times); err != nil {
				t.Errorf("%s: %v", one.Name, err)
			}
		})
		if perRecord := allocs / float64(times) / w.per(); perRecord > 0.1 {
			t.Errorf("%s: %.2f allocations a record", one.Name, perRecord)
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
}

// The records that appending leaves are those that it was to write.
func TestAppendWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := openAppend(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Do(2500); err != nil {
		t.Fatal(err)
	}
	p, err := relaccx.Open(filepath.Join(dir, "page"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	var rec relaccx.Record
	if err := r.Read(ring+2499, &rec); err != nil {
		t.Fatal(err)
	}
	c, _ := rec.Uint("c")
	name, _ := rec.Text("name")
	if c != 2499 || name != text {
		t.Errorf("c %d, name %q", c, name)
	}
	if h, err := p.Header(); err != nil || h.EndPos != ring+2500 || h.Present != ring {
		t.Errorf("%+v, %v", h, err)
	}
}

// Each pair of processes sees what it publishes, and the way before RelAccX takes about
// a second where the others take milliseconds.
func TestLatencies(t *testing.T) {
	if !kernel.Linux {
		t.Skip("needs Linux")
	}
	t.Parallel()
	dir := t.TempDir()
	results, err := Run(t.Context(), Options{Dir: dir, ProcDir: "/proc", Time: 30 * time.Millisecond, Names: []string{"latency_spin", "latency_futex", "latency_poll", "loss_at_rate"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results[:3] {
		if r.N == 0 || r.Value <= 0 || r.P50 > r.P99 || r.P99 > r.Max || r.Value != r.P50 {
			t.Errorf("%+v", r)
		}
	}
	if r := results[3]; r.N == 0 || r.Value < 0 || r.Value > 100 {
		t.Errorf("%+v", r)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// The frames of the way before RelAccX wait for the writer's second and the reader's.
func TestLocked(t *testing.T) {
	if testing.Short() || os.Getenv("SHMTOOL_LONG_TESTS") != "1" {
		t.Skip("takes 8 seconds; set SHMTOOL_LONG_TESTS=1")
	}
	results, err := Run(t.Context(), Options{Dir: t.TempDir(), ProcDir: "/proc", Time: time.Millisecond, Names: []string{"latency_locked_1s"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range results {
		names = append(names, r.Name)
		if r.P50 < 0.5e9 || r.P50 > 2e9 || r.N < 50 {
			t.Errorf("%+v", r)
		}
	}
	if !slices.Equal(names, []string{"latency_locked_1s", "latency_locked_1s_10", "latency_locked_1s_100", "latency_locked_1s_1000"}) {
		t.Error(names)
	}
}

// All names of the contract are there, once each.
func TestNames(t *testing.T) {
	t.Parallel()
	want := []string{
		"append", "append_notify", "read_handle", "read_name", "scan", "latency_spin", "latency_futex", "latency_poll",
		"latency_locked_1s", "dump_ndjson", "dump_json", "dump_table", "dump_rax", "append_ndjson", "append_csv", "start",
		"push_alone", "nested_header", "where", "scan_column", "followers_0_1000", "loss_at_rate", "replay", "ls_1000",
		"streams_300", "scrape_300", "save_all", "idle_1", "idle_500",
	}
	got := Names()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v\nnot %v", got, want)
	}
}

// A run that is interrupted ends with its context's error, and leaves nothing.
func TestInterrupted(t *testing.T) {
	if !kernel.Linux {
		t.Skip("needs Linux")
	}
	t.Parallel()
	for _, name := range []string{"append", "latency_futex"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		said := func(string, int, int) { time.AfterFunc(20*time.Millisecond, cancel) }
		_, err := Run(ctx, Options{Dir: dir, Time: time.Hour, Names: []string{name}, Said: said})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left: %v, %v", name, left, err)
		}
	}
}

// What a killed run has left goes with the next one; what a living one uses stays, and so
// does what has another name.
func TestLeftOvers(t *testing.T) {
	if !kernel.Linux {
		t.Skip("needs Linux")
	}
	t.Parallel()
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{prefix + "1-killed", prefix + "2-living", "MstMetalive", prefix + "3-new"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "files"), 0o700); err != nil {
			t.Fatal(err)
		}
		if name != prefix+"3-new" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	living, err := os.Open(filepath.Join(dir, prefix+"2-living"))
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	if err := kernel.Flock(living, kernel.Exclusive); err != nil {
		t.Fatal(err)
	}
	removeLeft(dir)
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"MstMetalive", prefix + "2-living", prefix + "3-new"}) {
		t.Error(names)
	}
}

// A result is slower beyond the noise of both runs, and not within it.
func TestCompare(t *testing.T) {
	t.Parallel()
	before, err := ReadBefore([]byte(`{"schema":"shmtool.bench/1","results":[
		{"name":"append","unit":"ns/record","value":20,"noise":0.1},
		{"name":"idle_1","unit":"% of a core","value":0,"noise":0}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		r              Result
		slower, faster bool
	}{
		{Result{Name: "append", Unit: "ns/record", Value: 23.9, Noise: 0.1}, false, false},
		{Result{Name: "append", Unit: "ns/record", Value: 24.1, Noise: 0.1}, true, false},
		{Result{Name: "append", Unit: "ns/record", Value: 15.9, Noise: 0.1}, false, true},
		{Result{Name: "append", Unit: "ns/record", Value: 22.1, Noise: 0}, true, false},
		{Result{Name: "append", Unit: "ns/record", Value: 4.8, Noise: 3}, false, true}, // a noise of 100 % and more hides nothing that is far away
		{Result{Name: "append", Unit: "ns/record", Value: 4.9, Noise: 3}, false, false},
		{Result{Name: "idle_1", Unit: "% of a core", Value: 0.09}, false, false},
		{Result{Name: "idle_1", Unit: "% of a core", Value: 0.11}, true, false},
	} {
		c, found := before.Compare(&tt.r)
		if !found || c.Slower != tt.slower || c.Faster != tt.faster {
			t.Errorf("%+v: %+v, %v", tt.r, c, found)
		}
	}
	if _, found := before.Compare(&Result{Name: "append", Unit: "ms"}); found {
		t.Error("another unit is compared")
	}
	if got := before.Names(); !slices.Equal(got, []string{"append", "idle_1"}) {
		t.Error(got)
	}
	for _, text := range []string{"", "[]", `{"schema":"shmtool.page/1","results":[{"name":"append"}]}`, `{"schema":"shmtool.bench/1"}`} {
		if _, err := ReadBefore([]byte(text)); !errors.Is(err, ErrNoResults) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Values come from the least pieces, noise from how far apart the rounds are.
func TestResults(t *testing.T) {
	t.Parallel()
	r := resultOf([]*sample{{costs: []float64{10, 30, 20}, n: 3}, {costs: []float64{12, 11, 500}, n: 3, note: "n"}})
	if r.Value != 10 || r.Min != 10 || r.Max != 500 || r.P50 != 20 || r.N != 6 || r.Note != "n" || r.Noise < 0.09 || r.Noise > 0.11 {
		t.Errorf("%+v", r)
	}
	r = resultOf([]*sample{{direct: []float64{1, 2, 3}}})
	if r.Value != 2 || r.Noise != 2 {
		t.Errorf("%+v", r)
	}
}
