package dtsc

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The value of the MstSCnf page of mistserver.md, Appendix A.
const scnf = "\xe0" +
	"\x00\x03DVR\x01\x00\x00\x00\x00\x00\x00\xc3\x50" +
	"\x00\x06source\x02\x00\x00\x00\x07push://" +
	"\x00\x00\xee"

const (
	packedTwo  = "\x01\x00\x00\x00\x00\x00\x00\x00\x02"
	packedText = "\x02\x00\x00\x00\x02hi"
	packedHalf = "\x04\x3f\xe0\x00\x00\x00\x00\x00\x00" // 0.5
	closed     = "\x00\x00\xee"
)

// Every kind once, of which MistServer would sort the members.
const everyKind = "\xe0" +
	"\x00\x01a\x0a" + packedTwo + packedText + "\x0a" + closed + "\xff" + closed + closed +
	"\x00\x01n\x03" +
	"\x00\x01h" + packedHalf +
	closed

func TestPieces(t *testing.T) {
	want := []Piece{
		{Kind: Object, Depth: 0, Offset: 0, ValueOffset: 0, End: 1},
		{Kind: Array, Depth: 1, Offset: 1, ValueOffset: 4, End: 5, Name: []byte("a")},
		{Kind: Integer, Depth: 2, Offset: 5, ValueOffset: 5, End: 14},
		{Kind: String, Depth: 2, Offset: 14, ValueOffset: 14, End: 21},
		{Kind: Array, Depth: 2, Offset: 21, ValueOffset: 21, End: 22},
		{Kind: End, Depth: 2, Offset: 22, ValueOffset: 22, End: 25},
		{Kind: Object, Depth: 2, Offset: 25, ValueOffset: 25, End: 26},
		{Kind: End, Depth: 2, Offset: 26, ValueOffset: 26, End: 29},
		{Kind: End, Depth: 1, Offset: 29, ValueOffset: 29, End: 32},
		{Kind: Null, Depth: 1, Offset: 32, ValueOffset: 35, End: 36, Name: []byte("n")},
		{Kind: Double, Depth: 1, Offset: 36, ValueOffset: 39, End: 48, Name: []byte("h")},
		{Kind: End, Depth: 0, Offset: 48, ValueOffset: 48, End: 51},
	}
	var got []Piece
	for p, err := range Pieces([]byte(everyKind + "and more")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

var malformed = []struct {
	name, packed string
	offset       int64 // of the error
	piece        int   // that begins there
	message      string
}{
	{"nothing", "", 0, 0, "byte 0: value is missing"},
	{"zeros", "\x00\x00\x00\x00", 0, 0, "byte 0: no such kind of value: 0x00"},
	{"unknown kind", "\x17", 0, 0, "byte 0: no such kind of value: 0x17"},
	{"an end", "\xee", 0, 0, "byte 0: no such kind of value: 0xee"},
	{"integer cut", packedTwo[:8], 0, 0, "byte 0: integer runs past the end, size: 9"},
	{"double cut", "\x04", 0, 0, "byte 0: double runs past the end, size: 9"},
	{"string's size cut", "\x02\x00\x00\x00", 0, 0, "byte 0: string runs past the end, size: 5"},
	{"string cut", packedText[:6], 0, 0, "byte 0: string runs past the end, size: 7"},
	{"string of 4 GiB", "\x02\xff\xff\xff\xff", 0, 0, "byte 0: string runs past the end, size: 4294967300"},
	{"object alone", "\xe0", 1, 1, "byte 1: container does not end"},
	{"legacy object alone", "\xff", 1, 1, "byte 1: container does not end"},
	{"array alone", "\x0a", 1, 1, "byte 1: container does not end"},
	{"array with one byte", "\x0a\x03", 1, 1, "byte 1: container does not end"},
	{"end cut", "\xe0\x00\x00", 1, 1, "byte 1: container does not end"},
	{"name cut", "\xe0\x00\x05abcd", 1, 1, "byte 1: name runs past the end, size: 5"},
	{"name's size lies", "\xe0\xff\xff\x03" + closed, 1, 1, "byte 1: name runs past the end, size: 65535"},
	{"member without value", "\xe0\x00\x01a", 4, 1, "byte 4: value is missing"},
	{"member of unknown kind", "\xe0\x00\x01a\x05" + closed, 4, 1, "byte 4: no such kind of value: 0x05"},
	{"second member", "\xe0\x00\x01a\x03\x00\x01b\x02\x00\x00\x00\x09x", 8, 5, "byte 8: string runs past the end, size: 14"},
	{"element of unknown kind", "\x0a\x03\x00\x01" + closed, 2, 2, "byte 2: no such kind of value: 0x00"},
	{"nested too deep", strings.Repeat("\x0a", MaxDepth+1) + closed, MaxDepth, MaxDepth, "byte 64: containers are nested too deep, more than: 64"},
	{"nested too deep, objects", strings.Repeat("\xe0\x00\x01a", MaxDepth) + "\xe0" + closed, 4 * MaxDepth, 4*MaxDepth - 3, "byte 256: containers are nested too deep, more than: 64"},
}

func TestMalformed(t *testing.T) {
	for _, tt := range malformed {
		t.Run(tt.name, func(t *testing.T) {
			var last Piece
			var err error
			for last, err = range Pieces([]byte(tt.packed)) {
				continue
			}
			var format *FormatError
			if !errors.As(err, &format) || format.Offset != tt.offset || err.Error() != tt.message {
				t.Errorf("error %v, want %s", err, tt.message)
			}
			if last.Offset != tt.piece {
				t.Errorf("the piece begins at %d, want %d", last.Offset, tt.piece)
			}
			if _, decodeErr := Decode([]byte(tt.packed)); decodeErr == nil || decodeErr.Error() != tt.message {
				t.Errorf("Decode says %v", decodeErr)
			}
			dst := []byte("before")
			out, jsonErr := AppendJSON(dst, []byte(tt.packed))
			if string(out) != "before" || jsonErr == nil || jsonErr.Error() != tt.message {
				t.Errorf("AppendJSON gives %q, %v", out, jsonErr)
			}
			if v, ok := Lookup([]byte(tt.packed)); ok {
				t.Errorf("Lookup finds %v", v)
			}
		})
	}
}

// Of a value that is whole, every beginning is not.
func TestCutShort(t *testing.T) {
	for _, packed := range []string{scnf, everyKind} {
		for size := range packed {
			if v, err := Decode([]byte(packed[:size])); err == nil {
				t.Errorf("%d bytes of %q are %v", size, packed, v)
			}
		}
	}
}

func TestDeepest(t *testing.T) {
	packed := strings.Repeat("\x0a", MaxDepth) + "\x02\x00\x00\x00\x01\xff" + strings.Repeat(closed, MaxDepth)
	text := strings.Repeat("[", MaxDepth) + `{"hex":"ff"}` + strings.Repeat("]", MaxDepth)
	checkBothWays(t, packed, text)
}

func TestKindString(t *testing.T) {
	for kind, want := range map[Kind]string{
		None: "none", Integer: "integer", String: "string", Null: "null", Double: "double",
		Array: "array", Object: "object", End: "end", 0x17: "kind 0x17",
	} {
		if got := kind.String(); got != want {
			t.Errorf("%#x is %q, want %q", byte(kind), got, want)
		}
	}
}

func TestWalkingAllocatesNothing(t *testing.T) {
	packed := []byte(everyKind)
	allocates(t, 0, func() {
		for _, err := range Pieces(packed) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func allocates(t *testing.T, most float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(100, f); got > most {
		t.Errorf("%v allocations, want %v", got, most)
	}
}
