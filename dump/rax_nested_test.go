package dump

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"shmtool/layout"
)

// raxLetters is n one-byte fields, a, b, c and so on, and their values, 0, 1, 2.
func raxLetters(n int) (specs []raxSpec, record string) {
	for i := range n {
		specs = append(specs, raxSpec{string(rune('a' + i)), 0x10, 1})
		record += string(rune(i))
	}
	return specs, record
}

func TestRaxNestedIsPrettyFromSevenFields(t *testing.T) {
	six, record := raxLetters(6)
	inner := handRax(oneRax, record, six...)
	wantRax(t, outerRax(inner), `RelAccX: 1 x 84b @43 (#0 - #0)
  #0:
    n: Nested RelAccX:
      RelAccX: 1 x 6b @78 (#0 - #0)
        #0: a: 0, b: 1, c: 2, d: 3, e: 4, f: 5, `+`

`)
	seven, record := raxLetters(7)
	inner = handRax(layout.Header{RecordCount: 1, Deleted: 1, EndPos: 1}, record, seven...)
	wantRax(t, outerRax(inner), `RelAccX: 1 x 92b @43 (#0 - #0)
  #0:
    n: Nested RelAccX:
      (Note: deleted count (1) >= total count (1))
      RelAccX: 1 x 7b @85 (#0 - #0)
        #0:
          a: 0
          b: 1
          c: 2
          d: 3
          e: 4
          f: 5
          g: 6

`)
}

// Only a nested page can have a name twice and be shown: it counts once, for
// what it is last.
func TestRaxNestedNameTwice(t *testing.T) {
	specs, record := raxLetters(6)
	specs = append(specs, raxSpec{"b", 0x20, 1})
	inner := handRax(oneRax, record+"\xff", specs...)
	wantRax(t, outerRax(inner), `RelAccX: 1 x 92b @43 (#0 - #0)
  #0:
    n: Nested RelAccX:
      RelAccX: 1 x 7b @85 (#0 - #0)
        #0: a: 0, b: -1, c: 2, d: 3, e: 4, f: 5, `+`

`)
}

func TestRaxCompactValues(t *testing.T) {
	specs := []raxSpec{{"d", 0x50, 1}, {"i", 0x22, 3}, {"r", 0x40, 2}, {"s", 0x3f, 4}, {"u", 0x14, 5}, {"x", 0x70, 1}}
	inner := handRax(oneRax, "\x03"+"\xff\xff\xff"+"AB"+"str\x00"+"12345"+"z", specs...)
	wantRax(t, outerRax(inner), `RelAccX: 1 x 94b @43 (#0 - #0)
  #0:
    n: Nested RelAccX:
      RelAccX: 1 x 16b @78 (#0 - #0)
        #0: d: [UNIMPLEMENTED], i: 16777215, r: [UNIMPLEMENTED], s: str, u: 0, x: [UNIMPLEMENTED], `+`

`)
}

// Inside a compact line a page begins right behind its name, with all its
// blanks, and the line goes on behind it.
func TestRaxNestedInCompact(t *testing.T) {
	seven, record := raxLetters(7)
	pretty := handRax(oneRax, record, seven...)
	compact := handRax(oneRax, "\x07", raxSpec{"v", 0x10, 1})
	inner := handRax(oneRax, string(compact)+string(pretty)+"\x00"+"\x05",
		raxSpec{"c", 0x01, uint32(len(compact))}, raxSpec{"p", 0x0f, uint32(len(pretty))}, raxSpec{"q", 0x00, 1}, raxSpec{"z", 0x10, 1})
	wantRax(t, outerRax(inner), `RelAccX: 1 x 202b @43 (#0 - #0)
  #0:
    n: Nested RelAccX:
      RelAccX: 1 x 138b @64 (#0 - #0)
        #0: c:         RelAccX: 1 x 1b @43 (#0 - #0)
          #0: v: 7, `+`
p:         RelAccX: 1 x 7b @85 (#0 - #0)
          #0:
            a: 0
            b: 1
            c: 2
            d: 3
            e: 4
            f: 5
            g: 6
q: Nested RelAccX not ready
z: 5, `+`

`)
}

func TestRaxCompactRange(t *testing.T) {
	tests := []struct {
		name            string
		deleted, endpos uint64
		numbers, lines  string
		warning         string
	}{
		{"ring", 2, 5, "(#2 - #4)", "2=2 3=0 4=1", ""},
		{"empty", 0, 0, "(#0 - #18446744073709551615)", "", ""},
		{"deleted over endpos", 7, 2, "(#7 - #1)", "", ""},
		{"overrun", 2, 6, "(#2 - #5)", "2=2 3=0 4=1", "/p:n@0: endpos - deleted is 4, the page has 3 slots: only that many records from #2 on are printed"},
		{"endless", 1, 1<<64 - 1, "(#1 - #18446744073709551614)", "1=1 2=2 3=0", "/p:n@0: endpos - deleted is 18446744073709551614, the page has 3 slots: only that many records from #1 on are printed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := layout.Header{RecordCount: 3, Deleted: tt.deleted, EndPos: tt.endpos}
			page := outerRax(handRax(h, "\x00\x01\x02", raxSpec{"s", 0x10, 1}))
			want := "RelAccX: 1 x 46b @43 (#0 - #0)\n  #0:\n    n: Nested RelAccX:\n      RelAccX: 3 x 1b @43 " + tt.numbers + "\n"
			for _, s := range strings.Fields(tt.lines) {
				number, slot, _ := strings.Cut(s, "=")
				want += "        #" + number + ": s: " + slot + ", \n"
			}
			got, warnings := raxText(t, page)
			if got != want+"\n" {
				t.Errorf("got:\n%q\nwant:\n%q", got, want+"\n")
			}
			if line := strings.Join(warnings, "\n"); line != tt.warning {
				t.Errorf("warned %q, want %q", line, tt.warning)
			}
		})
	}
}

