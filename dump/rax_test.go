package dump

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"shmtool/layout"
)

// buildRax is a ready page of a schema, with deleted and endpos as given.
func buildRax(t testing.TB, schema string, slots uint32, deleted, endpos uint64) ([]byte, layout.Header) {
	t.Helper()
	s, err := layout.ParseSchema(schema)
	mustRax(t, err)
	shape := layout.Shape{Schema: s, RecordCount: slots}
	page := make([]byte, shape.Size())
	mustRax(t, shape.Build(page, 0))
	h := shape.Header()
	h.Status, h.Deleted, h.EndPos = layout.StatusReady, deleted, endpos
	h.Encode(page)
	return page, h
}

// raxRecord is a slot of a page.
func raxRecord(page []byte, h layout.Header, slot int) []byte {
	at := int(h.Offset) + slot*int(h.RecordSize)
	return page[at : at+int(h.RecordSize)]
}

func mustRax(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raxSpec is a field descriptor that layout may refuse to make.
type raxSpec struct {
	name string
	code byte
	size uint32
}

// handRax is a ready page made by hand: whatever h leaves 0 becomes what the
// fields and records ask for.
func handRax(h layout.Header, records string, specs ...raxSpec) []byte {
	b := make([]byte, layout.HeaderSize)
	var recordSize uint32
	for _, s := range specs {
		b = append(b, byte(len(s.name))<<3|5)
		b = append(b, s.name...)
		b = append(b, s.code, byte(s.size), byte(s.size>>8), byte(s.size>>16), byte(s.size>>24))
		recordSize += s.size
	}
	h.Status |= layout.StatusReady
	h.Offset = uint16(len(b))
	if h.FieldOffset == 0 {
		h.FieldOffset = layout.HeaderSize
	}
	if h.RecordSize == 0 {
		h.RecordSize = recordSize
	}
	h.Encode(b)
	return append(b, records...)
}

// outerRax is a page of one record whose only field is a nested page.
func outerRax(inner []byte) []byte {
	return handRax(oneRax, string(inner), raxSpec{"n", 0x01, uint32(len(inner))})
}

var oneRax = layout.Header{RecordCount: 1, EndPos: 1}

// raxText is what Rax prints for a page that it must accept, and its warnings.
func raxText(t *testing.T, page []byte) (string, []string) {
	t.Helper()
	h, err := layout.DecodeHeader(page)
	mustRax(t, err)
	var text bytes.Buffer
	var warnings []string
	mustRax(t, Rax(&text, "/p", page, h, func(line string) { warnings = append(warnings, line) }))
	return text.String(), warnings
}

func wantRax(t *testing.T, page []byte, want string) {
	t.Helper()
	got, warnings := raxText(t, page)
	if got != want {
		t.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings: %q", warnings)
	}
}

func TestRaxNotReady(t *testing.T) {
	title := "Memory structure /p is not ready\n"
	note := "(Note: deleted count (0) >= total count (0))\n"
	tests := []struct {
		name string
		h    layout.Header
		want string
	}{
		{"blank", layout.Header{}, note + "RelAccX: 0 x 0b @0 (#0 - #18446744073709551615)\n\n"},
		{"records without fields", layout.Header{RecordCount: 3, EndPos: 2}, "RelAccX: 3 x 0b @0 (#0 - #1)\n  #0:\n  #1:\n\n"},
		{"the first field under way", layout.Header{Offset: 36}, note + "RelAccX: 0 x 0b @36 (#0 - #18446744073709551615)\n\n"},
		{"descriptors of zeros", layout.Header{FieldOffset: 36, Offset: 60, RecordSize: 4, Status: layout.StatusReload}, note + "RelAccX: 0 x 4b @60 (#0 - #18446744073709551615)\n\n"},
		{"a table that the page bounds", layout.Header{Offset: 98, Present: 1 << 31}, note + "RelAccX: 0 x 0b @98 (#0 - #2147483647)\n  #0:\n  #1:\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := make([]byte, 100)
			tt.h.Encode(page)
			wantRax(t, page, title+tt.want)
		})
	}
}

