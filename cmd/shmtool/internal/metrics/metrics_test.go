package metrics

import (
	"math"
	"strings"
	"testing"
	"time"
)

// measured returns metrics of all kinds.
func measured() *Set {
	var s Set
	s.Gauge("depth", "Depth of \"it\",\nin \\ words.", 3, Labels{"name", "a \"b\"\\\n", "kind", "\xff"})
	s.Gauge("depth", "", 4, Labels{"name", "a \"b\"\\\n", "kind", "\xff"}) // there already
	s.Counter("reloads_total", "Reloads.", 1<<60, nil)
	s.Counter("busy_seconds_total", "Time.", 0, nil)
	for i, v := range []float64{0.5, 1e21, -1, math.Inf(1), math.Inf(-1), math.NaN()} {
		s.Gauge("value", "Values.", v, Labels{"n", string(rune('a' + i))})
	}
	s.State("state", "State.", "is", []string{"up", "down"}, "down", Labels{"n", "1"})
	h := NewHistogram(0.5, 1)
	for _, v := range []float64{0.25, 0.5, 0.75, 7} {
		h.Observe(v)
	}
	s.Histogram("wait_seconds", "Waits.", h, Labels{"n", "1"})
	s.Histogram("none_seconds", "None.", NewHistogram(), nil)
	h = h.Clone()
	h.Observe(1)
	s.Look("ls", []string{"a", "b"}, time.UnixMilli(1500))
	s.Look("rate", nil, time.Time{}) // not known
	return &s
}

// The text is what the OpenMetrics specification wants, byte for byte.
func TestWriteOpenMetrics(t *testing.T) {
	const want = `# HELP depth Depth of \"it\",\nin \\ words.
# TYPE depth gauge
depth{name="a \"b\"\\\n",kind="\\xff"} 3.0
# HELP reloads Reloads.
# TYPE reloads counter
reloads_total 1.152921504606847e+18
# HELP busy_seconds Time.
# TYPE busy_seconds counter
# UNIT busy_seconds seconds
busy_seconds_total 0.0
# HELP value Values.
# TYPE value gauge
value{n="a"} 0.5
value{n="b"} 1e+21
value{n="c"} -1.0
value{n="d"} +Inf
value{n="e"} -Inf
value{n="f"} NaN
# HELP state State.
# TYPE state gauge
state{n="1",is="up"} 0.0
state{n="1",is="down"} 1.0
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{n="1",le="0.5"} 2.0
wait_seconds_bucket{n="1",le="1.0"} 3.0
wait_seconds_bucket{n="1",le="+Inf"} 4.0
wait_seconds_sum{n="1"} 8.5
wait_seconds_count{n="1"} 4.0
# HELP none_seconds None.
# TYPE none_seconds histogram
# UNIT none_seconds seconds
none_seconds_bucket{le="+Inf"} 0.0
none_seconds_sum 0.0
none_seconds_count 0.0
# HELP shmtool_look_timestamp_seconds Time of the look that the metrics of a command are from, in seconds since 1970.
# TYPE shmtool_look_timestamp_seconds gauge
# UNIT shmtool_look_timestamp_seconds seconds
shmtool_look_timestamp_seconds{command="ls",chosen="a b"} 1.5
# EOF
`
	var b strings.Builder
	if err := measured().Write(&b, OpenMetrics); err != nil || b.String() != want {
		t.Errorf("%v, %s\nwant\n%s", err, b.String(), want)
	}
}

// Prometheus' own text names a counter's family as its samples, has no units and no end,
// and escapes no quotes in a help.
func TestWritePrometheus(t *testing.T) {
	var b strings.Builder
	if err := measured().Write(&b, Prometheus); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"# HELP depth Depth of \"it\",\\nin \\\\ words.\n# TYPE depth gauge\n",
		"# HELP reloads_total Reloads.\n# TYPE reloads_total counter\nreloads_total 1.152921504606847e+18\n",
		"# TYPE wait_seconds histogram\nwait_seconds_bucket{n=\"1\",le=\"0.5\"} 2.0\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, other := range []string{"# UNIT", "# EOF"} {
		if strings.Contains(text, other) {
			t.Errorf("%q is in\n%s", other, text)
		}
	}
}

// A whole number is written as before there was a short way for it: 'g', with a point.
func TestAppendNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 1: "1.0", 999_999: "999999.0", 1_000_000: "1e+06", 1_234_567: "1.234567e+06",
		-7: "-7.0", 0.1: "0.1", 1.5: "1.5", math.MaxUint64: "1.8446744073709552e+19", 5e-324: "5e-324",
	} {
		if got := string(appendNumber(nil, v)); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// Labels are told apart by what they say, wherever they come in turn, and a caller may use
// the memory of its labels again.
func TestLabelsInTurn(t *testing.T) {
	var s Set
	of := Labels{"a", "1"}
	s.Gauge("x", "X.", 1, of)
	s.Gauge("y", "Y.", 1, of)
	of[1] = "2"
	s.Gauge("x", "X.", 2, of)
	s.Gauge("y", "Y.", 2, nil)
	s.Gauge("x", "X.", 3, Labels{"a", "1"}) // there already
	s.Gauge("y", "Y.", 3, Labels{})         // likewise
	var b strings.Builder
	if err := s.Write(&b, Prometheus); err != nil {
		t.Fatal(err)
	}
	const want = "# HELP x X.\n# TYPE x gauge\nx{a=\"1\"} 1.0\nx{a=\"2\"} 2.0\n# HELP y Y.\n# TYPE y gauge\ny{a=\"1\"} 1.0\ny 2.0\n"
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}
