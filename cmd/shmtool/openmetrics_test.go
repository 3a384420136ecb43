package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/verb/follow"
	"shmtool/cmd/shmtool/internal/verb/list"
	"shmtool/cmd/shmtool/internal/verb/server"
	"shmtool/layout"
	"shmtool/layout/mist"
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

// everyMetric has all metrics that there are, with names that need escapes.
func everyMetric(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pa\"ge\\ \xff\n1")
	if err := os.WriteFile(path, make([]byte, 99), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	age, seconds, alive, key := int64(7), int64(3), true, uint64(900)
	var s metrics.Set
	list.ObjectMetrics(&s, &list.ObjectSight{Entry: object.Entry{
		Name: filepath.Base(path), Info: info, IsPage: true, Kind: "relaccx",
		Header: layout.Header{Status: layout.StatusReady, EndPos: 1 << 40, Deleted: 3, Present: 9},
	}, Age: &age, Writer: 7})
	list.ObjectMetrics(&s, &list.ObjectSight{Entry: object.Entry{Name: "other", Info: info}})
	sessions := 3
	server.StreamMetrics(&s, &streams.Row{Stream: "live+\xff\"", State: "ready", Verdict: "ok", Live: true, InputAlive: &alive, Sessions: &sessions, Tracks: []streams.TrackRow{
		{Index: 1, Type: "video", Codec: "H264\xff", AgeS: &seconds, Alive: &alive, LastMS: 1000, Keys: 1, LastKeyMS: &key},
	}})
	server.FindingMetrics(&s, &server.Examination{
		Moment: &streams.Moment{Streams: []*streams.Stream{{Name: "a\xff", Objects: []*streams.Object{{Is: mist.Object{Kind: mist.KindMeta}}}}}},
		Found:  []finding.Finding{{Code: finding.WriterDead, Severity: finding.Error, Stream: "a\xff"}},
	})
	var m meter.Meter
	start := time.Unix(100, 0)
	m.Begin(start)
	for i := range 9 {
		m.Record(start.Add(time.Duration(i)*time.Second), 8)
		m.Delay(time.Duration(i-3) * time.Millisecond)
	}
	follow.RateMetrics(&s, &follow.RateRow{Stats: m.Window(start.Add(9 * time.Second)), Page: "p", Writer: follow.WriterSight{Pid: 9, Known: true}})
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMetricsParse(t *testing.T) {
	families := parseMetrics(t, everyMetric(t))
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
	if total == nil || total.GetType() != dto.MetricType_COUNTER || total.Metric[0].Counter.GetValue() != 1<<40 {
		t.Errorf("the counter of records is %v", total)
	}
	states := families["mist_stream_state"]
	if len(states.Metric) != len(server.StreamStates()) {
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
	names := []string{`a\b`, "a\\xff", "a\xff", "quo\"te", "line\nend", "esc\x1b", "ü"}
	var s metrics.Set
	for _, name := range append(names, names...) {
		server.StreamMetrics(&s, &streams.Row{Stream: name, State: "ready", Verdict: "ok"})
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range parseMetrics(t, b.String())["mist_stream_tracks"].Metric {
		got = append(got, m.Label[0].GetValue())
	}
	if want := []string{`a\b`, `a\xff`, "quo\"te", "line\nend", "esc\x1b", "ü"}; !slices.Equal(got, want) {
		t.Errorf("labels are %q, want %q", got, want)
	}
}

// The manual lists every metric, and no other.
func TestManualMetrics(t *testing.T) {
	printed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_0-9]+)[{ ]`).FindAllStringSubmatch(everyMetric(t), -1) {
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
	if err := s.Write(&b); err != nil || b.String() != "# EOF\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if len(parseMetrics(t, b.String())) > 0 {
		t.Error("there are metrics")
	}
}
