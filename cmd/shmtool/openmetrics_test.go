package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// parseMetrics reads a text with both parsers of Prometheus: that of OpenMetrics,
// and the older one that node_exporter has.
func parseMetrics(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	classic, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("as Prometheus text: %v\n%s", err, text)
	}
	format, err := expfmt.NewOpenMetricsFormat(expfmt.OpenMetricsVersion_1_0_0)
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(strings.NewReader(text), format); ; {
		var f dto.MetricFamily
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("as OpenMetrics: %v\n%s", err, text)
		}
		families[f.GetName()] = &f
	}
	if !strings.HasSuffix(text, "# EOF\n") || strings.Count(text, "# EOF\n") != 1 {
		t.Error("it does not end once, with # EOF")
	}
	count := func(m map[string]*dto.MetricFamily) (n int) {
		for _, f := range m {
			n += len(f.Metric)
		}
		return n
	}
	if a, b := count(families), count(classic); a != b {
		t.Errorf("%d samples as OpenMetrics, %d as Prometheus text", a, b)
	}
	return families
}

// everyMetric returns the texts of all metrics that commands print: on a world with a stream whose
// processes set its speed, its statistics, a page whose name needs escapes, and a page that is being written.
func everyMetric(t *testing.T) []string {
	t.Helper()
	w, dir := sampleWorld(t)
	state := make([]byte, 112) // as the fork FrameWorks makes it, with a speed and a capacity
	state[0], state[8], state[16], state[72] = byte(mist.StateReady), 2, 9, 1
	w.Object("MstSTATElive", state)
	w.Object("MstStat", samplePage(t, mist.KindStatistics).Bytes)
	w.Object("pa\"ge\\ \xff\n1", samplePage(t, mist.KindUsers).Change(func(h *layout.Header) { h.EndPos, h.Deleted = 1<<40, 1<<40-3 }).Bytes)
	config, err := dtsc.Pack(nil, []byte(`{"DVR":50000}`))
	if err != nil {
		t.Fatal(err)
	}
	page := streamstest.NewPage(t, mist.ConfigTemplate(uint32(len(config))))
	copy(page.Record(0), config)
	w.Object("MstSCnflive", page.Bytes)
	texts := rateMetricsOf(t)
	for _, args := range [][]string{{"ls", "--all"}, {"streams"}, {"doctor", "--sample", "0"}} {
		texts = append(texts, metricsOf(t, dir, args...))
	}
	return texts
}

