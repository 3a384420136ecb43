package metrics

import (
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// Protobuf is the form of Prometheus' data model (io.prometheus.client.MetricFamily) in
// which alone native histograms come: families one behind the other, each with its length.
// A library for it would make tables of messages when any command starts.
const Protobuf Format = "protobuf"

// ProtobufType is the MIME type of Protobuf, without its parameters.
const ProtobufType = "application/vnd.google.protobuf"

// ProtobufParams returns the parameters of ProtobufType that a client must ask for.
func ProtobufParams() map[string]string {
	return map[string]string{"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"}
}

// The numbers of types and fields in metrics.proto of prometheus/client_model.
const (
	familyName, familyHelp, familyType, familyMetric = 1, 2, 3, 4

	metricLabel, metricGauge, metricCounter, metricHistogram = 1, 2, 3, 7

	histogramCount, histogramSum, histogramBucket                 = 1, 2, 3
	histogramSchema, histogramZeroThreshold, histogramZero        = 5, 6, 7
	histogramPositiveSpan, histogramPositiveDelta                 = 12, 13
	bucketCount, bucketBound                                      = 1, 2
	spanOffset, spanLength                                        = 1, 2
	pairName, pairValue                                           = 1, 2
	value                                                         = 1 // of a gauge, of a counter
	kindCounter, kindGauge, kindHistogram                  uint64 = 0, 1, 4
)

// The kinds of values on the wire.
const (
	wireVarint = 0
	wireDouble = 1
	wireBytes  = 2
)

func (s *Set) writeProtobuf(w io.Writer) error {
	var b, m, h message
	var pairs pairTexts
	for _, f := range s.families {
		b = b[:0]
		b.bytes(familyName, f.name)
		b.bytes(familyHelp, f.help)
		b.varint(familyType, map[string]uint64{counter: kindCounter, gauge: kindGauge, histogram: kindHistogram}[f.kind])
		for i := range f.metrics {
			m = append(m[:0], pairs.of(f.metrics[i].labels)...)
			h = h[:0]
			switch {
			case f.kind == histogram:
				h.histogram(f.metrics[i].histogram)
				m.bytes(metricHistogram, string(h))
			case f.kind == counter:
				h.double(value, f.metrics[i].value)
				m.bytes(metricCounter, string(h))
			default:
				h.double(value, f.metrics[i].value)
				m.bytes(metricGauge, string(h))
			}
			b.bytes(familyMetric, string(m))
		}
		if _, err := w.Write(append(binary.AppendUvarint(nil, uint64(len(b))), b...)); err != nil {
			return err
		}
	}
	return nil
}

// message is a message in the making.
type message []byte

func (b *message) key(field, wire uint64) { *b = binary.AppendUvarint(*b, field<<3|wire) }

func (b *message) varint(field, v uint64) {
	b.key(field, wireVarint)
	*b = binary.AppendUvarint(*b, v)
}

// zigzag appends a number that may be negative.
func (b *message) zigzag(field uint64, v int64) { b.varint(field, uint64(v<<1^v>>63)) }

func (b *message) double(field uint64, v float64) {
	b.key(field, wireDouble)
	*b = binary.LittleEndian.AppendUint64(*b, math.Float64bits(v))
}

func (b *message) bytes(field uint64, v string) {
	b.key(field, wireBytes)
	*b = append(binary.AppendUvarint(*b, uint64(len(v))), v...)
}

// histogram appends the buckets with bounds and the native ones: the client takes those that
// it wants.
func (b *message) histogram(h *Histogram) {
	count := uint64(0)
	for i, n := range h.counts {
		count += n
		if i < len(h.bounds) { // the last is the count of all
			var bucket message
			bucket.varint(bucketCount, count)
			bucket.double(bucketBound, h.bounds[i])
			b.bytes(histogramBucket, string(bucket))
		}
	}
	b.varint(histogramCount, count)
	b.double(histogramSum, h.sum)
	b.zigzag(histogramSchema, nativeSchema)
	b.double(histogramZeroThreshold, zeroThreshold)
	b.varint(histogramZero, h.zeros)
	var spans, deltas message
	next, was := 0, int64(0)
	for i := 0; i < len(h.native); i++ {
		if h.native[i] == 0 {
			continue
		}
		from, to := i, i
		for ; to < len(h.native) && h.native[to] != 0; to++ {
			deltas.zigzag(histogramPositiveDelta, int64(h.native[to])-was)
			was = int64(h.native[to])
		}
		at := h.first + from
		var span message
		span.zigzag(spanOffset, int64(at-next))
		span.varint(spanLength, uint64(to-from))
		spans.bytes(histogramPositiveSpan, string(span))
		next, i = h.first+to, to
	}
	if len(spans) == 0 { // a span of nothing says that the histogram is native
		var span message
		span.zigzag(spanOffset, 0)
		span.varint(spanLength, 0)
		spans.bytes(histogramPositiveSpan, string(span))
	}
	*b = append(append(*b, spans...), deltas...)
}

// pairTexts are the labels of the metric before, as texts have them and as messages do: many
// metrics in turn have the same.
type pairTexts struct {
	text  string
	pairs message
}

// of returns labels that are written as a text has them, as messages.
func (p *pairTexts) of(text string) message {
	if text == p.text {
		return p.pairs
	}
	p.text, p.pairs = text, p.pairs[:0]
	for text != "" {
		name, rest, _ := strings.Cut(text, `="`)
		end := 0
		for rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		var pair message
		pair.bytes(pairName, name)
		pair.bytes(pairValue, unescape.Replace(rest[:end]))
		p.pairs.bytes(metricLabel, string(pair))
		text = strings.TrimPrefix(rest[end+1:], ",")
	}
	return p.pairs
}

// unescape undoes escape.
var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`)
