package layout

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Every byte of the header belongs to one value, and each value to its bytes.
func TestHeaderBytes(t *testing.T) {
	const text = "\x07\x24" + "\x01\x02\x03\x04" + "\x11\x12\x13\x14" + "\x21\x22\x23\x24" +
		"\x31\x32\x33\x34\x35\x36\x37\x38" + "\x41\x42\x43\x44" + "\x51\x52" + "\x61\x62\x63\x64\x65\x66\x67\x68"
	want := Header{
		Status: 7, FieldOffset: 36, RecordCount: 0x04030201, RecordSize: 0x14131211, StartPos: 0x24232221,
		Deleted: 0x3837363534333231, Present: 0x44434241, Offset: 0x5251, EndPos: 0x6867666564636261,
	}
	h, err := DecodeHeader([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	b := []byte(text + "x")
	clear(b[:HeaderSize])
	h.Encode(b)
	if diff := cmp.Diff(text+"x", string(b)); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
}

func TestHeaderTooShort(t *testing.T) {
	for size := range HeaderSize {
		_, err := DecodeHeader(make([]byte, size))
		if want := fmt.Sprintf("byte %d: page ends inside its 36-byte header", size); fmt.Sprint(err) != want {
			t.Errorf("%d bytes: error %v, want %s", size, err, want)
		}
	}
}

func anyHeader(t *rapid.T) Header {
	return Header{
		Status:      Status(rapid.Byte().Draw(t, "status")),
		FieldOffset: rapid.Byte().Draw(t, "field_offset"),
		RecordCount: rapid.Uint32().Draw(t, "rcount"),
		RecordSize:  rapid.Uint32().Draw(t, "rsize"),
		StartPos:    rapid.Uint32().Draw(t, "startpos"),
		Deleted:     rapid.Uint64().Draw(t, "deleted"),
		Present:     rapid.Uint32().Draw(t, "present"),
		Offset:      rapid.Uint16().Draw(t, "offset"),
		EndPos:      rapid.Uint64().Draw(t, "endpos"),
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := anyHeader(t)
		b := make([]byte, HeaderSize)
		h.Encode(b)
		got, err := DecodeHeader(b)
		if err != nil || got != h {
			t.Fatalf("%+v comes back as %+v, %v", h, got, err)
		}
	})
}

func TestHeaderCheck(t *testing.T) {
	good := Header{Status: StatusReady, FieldOffset: 36, Offset: 39, RecordCount: 10, RecordSize: 1}
	tests := []struct {
		name   string
		change func(*Header)
		size   int
		want   string
	}{
		{"fits exactly", func(*Header) {}, 49, "<nil>"},
		{"slack", func(*Header) {}, 4096, "<nil>"},
		{"one byte short", func(*Header) {}, 48, "byte 2: records run past the end of the page: rcount: 10"},
		{"not ready", func(h *Header) { h.Status = 0 }, 49, "<nil>"},
		{"not ready, no field yet", func(h *Header) { *h = Header{FieldOffset: 36, Offset: 36} }, 49, "<nil>"},
		{"not ready, offset first", func(h *Header) { *h = Header{Offset: 36} }, 49, "<nil>"},
		{"not ready, field_offset first", func(h *Header) { *h = Header{FieldOffset: 36} }, 49, "<nil>"},
		{"not ready, offset past the end", func(h *Header) { *h = Header{FieldOffset: 36, Offset: 50} }, 49, "byte 26: offset is past the end of the page: 50"},
		{"not ready, records past the end", func(h *Header) { h.Status, h.RecordCount = 0, 11 }, 49, "byte 2: records run past the end of the page: rcount: 11"},
		{"not ready, unknown bit", func(h *Header) { *h = Header{Status: 0x80} }, 49, "<nil>"},
		{"all bits", func(h *Header) { h.Status = 7 }, 49, "<nil>"},
		{"unknown bit 3", func(h *Header) { h.Status = 9 }, 49, "<nil>"},
		{"unknown bit 7", func(h *Header) { h.Status = 0x80 }, 49, "<nil>"},
		{"field_offset 11", func(h *Header) { h.FieldOffset = 11 }, 49, "<nil>"},
		{"field_offset 10", func(h *Header) { h.FieldOffset = 10 }, 49, "byte 1: field_offset is under 11: 10"},
		{"field_offset 0", func(h *Header) { h.FieldOffset = 0 }, 49, "byte 1: field_offset is under 11: 0"},
		{"field_offset 38", func(h *Header) { h.FieldOffset = 38 }, 49, "<nil>"},
		{"field_offset 39", func(h *Header) { h.FieldOffset = 39 }, 49, "byte 1: field_offset is not below offset: 39"},
		{"field_offset 255", func(h *Header) { h.FieldOffset = 255 }, 49, "byte 1: field_offset is not below offset: 255"},
		{"offset over a byte", func(h *Header) { h.FieldOffset, h.Offset = 255, 256 }, 4096, "<nil>"},
		{"offset at the end", func(h *Header) { h.Offset, h.RecordCount = 49, 0 }, 49, "<nil>"},
		{"offset past the end", func(h *Header) { h.Offset, h.RecordCount = 50, 0 }, 49, "byte 26: offset is past the end of the page: 50"},
		{"offset 65535", func(h *Header) { h.Offset, h.RecordCount = 65535, 1 }, 65536, "<nil>"},
		{"no records", func(h *Header) { h.RecordCount = 0 }, 39, "<nil>"},
		{"highest of all", func(h *Header) { h.RecordCount, h.RecordSize = math.MaxUint32, math.MaxUint32 }, math.MaxInt, "byte 2: records run past the end of the page: rcount: 4294967295"},
		{"2^32 in 64 bits", func(h *Header) { h.RecordCount, h.RecordSize = 1<<31, 2 }, 1 << 20, "byte 2: records run past the end of the page: rcount: 2147483648"},
		{"counters disagree", func(h *Header) { h.Deleted, h.EndPos, h.Present, h.StartPos = 9, 3, 77, 5 }, 49, "<nil>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := good
			tt.change(&h)
			if got := fmt.Sprint(h.Check(tt.size)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestPageSize(t *testing.T) {
	h := Header{Offset: 65535, RecordCount: 1<<32 - 1, RecordSize: 1<<32 - 1}
	if want := uint64(65535 + 0xfffffffe00000001); h.PageSize() != want {
		t.Errorf("%d, want %d", h.PageSize(), want)
	}
}

func TestStatus(t *testing.T) {
	want := []string{
		"not ready", "ready", "not ready,exit", "ready,exit",
		"not ready,reload", "ready,reload", "not ready,exit,reload", "ready,exit,reload",
	}
	for bits := range 256 {
		s := Status(bits)
		text := want[bits&7]
		if bits > 7 {
			text += ",unknown"
		}
		if s.String() != text {
			t.Errorf("%#x is %q, want %q", bits, s, text)
		}
		if s.Ready() != (bits&1 != 0) || s.Exit() != (bits&2 != 0) || s.Reload() != (bits&4 != 0) || s.Known() != (bits < 8) {
			t.Errorf("%#x: ready %v, exit %v, reload %v, known %v", bits, s.Ready(), s.Exit(), s.Reload(), s.Known())
		}
	}
}

func TestNames(t *testing.T) {
	if got, want := fmt.Sprint(Unknown, Nested, Uint, Int, String, Raw, DTSC), "unknown nested uint int string raw dtsc"; got != want {
		t.Errorf("kinds %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(Note, Warning, Error), "note warning error"; got != want {
		t.Errorf("severities %s, want %s", got, want)
	}
	if got, want := CodeNested.String()+CodeUint64.String(), "0x010x17"; got != want {
		t.Errorf("codes %s, want %s", got, want)
	}
}

// Families and default sizes of all 256 codes, from the format's table.
func TestCodes(t *testing.T) {
	for i := range 256 {
		low := uint32(i & 15)
		kind, size := Unknown, uint32(0)
		switch i >> 4 {
		case 0:
			kind = Nested
		case 1:
			kind, size = Uint, low+1
		case 2:
			kind, size = Int, low+1
		case 3:
			kind, size = String, 16<<low
		case 4:
			kind, size = Raw, 16<<low
		case 5:
			kind = DTSC
		}
		if c := Code(i); c.Kind() != kind || c.DefaultSize() != size {
			t.Errorf("%v is %v of %d bytes, want %v of %d", c, c.Kind(), c.DefaultSize(), kind, size)
		}
	}
}
