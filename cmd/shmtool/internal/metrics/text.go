package metrics

import (
	"io"
	"math"
	"strconv"
	"strings"
)

// Format is a text format, by the word that asks for it.
type Format string

// The formats.
const (
	// OpenMetrics is OpenMetrics 1.0: a counter's family is named without _total, a unit has
	// a line of its own, and the text has an end.
	OpenMetrics Format = "openmetrics"
	// Prometheus is Prometheus' own text, version 0.0.4: what the textfile collector of
	// node_exporter reads, and promtool check metrics.
	Prometheus Format = "prometheus"
)

// ContentType returns the MIME type of a text of the format.
func (f Format) ContentType() string {
	if f == OpenMetrics {
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	}
	return "text/plain; version=0.0.4; charset=utf-8"
}

// total is what both formats want at the end of a counter's name, and OpenMetrics not at
// the end of its family's.
const total = "_total"

// units stand at the end of a name.
var units = []string{"seconds", "bytes", "ratio"}

// escapeHelp makes a line of a help in Prometheus' text, which has no quotes to escape.
var escapeHelp = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

// Write writes all families in a format.
func (s *Set) Write(w io.Writer, format Format) error {
	var b []byte
	for _, f := range s.families {
		b = f.appendHead(b[:0], format)
		for i := range f.metrics {
			b = f.appendMetric(b, &f.metrics[i])
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	if format != OpenMetrics {
		return nil
	}
	_, err := io.WriteString(w, "# EOF\n") // it tells a whole text from a part
	return err
}

func (f *family) appendHead(b []byte, format Format) []byte {
	name, help := f.name, escapeHelp.Replace(f.help)
	if format == OpenMetrics {
		help = escape.Replace(f.help)
		if f.kind == counter {
			name = strings.TrimSuffix(name, total)
		}
	}
	b = append(b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+f.kind+"\n"...)
	for _, unit := range units {
		if format == OpenMetrics && strings.HasSuffix(name, "_"+unit) {
			b = append(b, "# UNIT "+name+" "+unit+"\n"...)
		}
	}
	return b
}

func (f *family) appendMetric(b []byte, m *metric) []byte {
	h := m.histogram
	if h == nil {
		return appendSample(b, f.name, m.labels, m.value)
	}
	count := uint64(0)
	for i, n := range h.counts {
		bound := math.Inf(1)
		if i < len(h.bounds) {
			bound = h.bounds[i]
		}
		count += n
		le := `le="` + string(appendNumber(nil, bound)) + `"`
		if m.labels != "" {
			le = m.labels + "," + le
		}
		b = appendSample(b, f.name+"_bucket", le, float64(count))
	}
	b = appendSample(b, f.name+"_sum", m.labels, h.sum)
	return appendSample(b, f.name+"_count", m.labels, float64(count))
}

func appendSample(b []byte, name, labels string, value float64) []byte {
	b = append(b, name...)
	if labels != "" {
		b = append(append(append(b, '{'), labels...), '}')
	}
	return append(appendNumber(append(b, ' '), value), '\n')
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