func TestRaxRange(t *testing.T) {
	tests := []struct {
		name                     string
		slots, present           uint32
		deleted, endpos          uint64
		note, numbers, wantSlots string
	}{
		{"ring", 3, 0, 4, 6, "", "(#4 - #5)", "4=1 5=2"},
		{"full ring", 3, 0, 4, 7, "", "(#4 - #6)", "4=1 5=2 6=0"},
		{"overrun", 3, 0, 0, 4, "(Note: deleted count (0) >= total count (4))\n", "(#1 - #3)", "1=1 2=2 3=0"},
		{"all withdrawn", 3, 0, 5, 5, "(Note: deleted count (5) >= total count (5))\n", "(#2 - #4)", "2=2 3=0 4=1"},
		{"deleted over endpos", 3, 0, 9, 5, "(Note: deleted count (9) >= total count (5))\n", "(#2 - #4)", "2=2 3=0 4=1"},
		{"fewer than a ring", 3, 0, 1, 1, "(Note: deleted count (1) >= total count (1))\n", "(#18446744073709551614 - #0)", ""},
		{"no endpos, present", 3, 2, 0, 0, "(Note: deleted count (0) >= total count (0))\n", "(#18446744073709551613 - #1)", ""},
		{"no endpos", 3, 0, 0, 0, "(Note: deleted count (0) >= total count (0))\n", "(#18446744073709551613 - #2)", ""},
		{"endpos at its limit", 3, 0, 1<<64 - 2, 1<<64 - 1, "", "(#18446744073709551614 - #18446744073709551614)", "18446744073709551614=2"},
		{"direct, endpos", 0, 0, 0, 2, "(Note: deleted count (0) >= total count (2))\n", "(#2 - #1)", ""},
		{"direct, present", 0, 2, 0, 0, "(Note: deleted count (0) >= total count (0))\n", "(#0 - #1)", "0=0 1=1"},
		{"direct, present past the page", 0, 9, 0, 0, "(Note: deleted count (0) >= total count (0))\n", "(#0 - #8)", "0=0 1=1 2=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := layout.Header{RecordCount: tt.slots, Present: tt.present, Deleted: tt.deleted, EndPos: tt.endpos}
			page := handRax(h, "\x00\x01\x02", raxSpec{"s", 0x10, 1})
			want := fmt.Sprintf("%sRelAccX: %d x 1b @43 %s\n", tt.note, tt.slots, tt.numbers)
			for _, s := range strings.Fields(tt.wantSlots) {
				number, slot, _ := strings.Cut(s, "=")
				want += "  #" + number + ":\n    s: " + slot + "\n"
			}
			wantRax(t, page, want+"\n")
		})
	}
}

// oneRecordRax is the text of a page of one record, from the fields on.
func oneRecordRax(t *testing.T, records string, specs ...raxSpec) string {
	t.Helper()
	page := handRax(oneRax, records, specs...)
	text, warnings := raxText(t, page)
	head, fields, ok := strings.Cut(text, "  #0:\n")
	if !ok || !strings.HasPrefix(head, "RelAccX: 1 x ") || len(warnings) > 0 {
		t.Fatalf("text %q, warnings %q", text, warnings)
	}
	return fields
}

func TestRaxValues(t *testing.T) {
	hundred := strings.Repeat("0x41 ", 100)
	tests := []struct {
		name    string
		records string
		specs   []raxSpec
		want    string
	}{
		{
			"integers", "\xff\xfe\xff\x12\x34\x56\x01\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\xff",
			[]raxSpec{{"a", 0x10, 1}, {"b", 0x21, 2}, {"c", 0x12, 3}, {"d", 0x23, 4}, {"e", 0x17, 8}},
			"    a: 255\n    b: -2\n    c: 1193046\n    d: -2147483647\n    e: 18446744073709551615\n",
		},
		{
			"the size decides, the family only the sign", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff",
			[]raxSpec{{"a", 0x27, 1}, {"b", 0x20, 8}, {"c", 0x17, 2}},
			"    a: -1\n    b: -1\n    c: 65534\n",
		},
		{"24 bits have no sign", "\xff\xdd\xb0", []raxSpec{{"a", 0x22, 3}}, "    a: 16768432\n"},
		{
			"widths that MistServer does not know", strings.Repeat("\x01", 5+6+7+16),
			[]raxSpec{{"a", 0x14, 5}, {"b", 0x25, 6}, {"c", 0x16, 7}, {"d", 0x1f, 16}},
			"    a: 0\n    b: 0\n    c: 0\n    d: 0\n",
		},
		{"names by unsigned bytes", "\x01\x02\x03\x04\x05", []raxSpec{{"b", 0x10, 1}, {"\xc3\xa9", 0x10, 1}, {"B", 0x10, 1}, {"a", 0x10, 1}, {"aa", 0x10, 1}}, "    B: 3\n    a: 4\n    aa: 5\n    b: 1\n    \xc3\xa9: 2\n"},
		{"string", "a\n\x01\"\xff\x00xy", []raxSpec{{"s", 0x30, 8}}, "    s: a\n\x01\"\xff\n"},
		{"string into the next field", "abcdZ\x00", []raxSpec{{"s", 0x30, 4}, {"t", 0x11, 2}}, "    s: abcdZ\n    t: 90\n"},
		{"string to the end of the mapping", "abcd" + "slack", []raxSpec{{"s", 0x30, 4}}, "    s: abcdslack\n"},
		{"raw, 100 bytes", strings.Repeat("A", 120), []raxSpec{{"r", 0x40, 120}}, "    r: " + hundred + "\n"},
		{"raw, 15 zeros", "\xab" + strings.Repeat("\x00", 15) + "\x01", []raxSpec{{"r", 0x40, 17}}, "    r: 0xab " + strings.Repeat("0x00 ", 15) + "0x01 \n"},
		{"raw, 16 zeros", "\x0a" + strings.Repeat("\x00", 16) + "\x01", []raxSpec{{"r", 0x40, 18}}, "    r: 0x0a " + strings.Repeat("0x00 ", 16) + "\n"},
		{"unknown families", "\x01\x02", []raxSpec{{"x", 0x60, 1}, {"y", 0xf0, 1}}, "    x: [UNIMPLEMENTED]\n    y: [UNIMPLEMENTED]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := oneRecordRax(t, tt.records, tt.specs...); got != tt.want+"\n" {
				t.Errorf("got:\n%q\nwant:\n%q", got, tt.want+"\n")
			}
		})
	}
}

