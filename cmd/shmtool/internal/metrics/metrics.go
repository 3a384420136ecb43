// Package metrics writes what was measured as OpenMetrics text: what a Prometheus
// server scrapes, and what node_exporter's textfile collector, which knows the
// older text format only, takes as well.
package metrics

import (
	"io"
	"math"
	"strconv"
	"strings"
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
	labels string // as they are written, with their braces; "" for none
	value  float64
}

// The types of families, as OpenMetrics names them.
const (
	gauge   = "gauge"
	counter = "counter"
)

// total is what OpenMetrics wants at the end of a counter's name, but not of its family's.
const total = "_total"

// units stand at the end of a name, as OpenMetrics wants them.
var units = []string{"seconds", "bytes"}

// Labels are names and values of labels in turn.
type Labels []string

// Gauge adds a value that goes up and down.
func (s *Set) Gauge(name, help string, value float64, labels Labels) {
	s.add(name, help, gauge, value, labels)
}

// Counter adds a value that only goes up, but for a beginning anew. Its name ends
// in _total.
func (s *Set) Counter(name, help string, value uint64, labels Labels) {
	s.add(name, help, counter, float64(value), labels)
}

// add adds a metric, unless there is one of that name with the same labels:
// Prometheus refuses a whole text that has one twice, and names are made by others.
func (s *Set) add(name, help, kind string, value float64, labels Labels) {
	if s.byName == nil {
		s.byName, s.have = map[string]*family{}, map[string]bool{}
	}
	f := s.byName[name]
	if f == nil {
		f = &family{name: name, help: help, kind: kind}
		s.byName[name] = f
		s.families = append(s.families, f)
	}
	m := metric{labels.text(), value}
	if key := name + m.labels; !s.have[key] {
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

// text returns labels as they are written. The format knows UTF-8 only: a value that is
// none has its bytes as escapes.
func (l Labels) text() string {
	if len(l) == 0 {
		return ""
	}
	b := []byte{'{'}
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
	return string(append(b, '}'))
}

// escape makes a text of one line that is quoted.
var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// Write writes all families, and the end that tells a whole text from a part.
func (s *Set) Write(w io.Writer) error {
	var b []byte
	for _, f := range s.families {
		b = f.append(b[:0])
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "# EOF\n")
	return err
}

func (f *family) append(b []byte) []byte {
	name := f.name
	if f.kind == counter {
		name = strings.TrimSuffix(name, total)
	}
	b = append(b, "# HELP "+name+" "+escape.Replace(f.help)+"\n# TYPE "+name+" "+f.kind+"\n"...)
	for _, unit := range units {
		if strings.HasSuffix(name, "_"+unit) {
			b = append(b, "# UNIT "+name+" "+unit+"\n"...)
		}
	}
	for _, m := range f.metrics {
		b = append(b, f.name...)
		b = append(b, m.labels...)
		b = append(b, ' ')
		b = appendNumber(b, m.value)
		b = append(b, '\n')
	}
	return b
}

// appendNumber appends a number that is always seen to be a floating-point one.
func appendNumber(b []byte, v float64) []byte {
	if math.IsInf(v, 1) {
		return append(b, "+Inf"...)
	}
	from := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if strings.ContainsAny(string(b[from:]), ".eIN") {
		return b
	}
	return append(b, ".0"...)
}

// Truth returns 1 for what is true, else 0.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
