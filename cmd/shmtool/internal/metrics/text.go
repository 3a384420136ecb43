package metrics

import (
	"bytes"
	"io"
	"math"
	"slices"
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
	switch f {
	case OpenMetrics:
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	case Protobuf:
		return ProtobufType + "; proto=io.prometheus.client.MetricFamily; encoding=delimited"
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

// writeBytes is how much of a text is written at a time.
const writeBytes = 32 << 10

// Write writes all families in a format.
func (s *Set) Write(w io.Writer, format Format) error {
	if format == Protobuf {
		return s.writeProtobuf(w)
	}
	var b []byte
	for _, f := range s.families {
		b = f.appendHead(b, format)
		var bounds boundTexts
		for i := range f.metrics {
			if b = f.appendMetric(b, &f.metrics[i], &bounds); len(b) < writeBytes {
				continue
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	if _, err := w.Write(b); err != nil {
		return err
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

// appendMetric appends a metric. bounds has the bounds of the histogram before, as they are
// written: all of a family have the same, mostly.
func (f *family) appendMetric(b []byte, m *metric, bounds *boundTexts) []byte {
	h := m.histogram
	if h == nil {
		return appendSample(b, f.name, "", m.labels, "", m.value)
	}
	count := uint64(0)
	for i, le := range bounds.of(h) {
		count += h.counts[i]
		b = appendSample(b, f.name, "_bucket", m.labels, le, float64(count))
	}
	b = appendSample(b, f.name, "_sum", m.labels, "", h.sum)
	return appendSample(b, f.name, "_count", m.labels, "", float64(count))
}

// boundTexts are the labels of the buckets of a histogram, as they are written.
type boundTexts struct {
	bounds []float64
	texts  []string
}

// of returns the labels of a histogram's buckets: le="0.5".
func (t *boundTexts) of(h *Histogram) []string {
	if t.texts == nil || !slices.Equal(t.bounds, h.bounds) {
		t.bounds, t.texts = h.bounds, nil
		for _, bound := range append(slices.Clone(h.bounds), math.Inf(1)) {
			t.texts = append(t.texts, `le="`+string(appendNumber(nil, bound))+`"`)
		}
	}
	return t.texts
}

// appendSample appends a line: of the metric's labels, and one more.
func appendSample(b []byte, name, suffix, labels, more string, value float64) []byte {
	b = append(append(b, name...), suffix...)
	if labels != "" || more != "" {
		b = append(append(b, '{'), labels...)
		if labels != "" && more != "" {
			b = append(b, ',')
		}
		b = append(append(b, more...), '}')
	}
	return append(appendNumber(append(b, ' '), value), '\n')
}

// plainBelow is up to where a whole number is written without an exponent.
const plainBelow = 1e6

// appendNumber appends a number that is always seen to be a floating-point one.
func appendNumber(b []byte, v float64) []byte {
	if v > 0 && v < plainBelow && v == math.Trunc(v) || v == 0 && !math.Signbit(v) {
		return append(strconv.AppendUint(b, uint64(v), 10), ".0"...)
	}
	if math.IsInf(v, 1) {
		return append(b, "+Inf"...)
	}
	from := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if bytes.ContainsAny(b[from:], ".eIN") {
		return b
	}
	return append(b, ".0"...)
}