// promtool finds nothing to complain about: names, units, types and helps are as the makers
// of Prometheus want them.
func TestMetricsLint(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	w, dir := sampleWorld(t)
	w.Sample("a\"b\\\xff")
	for _, args := range [][]string{{"ls", "--all"}, {"streams"}, {"doctor", "--sample", "0"}} {
		r := runIn(t, dir, "", append(args, "-o", "prometheus")...)
		check := exec.Command(promtool, "check", "metrics")
		check.Stdin = strings.NewReader(r.stdout)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func samplePage(t *testing.T, kind mist.Kind) *streamstest.Page {
	t.Helper()
	template, ok := kind.Template()
	if !ok {
		t.Fatalf("no template of %s", kind)
	}
	return streamstest.NewPage(t, template)
}

// metricsOf returns the metrics that a command prints, without their end.
func metricsOf(t *testing.T, dir string, args ...string) string {
	t.Helper()
	r := runIn(t, dir, "", append(args, "-o", "openmetrics")...)
	text, whole := strings.CutSuffix(r.stdout, "# EOF\n")
	if !whole || r.code != fail.ExitOK && r.code != fail.ExitFindings {
		t.Fatalf("%v: exit code %d, %s\n%s", args, r.code, r.stderr, r.stdout)
	}
	return text
}

// rateMetricsOf returns the metrics of a page that this process writes meanwhile, and what
// the doctor says of the file system that it lies in.
func rateMetricsOf(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	shm := filepath.Join(dir, "shm")
	if err := errors.Join(os.Mkdir(shm, 0o700), os.Symlink("/proc", filepath.Join(dir, "proc"))); err != nil {
		t.Fatal(err)
	}
	fields, err := layout.ParseSchema("time:uint64\n")
	if err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.Create(filepath.Join(shm, "p"), layout.Shape{Schema: fields, RecordCount: 1000}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for ctx.Err() == nil {
			rec, err := w.NewRecord()
			if err = errors.Join(err, rec.SetUint("time", uint64(time.Now().UnixMilli()))); err == nil {
				err = w.AppendOverwrite(rec.Bytes())
			}
			if err != nil {
				t.Error(err)
				return
			}
			_ = pause.For(ctx, time.Millisecond)
		}
	})
	defer func() {
		stop()
		writing.Wait()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	for interval := 20 * time.Millisecond; ; interval *= 2 { // two records at least must come within it
		text := metricsOf(t, dir, "rate", "p", "--time", "time", "--count", "1", "--interval", interval.String())
		if strings.Contains(text, "_interval_") && strings.Contains(text, "_delay_") || t.Failed() || interval > 5*time.Second {
			return []string{text, metricsOf(t, dir, "doctor", "--sample", "0")}
		}
	}
}

func TestMetricsParse(t *testing.T) {
	t.Parallel()
	families := map[string]*dto.MetricFamily{}
	for _, text := range everyMetric(t) {
		maps.Copy(families, parseMetrics(t, text+"# EOF\n"))
	}
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s: no help", name)
		}
		for _, unit := range []string{"seconds", "bytes"} {
			if strings.HasSuffix(name, "_"+unit) && f.GetUnit() != unit {
				t.Errorf("%s: unit %q", name, f.GetUnit())
			}
		}
	}
	total := families["relaccx_page_records"]
	if total == nil {
		total = families["relaccx_page_records_total"]
	}
	if total == nil || total.GetType() != dto.MetricType_COUNTER || !slices.ContainsFunc(total.Metric, func(m *dto.Metric) bool { return m.Counter.GetValue() == 1<<40 }) {
		t.Errorf("the counter of records is %v", total)
	}
	states := families["mist_stream_state"]
	if len(states.Metric) != len(mist.StateNames)+1 { // and unknown
		t.Errorf("%d states", len(states.Metric))
	}
	sum := 0.0
	for _, m := range states.Metric {
		sum += m.Gauge.GetValue()
	}
	if sum != 1 {
		t.Errorf("a stream is in %v states", sum)
	}
}

// A label holds the name itself: the format's own escapes are the only ones. Names
// that are no UTF-8 are told apart, and no sample comes twice.
func TestMetricsLabels(t *testing.T) {
	t.Parallel()
	names := []string{`a\b`, "a\\xff", "a\xff", "quo\"te", "line\nend", "esc\x1b", "ü"}
	w, dir := sampleWorld(t)
	for _, name := range names {
		w.Sample(name)
	}
	var got []string
	for _, m := range parseMetrics(t, metricsOf(t, dir, "streams")+"# EOF\n")["mist_stream_tracks"].Metric {
		got = append(got, m.Label[0].GetValue())
	}
	want := []string{`a\b`, `a\xff`, "quo\"te", "line\nend", "esc\x1b", "ü", "live"}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("labels are %q, want %q", got, want)
	}
}

// servedMetrics are those that serve alone has, which TestServe looks for in the manual.
var servedMetrics = []string{
	"mist_track_part_interval_seconds", "mist_track_parts_lost_total", "mist_track_reloads_total",
	"shmtool_build_info", "shmtool_look_duration_seconds",
}

// The manual lists every metric, and no other.
func TestManualMetrics(t *testing.T) {
	t.Parallel()
	printed := map[string]bool{}
	for _, name := range servedMetrics {
		printed[name] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_0-9]+)[{ ]`).FindAllStringSubmatch(strings.Join(everyMetric(t), ""), -1) {
		printed[m[1]] = true
	}
	var listed []string
	for _, line := range section(t, manSections(t, "shmtool.1"), "METRICS").lines {
		if name, ok := strings.CutPrefix(line, ".Li "); ok {
			listed = append(listed, name)
		}
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(printed)); !slices.Equal(want, listed) {
		t.Errorf("METRICS lists %v\nthere are %v", listed, want)
	}
}

func TestMetricsOfNothing(t *testing.T) {
	var s metrics.Set
	var b bytes.Buffer
	if err := s.Write(&b, metrics.OpenMetrics); err != nil || b.String() != "# EOF\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if len(parseMetrics(t, b.String())) > 0 {
		t.Error("there are metrics")
	}
}