func TestRaxWithoutWarn(t *testing.T) {
	page := outerRax(handRax(layout.Header{RecordCount: 1, EndPos: 2}, "\x00", raxSpec{"s", 0x10, 1}))
	h, err := layout.DecodeHeader(page)
	mustRax(t, err)
	mustRax(t, Rax(io.Discard, "/p", page, h, nil))
}

func TestRaxNestedNotShown(t *testing.T) {
	good := func(h layout.Header) []byte {
		h.RecordCount = max(h.RecordCount, 1)
		return handRax(h, "\x01", raxSpec{"a", 0x10, 1})
	}
	patched := func(at int, b byte) []byte {
		page := good(layout.Header{})
		page[at] = b
		return page
	}
	tests := map[string][]byte{
		"not ready":              patched(layout.StatusOffset, 6),
		"field_offset under 11":  patched(layout.FieldOffsetOffset, 10),
		"field_offset at offset": patched(layout.FieldOffsetOffset, 43),
		"shorter than a header":  []byte("\x01$\x01"),
		"offset past the field":  patched(layout.OffsetOffset, 99),
		"records past the field": patched(layout.RecordCountOffset, 2),
		"rsize":                  good(layout.Header{RecordSize: 0xffffffff}),
		"rsize, endless":         good(layout.Header{RecordCount: 0xffffffff, RecordSize: 1}),
		"a broken descriptor":    patched(layout.HeaderSize, 7),
	}
	for name, inner := range tests {
		t.Run(name, func(t *testing.T) {
			want := fmt.Sprintf("RelAccX: 1 x %db @43 (#0 - #0)\n  #0:\n    n: Nested RelAccX: not ready\n\n", len(inner))
			wantRax(t, outerRax(inner), want)
		})
	}
}

func TestRaxNestingEnds(t *testing.T) {
	page := handRax(oneRax, "\x01", raxSpec{"a", 0x10, 1})
	for range layout.MaxDepth {
		page = outerRax(page)
	}
	text, _ := raxText(t, page)
	if !strings.Contains(text, "a: 1, ") || strings.Contains(text, "not ready") {
		t.Errorf("a page %d deep is not shown:\n%s", layout.MaxDepth, text)
	}
	text, _ = raxText(t, outerRax(page))
	if strings.Contains(text, "a: 1, ") || strings.Count(text, "n: Nested RelAccX not ready\n") != 1 {
		t.Errorf("a page deeper than %d is shown:\n%s", layout.MaxDepth, text)
	}
}

// Nested pages of one field need not be alike, nor those of two fields: what
// is remembered of one must not be taken for another.
func TestRaxNestedPagesDiffer(t *testing.T) {
	inner := func(name, value string) string {
		return string(handRax(oneRax, value, raxSpec{name, 0x10, 1}))
	}
	size := uint32(len(inner("a", "\x01")))
	page := handRax(layout.Header{RecordCount: 3, EndPos: 3},
		inner("a", "\x01")+inner("b", "\x02")+inner("c", "\x03")+inner("d", "\x04")+inner("c", "\x05")+inner("d", "\x06"),
		raxSpec{"x", 0x01, size}, raxSpec{"y", 0x01, size})
	text, _ := raxText(t, page)
	var values []string
	for line := range strings.Lines(text) {
		if _, value, ok := strings.Cut(line, "#0: "); ok {
			values = append(values, strings.TrimSpace(value))
		}
	}
	if got := strings.Join(values, " "); got != "a: 1, b: 2, c: 3, d: 4, c: 5, d: 6," {
		t.Errorf("got %s", got)
	}
}

// The last ring of a track of MistServer 3.0 goes on 8 bytes behind its field: its last
// record is printed whole.
func TestRaxNestedBehindItsField(t *testing.T) {
	inner := handRax(layout.Header{RecordCount: 2, EndPos: 2}, "\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00", raxSpec{"v", 0x17, 8})
	page := handRax(oneRax, string(inner), raxSpec{"pages", 0x01, uint32(len(inner) - 8)})
	wantRax(t, page, `RelAccX: 1 x 51b @47 (#0 - #0)
  #0:
    pages: Nested RelAccX:
      RelAccX: 2 x 8b @43 (#0 - #1)
        #0: v: 1, `+`
        #1: v: 2, `+`

`)
	wantRax(t, page[:len(page)-1], `RelAccX: 1 x 51b @47 (#0 - #0)
  #0:
    pages: Nested RelAccX: not ready

`)
}
