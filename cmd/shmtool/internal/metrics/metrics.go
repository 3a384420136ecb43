// Package metrics writes what was measured as OpenMetrics text: what a Prometheus
// server scrapes, and what node_exporter's textfile collector, which knows the
// older text format only, takes as well.
package metrics

import (
	"io"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"shmtool/layout/mist"
)

// Set is metrics by their families, in the order in which they were first
// spoken of.
type Set struct {
	families []*dto.MetricFamily
	byName   map[string]*dto.MetricFamily
	have     map[string]bool // name and labels of what has been added
}

// Labels are names and values of labels in turn.
type Labels []string

// Units that stand at the end of a name, as OpenMetrics wants them.
var units = []string{"seconds", "bytes"}

// Gauge adds a value that goes up and down.
func (s *Set) Gauge(name, help string, value float64, labels Labels) {
	s.add(s.family(name, help, dto.MetricType_GAUGE), &dto.Metric{Label: pairs(labels), Gauge: &dto.Gauge{Value: &value}})
}

// Counter adds a value that only goes up, but for a beginning anew. Its name ends
// in _total.
func (s *Set) Counter(name, help string, value uint64, labels Labels) {
	v := float64(value)
	s.add(s.family(name, help, dto.MetricType_COUNTER), &dto.Metric{Label: pairs(labels), Counter: &dto.Counter{Value: &v}})
}

// add adds a metric, unless there is one of that name with the same labels:
// Prometheus refuses a whole text that has one twice, and names are made by others.
func (s *Set) add(f *dto.MetricFamily, m *dto.Metric) {
	key := f.GetName()
	for _, l := range m.Label {
		key += "\xff" + l.GetName() + "\xff" + l.GetValue() // which no UTF-8 has in it
	}
	if s.have[key] {
		return
	}
	if s.have == nil {
		s.have = map[string]bool{}
	}
	s.have[key] = true
	f.Metric = append(f.Metric, m)
}

// State adds a gauge for each of the states there are: 1 for the one that it is
// in, 0 for all others, so that none is missing where something looks for it.
func (s *Set) State(name, help, label string, states []string, is string, labels Labels) {
	for _, state := range states {
		value := 0.0
		if state == is {
			value = 1
		}
		s.Gauge(name, help, value, append(labels[:len(labels):len(labels)], label, state))
	}
}

func (s *Set) family(name, help string, kind dto.MetricType) *dto.MetricFamily {
	if f := s.byName[name]; f != nil {
		return f
	}
	f := &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
	for _, unit := range units {
		if strings.HasSuffix(strings.TrimSuffix(name, "_total"), "_"+unit) {
			f.Unit = &unit
		}
	}
	if s.byName == nil {
		s.byName = map[string]*dto.MetricFamily{}
	}
	s.byName[name] = f
	s.families = append(s.families, f)
	return f
}

// pairs returns labels as they are written: the format has escapes of its own, and
// knows UTF-8 only. A value that is none has its bytes as escapes.
func pairs(labels Labels) []*dto.LabelPair {
	var out []*dto.LabelPair
	for i := 0; i+1 < len(labels); i += 2 {
		value := labels[i+1]
		if !utf8.ValidString(value) {
			value = mist.EscapeName(value)
		}
		out = append(out, &dto.LabelPair{Name: &labels[i], Value: &value})
	}
	return out
}

// Write writes all families, and the end that tells a whole text from a part.
func (s *Set) Write(w io.Writer) error {
	for _, f := range s.families {
		if _, err := expfmt.MetricFamilyToOpenMetrics(w, f); err != nil {
			return err
		}
	}
	_, err := expfmt.FinalizeOpenMetrics(w)
	return err
}

// Truth returns 1 for what is true, else 0.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
