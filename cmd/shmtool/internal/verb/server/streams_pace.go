package server

import (
	"fmt"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// The pace is how fast a fork of MistServer works on a stream whose processes set the
// speed of their source.

// speedCell returns the speed that the source is asked for now.
func speedCell(p *streams.PaceRow) dump.Cell {
	if p == nil {
		return dump.Cell{}
	}
	return dump.Cell{Value: p.Speed, Text: times(float64(p.Speed))}
}

// times returns a speed as a multiple of the speed at which the media plays.
func times(speed float64) string { return strconv.FormatFloat(speed, 'g', 3, 64) + "x" }

// paceText returns the speed, what was reached, and what has limited it, in one line;
// "" when the stream has none.
func paceText(p *streams.PaceRow) string {
	if p == nil {
		return ""
	}
	text := "speed " + times(float64(p.Speed))
	if p.Ticks > 0 {
		text += fmt.Sprintf(" (%s to %s, %s on average)", times(float64(p.Min)), times(float64(p.Max)), times(p.Average))
	}
	parts := []string{text}
	if p.Input > 0 || p.Output > 0 {
		parts = append(parts, fmt.Sprintf("reached %s in, %s out", times(p.Input), times(p.Output)))
	}
	if p.Capacity != nil {
		parts = append(parts, "processes can do "+times(*p.Capacity))
	}
	if limits := paceLimits(p); len(limits) > 0 {
		parts = append(parts, fmt.Sprintf("of %s: %s", units.Counted(p.Ticks, "tick", "ticks"), strings.Join(limits, ", ")))
	}
	if p.OutputsExpected != nil {
		parts = append(parts, units.Counted(*p.OutputsExpected, "output expected", "outputs expected"))
	}
	return strings.Join(parts, "; ")
}

// paceLimit is a reason for ticks in which the speed was not what it could be.
type paceLimit struct {
	by    string // in the label of a metric
	text  string
	ticks uint64
}

func limitsOf(p *streams.PaceRow) []paceLimit {
	return []paceLimit{
		{"source", "limited by the source", p.SourceLimited},
		{"processor", "limited by a process", p.ProcessLimited},
		{"node", "limited by the machine", p.NodeLimited},
		{"hard_slow", "cut", p.HardSlow},
		{"slow", "lowered", p.Slow},
		{"lockout", "locked after a cut", p.Lockout},
		{"stale_hold", "held for a process that does not report", p.StaleHold},
		{"warmup", "warming up", p.Warmup},
	}
}

func paceLimits(p *streams.PaceRow) (texts []string) {
	for _, l := range limitsOf(p) {
		if l.ticks > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", l.ticks, l.text))
		}
	}
	return texts
}

func paceMetrics(s *metrics.Set, p *streams.PaceRow, of metrics.Labels) {
	s.Gauge("mist_stream_speed_ratio", "Speed that a stream's source is asked for: 1 is as fast as the media plays.", float64(p.Speed), of)
	s.Gauge("mist_stream_speed_average_ratio", "The same, on average since the buffer began.", p.Average, of)
	s.Gauge("mist_stream_input_speed_ratio", "Speed at which a stream's processes got their input, on average.", p.Input, of)
	s.Gauge("mist_stream_output_speed_ratio", "Speed at which a stream's processes made their output, on average.", p.Output, of)
	if p.Capacity != nil {
		s.Gauge("mist_stream_capacity_ratio", "Speed that a stream's processes could reach, on average.", *p.Capacity, of)
	}
	s.Counter("mist_stream_speed_ticks_total", "Rounds in which a stream's buffer set the speed.", p.Ticks, of)
	s.Counter("mist_stream_speed_ramp_ups_total", "Rounds in which the speed rose.", p.RampUps, of)
	for _, l := range limitsOf(p) {
		s.Counter("mist_stream_speed_limited_ticks_total", "Rounds in which the speed was limited, by what.", l.ticks, append(of[:len(of):len(of)], "by", l.by))
	}
}