// A string of many chunks comes out whole, and by pieces.
func TestRaxLongString(t *testing.T) {
	long := strings.Repeat("0123456789", 50_000)
	want := "    s: " + long + "\n    t: 1\n\n"
	got := oneRecordRax(t, long+"\x00\x01", raxSpec{"s", 0x30, 500_001}, raxSpec{"t", 0x10, 1})
	if got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

func TestRaxWithdrawnRecord(t *testing.T) {
	page := handRax(layout.Header{RecordCount: 1, Deleted: 1, EndPos: 1},
		"old\x00"+"AB"+"\xe0\x00\x01k\x03\x00\x00\xee"+"\x0a\x03\x00\x00\xee"+"\x01\x00\x00\x00\x00\x00\x00\x00\x09"+"\x02\x00\x00\x00\x01s",
		raxSpec{"a", 0x30, 4}, raxSpec{"b", 0x40, 2}, raxSpec{"c", 0x50, 8}, raxSpec{"d", 0x50, 5}, raxSpec{"e", 0x50, 9}, raxSpec{"f", 0x50, 6})
	wantRax(t, page, `(Note: deleted count (1) >= total count (1))
RelAccX: 1 x 34b @78 (#0 - #0)
  #0:
    a: old
    b: `+`
    c: `+`
{

      }
    d: `+`
[

      ]
    e: `+`
9
    f: `+`
"s"

`)
}

func TestRaxInvalidPagePrintsNothing(t *testing.T) {
	tests := map[string][]byte{
		"a name twice":           handRax(oneRax, "\x01\x02", raxSpec{"a", 0x10, 1}, raxSpec{"a", 0x10, 1}),
		"rsize":                  handRax(layout.Header{RecordCount: 1, RecordSize: 2}, "\x01\x02", raxSpec{"a", 0x10, 1}),
		"field_offset":           handRax(layout.Header{FieldOffset: 10}, "", raxSpec{"a", 0x10, 1}),
		"records past the page":  handRax(layout.Header{RecordCount: 3}, "\x01\x02", raxSpec{"a", 0x10, 1}),
		"an empty name":          handRax(oneRax, "\x01", raxSpec{"", 0x10, 1}),
		"not ready, rcount":      notReadyRax(layout.Header{RecordCount: 101}),
		"not ready, large rsize": notReadyRax(layout.Header{RecordCount: 2, RecordSize: 51}),
		"not ready, offset":      notReadyRax(layout.Header{FieldOffset: 36, Offset: 101}),
	}
	for name, page := range tests {
		t.Run(name, func(t *testing.T) {
			h, err := layout.DecodeHeader(page)
			mustRax(t, err)
			var text bytes.Buffer
			var format *layout.FormatError
			if err := Rax(&text, "/p", page, h, nil); !errors.As(err, &format) {
				t.Errorf("got error %v, want a *layout.FormatError", err)
			}
			if text.Len() > 0 {
				t.Errorf("printed %q", text.String())
			}
		})
	}
}

func notReadyRax(h layout.Header) []byte {
	page := make([]byte, 100)
	h.Encode(page)
	return page
}

func TestRaxShortPage(t *testing.T) {
	var format *layout.FormatError
	if err := Rax(&bytes.Buffer{}, "/p", make([]byte, 35), layout.Header{}, nil); !errors.As(err, &format) {
		t.Errorf("got error %v, want a *layout.FormatError", err)
	}
}

// raxBudget takes so many bytes and then fails.
type raxBudget struct {
	left, writes int
}

var errRaxBudget = errors.New("enough")

func (b *raxBudget) Write(p []byte) (int, error) {
	b.writes++
	if len(p) > b.left {
		return b.left, errRaxBudget
	}
	b.left -= len(p)
	return len(p), nil
}

func TestRaxStopsAtAWriteError(t *testing.T) {
	page, h := buildRax(t, "a:uint32", 1_000_000, 0, 1_000_000)
	w := &raxBudget{left: raxChunk + raxChunk/2}
	if err := Rax(w, "/p", page, h, nil); !errors.Is(err, errRaxBudget) {
		t.Errorf("got error %v", err)
	}
	if w.writes != 2 {
		t.Errorf("wrote %d times, want 2", w.writes)
	}
}
