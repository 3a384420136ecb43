// Package metrics holds what was measured, and writes it as a Prometheus server reads it.
package metrics

import (
	"strings"
	"time"
	"unicode/utf8"

	"shmtool/layout/mist"
)

// Set is metrics by their families, in the order in which they were first
// spoken of.
type Set struct {
	families []*family
	byName   map[string]*family
	have     map[string]bool // name and labels of what has been added
}

// family is the metrics of one name.
type family struct {
	name, help, kind string
	metrics          []metric
}

type metric struct {
	labels    string // as they are written, without their braces; "" for none
	value     float64
	histogram *Histogram // of a histogram; it has no value
}

// The types of families, as both formats name them.
const (
	gauge     = "gauge"
	counter   = "counter"
	histogram = "histogram"
)

// Labels are names and values of labels in turn.
type Labels []string

// Gauge adds a value that goes up and down.
func (s *Set) Gauge(name, help string, value float64, labels Labels) {
	s.add(name, help, gauge, metric{value: value}, labels)
}

// Counter adds a value that only goes up, but for a beginning anew. Its name ends
// in _total.
func (s *Set) Counter(name, help string, value uint64, labels Labels) {
	s.add(name, help, counter, metric{value: float64(value)}, labels)
}

// Histogram adds how values are spread.
func (s *Set) Histogram(name, help string, h *Histogram, labels Labels) {
	s.add(name, help, histogram, metric{histogram: h}, labels)
}

// Look says when a command looked at what it was asked for. A file of metrics that is no
// longer written stays where it is: only this tells its age.
func (s *Set) Look(command string, chosen []string, at time.Time) {
	if at.IsZero() {
		return
	}
	s.Gauge("shmtool_look_timestamp_seconds", "Time of the look that the metrics of a command are from, in seconds since 1970.",
		float64(at.UnixMilli())/1000, Labels{"command", command, "chosen", strings.Join(chosen, " ")})
}

// add adds a metric, unless there is one of that name with the same labels:
// Prometheus refuses a whole text that has one twice, and names are made by others.
func (s *Set) add(name, help, kind string, m metric, labels Labels) {
	if s.byName == nil {
		s.byName, s.have = map[string]*family{}, map[string]bool{}
	}
	f := s.byName[name]
	if f == nil {
		f = &family{name: name, help: help, kind: kind}
		s.byName[name] = f
		s.families = append(s.families, f)
	}
	m.labels = labels.text()
	if key := name + "{" + m.labels; !s.have[key] {
		s.have[key] = true
		f.metrics = append(f.metrics, m)
	}
}

// State adds a gauge for each of the states there are: 1 for the one that it is
// in, 0 for all others, so that none is missing where something looks for it.
func (s *Set) State(name, help, label string, states []string, is string, labels Labels) {
	for _, state := range states {
		s.Gauge(name, help, Truth(state == is), append(labels[:len(labels):len(labels)], label, state))
	}
}

// text returns labels as they are written. The formats know UTF-8 only: a value that is
// none has its bytes as escapes.
func (l Labels) text() string {
	if len(l) == 0 {
		return ""
	}
	var b []byte
	for i := 0; i+1 < len(l); i += 2 {
		value := l[i+1]
		if !utf8.ValidString(value) {
			value = mist.EscapeName(value)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, l[i]...)
		b = append(b, `="`...)
		b = append(b, escape.Replace(value)...)
		b = append(b, '"')
	}
	return string(b)
}

// escape makes a text of one line that can stand in quotes.
var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// Truth returns 1 for what is true, else 0.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
