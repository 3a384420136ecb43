package metrics

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// decoded returns a set as Prometheus' own library reads it in a format.
func decoded(t *testing.T, s *Set, format Format, as expfmt.FormatType) map[string]*dto.MetricFamily {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	families := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(&b, expfmt.NewFormat(as)); ; {
		var f dto.MetricFamily
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			return families
		} else if err != nil {
			t.Fatal(err)
		}
		families[f.GetName()] = &f
	}
}

// The message says what the text says.
func TestWriteProtobuf(t *testing.T) {
	s := measured()
	messages, texts := decoded(t, s, Protobuf, expfmt.TypeProtoDelim), decoded(t, s, Prometheus, expfmt.TypeTextPlain)
	if len(messages) != len(texts) || len(messages) < 8 {
		t.Errorf("%d families, the text has %d", len(messages), len(texts))
	}
	for name, f := range messages {
		for _, m := range f.Metric {
			if h := m.Histogram; h != nil {
				h.Schema, h.ZeroThreshold, h.ZeroCount, h.PositiveSpan, h.PositiveDelta = nil, nil, nil, nil, nil
				h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: h.SampleCount, UpperBound: ptr(math.Inf(1))})
			}
		}
		if diff := cmp.Diff(texts[name].String(), f.String()); diff != "" {
			t.Errorf("%s: -text +message:\n%s", name, diff)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// Each value lies within the bounds of its native bucket, and all are counted.
func TestNativeHistogram(t *testing.T) {
	for _, values := range [][]float64{
		nil, {0}, {1}, {0.04, 0.04, 0.02, 7, 0, 0.001, 65.535, 0.5, 1, 2, 4, 0.25}, {1000, 1e-9},
	} {
		h := NewHistogram(1)
		within := map[int]uint64{} // by the number of the bucket, reckoned in another way
		zeros := uint64(0)
		for _, v := range values {
			h.Observe(v)
			if v == 0 {
				zeros++
				continue
			}
			n := int(math.Ceil(math.Log2(v)*nativeBase - 1e-9))
			within[n]++
		}
		var s Set
		s.Histogram("x", "X.", h.Clone(), nil)
		m := decoded(t, &s, Protobuf, expfmt.TypeProtoDelim)["x"].Metric[0].Histogram
		if m.GetSampleCount() != uint64(len(values)) || m.GetZeroCount() != zeros || m.GetSchema() != nativeSchema || len(m.PositiveSpan) == 0 {
			t.Errorf("%v: %v", values, m)
		}
		found := map[int]uint64{}
		at, next, count := 0, 0, int64(0)
		for _, span := range m.PositiveSpan {
			at += int(span.GetOffset())
			for range span.GetLength() {
				count += m.PositiveDelta[next]
				found[at] = uint64(count)
				at, next = at+1, next+1
			}
		}
		if diff := cmp.Diff(within, found); diff != "" || next != len(m.PositiveDelta) {
			t.Errorf("%v: -want +got:\n%s\n%v", values, diff, m)
		}
	}
}

// Labels with all that is escaped come back as they were.
func TestPairs(t *testing.T) {
	const odd = "a\\\"b\nc,d=\"e\\n"
	var s Set
	s.Gauge("x", "X.", 1, Labels{"one", odd, "two", ""})
	m := decoded(t, &s, Protobuf, expfmt.TypeProtoDelim)["x"].Metric[0]
	if len(m.Label) != 2 || m.Label[0].GetValue() != odd || m.Label[1].GetName() != "two" || m.Label[1].GetValue() != "" {
		t.Errorf("%v", m)
	}
	if !strings.Contains(Protobuf.ContentType(), "delimited") {
		t.Error(Protobuf.ContentType())
	}
}
