package metrics

import (
	"math"
	"strings"
	"testing"
)

// The text is what the OpenMetrics specification wants, byte for byte.
func TestWrite(t *testing.T) {
	var s Set
	s.Gauge("depth", "Depth of \"it\",\nin \\ words.", 3, Labels{"name", "a \"b\"\\\n", "kind", "\xff"})
	s.Gauge("depth", "", 4, Labels{"name", "a \"b\"\\\n", "kind", "\xff"}) // there already
	s.Counter("reloads_total", "Reloads.", 1<<60, nil)
	s.Counter("busy_seconds_total", "Time.", 0, nil)
	for i, v := range []float64{0.5, 1e21, -1, math.Inf(1), math.Inf(-1), math.NaN()} {
		s.Gauge("value", "Values.", v, Labels{"n", string(rune('a' + i))})
	}
	s.State("state", "State.", "is", []string{"up", "down"}, "down", Labels{"n", "1"})
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
# EOF
`
	var b strings.Builder
	if err := s.Write(&b); err != nil || b.String() != want {
		t.Errorf("%v, %s\nwant\n%s", err, b.String(), want)
	}
}
