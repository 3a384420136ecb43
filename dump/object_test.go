package dump_test

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"shmtool/dump"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

func packets(err error, list ...dump.Packet) iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) {
		for _, p := range list {
			if !yield(p, nil) {
				return
			}
		}
		if err != nil {
			yield(dump.Packet{}, err)
		}
	}
}

func viewOf(err error) *dump.PacketView {
	return &dump.PacketView{Name: "MstDatax@0_0", Packets: packets(err,
		dump.Packet{Packet: dtsc.Packet{Time: 1 << 60, Size: 9, Key: true}},
		dump.Packet{Packet: dtsc.Packet{Time: 7, Size: 9, Offset: 9}, Number: 1, Stale: true})}
}

// A narrow terminal does without columns in which nothing stands; those that were
// asked for stay.
func TestPacketTableNarrow(t *testing.T) {
	for _, c := range []struct {
		o    dump.Options
		want string
	}{
		{dump.Options{}, "#  time  track  size  offset  key  bpos  payload_bytes  composition_ms  stale"},
		{dump.Options{Width: 60}, "#  time  track  size  offset  key"},
		{dump.Options{Width: 70}, "#  time  track  size  offset  key  payload_bytes  stale"},
		{dump.Options{Width: 75, Fields: []string{"bpos", "composition_ms", "time", "stale", "payload_bytes", "offset"}}, "bpos  composition_ms  time  stale  payload_bytes  offset"},
		{dump.Options{Width: 60, Fields: []string{"bpos", "composition_ms", "time", "stale", "payload_bytes", "offset"}}, "bpos  composition_ms  time  stale"},
	} {
		var b strings.Builder
		var left []string
		c.o.LeftOut = func(columns []string) { left = columns }
		v := viewOf(nil)
		v.Fields = c.o.Fields
		if err := dump.Table(&b, v, c.o); err != nil {
			t.Fatal(err)
		}
		heading, _, _ := strings.Cut(b.String(), "\n")
		got := strings.Fields(heading)
		if text := strings.Join(got, "  "); text != c.want {
			t.Errorf("%+v: %q, want %q", c.o, text, c.want)
		}
		if all := max(len(c.o.Fields), 10*(1-min(1, len(c.o.Fields)))); len(got)+len(left) != all {
			t.Errorf("%+v: %d columns, %d told to be left out, of %d", c.o, len(got), len(left), all)
		}
	}
}

// An error in the middle comes behind what was before it, in every format, and
// a JSON document ends all the same.
func TestPacketsError(t *testing.T) {
	failure := errors.New("broken")
	for name, render := range map[string]func(w *strings.Builder, v *dump.PacketView) error{
		"json":   func(w *strings.Builder, v *dump.PacketView) error { return dump.JSON(w, v, dump.Options{}) },
		"ndjson": func(w *strings.Builder, v *dump.PacketView) error { return dump.NDJSON(w, v, dump.Options{}) },
		"csv":    func(w *strings.Builder, v *dump.PacketView) error { return dump.CSV(w, v, dump.Options{}) },
		"table":  func(w *strings.Builder, v *dump.PacketView) error { return dump.Table(w, v, dump.Options{}) },
	} {
		var good, bad strings.Builder
		if err := render(&good, viewOf(nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := render(&bad, viewOf(failure)); !errors.Is(err, failure) || bad.String() != good.String() || good.Len() == 0 {
			t.Errorf("%s: %v\n%s\n%s", name, err, bad.String(), good.String())
		}
	}
}

// Secrets are neither in the bytes nor between lines, and long parts are told by
// their size.
func TestHexObject(t *testing.T) {
	parts := []dump.HexPart{
		{Offset: 16, Name: "push #0"},
		{Offset: 16, Bytes: []byte("rtmp://host/live/secretsecret"), Name: "target", Value: "hidden", Secrets: []mist.Span{{From: 17, To: 29}}},
		{Offset: 45, Size: 1000, Name: "payload"},
	}
	var b strings.Builder
	if err := dump.HexObject(&b, slices.Values(parts), dump.HexOptions{}); err != nil {
		t.Fatal(err)
	}
	want := `00000010                                                   push #0
00000010  72 74 6d 70 3a 2f 2f 68 6f 73 74 2f 6c 69 76 65  target              hidden
00000020  2f ** ** ** ** ** ** ** ** ** ** ** **
0000002d  .. × 1000                                        payload
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// Facts that are null are in JSON and not in a table; a string that is no UTF-8
// is its bytes.
func TestFacts(t *testing.T) {
	f := &dump.Facts{Schema: "x/1", Facts: []dump.Fact{
		{Name: "page", Value: dump.Text("a\xff"), Text: `a\xff`}, {Name: "n", Value: uint64(1) << 63}, {Name: "none"},
	}}
	var j, table strings.Builder
	if err := dump.JSON(&j, f, dump.Options{}); err != nil || j.String() != `{"schema":"x/1","page":{"hex":"61ff"},"n":9223372036854775808,"none":null}`+"\n" {
		t.Errorf("%v\n%s", err, j.String())
	}
	if err := dump.Table(&table, f, dump.Options{}); err != nil || table.String() != "page  a\\xff\nn     9223372036854775808\n" {
		t.Errorf("%v\n%s", err, table.String())
	}
	if _, err := dump.Choose(f, []string{"x"}); err == nil {
		t.Error("a fact that there is not was chosen")
	}
}
