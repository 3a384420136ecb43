// Package metrics holds what was measured, and writes it as a Prometheus server reads it.
package metrics

import (
	"slices"
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
	numbers  map[string]int // of labels, by their text
	last     labeled        // the labels of the metric before: the next mostly has the same
}

// family is the metrics of one name.
type family struct {
	name, help, kind string
	metrics          []metric
	have             []bool // the labels that it has, by their numbers
}

// labeled is labels as they are written, and the number by which families know them.
type labeled struct {
	labels Labels
	text   string
	number int
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
		s.byName, s.numbers = map[string]*family{}, map[string]int{}
	}
	f := s.byName[name]
	if f == nil {
		f = &family{name: name, help: help, kind: kind}
		s.byName[name] = f
		s.families = append(s.families, f)
	}
	of := s.label(labels)
	if f.has(of.number) {
		return
	}
	m.labels = of.text
	f.metrics = append(f.metrics, m)
}

// label returns labels as they are written.
func (s *Set) label(labels Labels) *labeled {
	if s.last.labels == nil || !slices.Equal(s.last.labels, labels) {
		s.last = labeled{labels: append(s.last.labels[:0], labels...), text: labels.text()}
		number, known := s.numbers[s.last.text]
		if !known {
			number = len(s.numbers)
			s.numbers[s.last.text] = number
		}
		s.last.number = number
	}
	return &s.last
}

// has reports whether the family has labels of a number, and then has them.
func (f *family) has(number int) bool {
	if number >= len(f.have) {
		f.have = append(f.have, make([]bool, number+1-len(f.have))...)
	}
	had := f.have[number]
	f.have[number] = true
	return had
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
	size := 0
	for _, word := range l {
		size += len(word) + len(`="",`)
	}
	b := make([]byte, 0, size)
	for i := 0; i+1 < len(l); i += 2 {
		value := l[i+1]
		if !utf8.ValidString(value) {
			value = mist.EscapeName(value)
		}
		if strings.ContainsAny(value, escaped) {
			value = escape.Replace(value)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, l[i]...), `="`...)
		b = append(append(b, value...), '"')
	}
	return string(b)
}

// escaped are the characters that escape replaces.
const escaped = "\\\n\""

// escape makes a text of one line that can stand in quotes.
var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// Truth returns 1 for what is true, else 0.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
