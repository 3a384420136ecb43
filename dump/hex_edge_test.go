package dump

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/layout/mist"
)

// Each golden page is shown whole, and each invalid one with its fault marked
// at the byte that the check names.
func TestHexOfGoldenPages(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		t.Run(name, func(t *testing.T) {
			page := layouttest.Load(t, name)
			text, err := hexOf(t, page, HexOptions{Depth: layout.MaxDepth})
			if !strings.Contains(text, "  inside the header  !") {
				if _, err := hexCovered(text, page, 0); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
			}
			var want *layouttest.Expectation
			for _, e := range layouttest.Expect(t, name) {
				if e.Severity == "error" {
					want = &e
					break
				}
			}
			wantHexFault(t, text, err, want)
		})
	}
}

func wantHexFault(t *testing.T, text string, err error, want *layouttest.Expectation) {
	t.Helper()
	if want == nil {
		if err != nil || strings.Contains(text, " !! ") {
			t.Errorf("a valid page is called invalid: %v\n%s", err, text)
		}
		return
	}
	var format *layout.FormatError
	if !errors.As(err, &format) || format.Offset != int64(want.Offset) {
		t.Fatalf("error %v, want byte %d: %s", err, want.Offset, want.Message)
	}
	if message := strings.TrimPrefix(err.Error(), fmt.Sprintf("byte %d: ", want.Offset)); message != want.Message {
		t.Errorf("error says %q, want %q", message, want.Message)
	}
	mark := regexp.MustCompile(fmt.Sprintf(`(?m)^%08x +\^\^ +!! %s$`, want.Offset, regexp.QuoteMeta(want.Message)))
	if len(mark.FindAllString(text, -1)) != 1 || strings.Count(text, "!!") != 1 {
		t.Errorf("not one line matches %v:\n%s", mark, text)
	}
}

// The mark is under the byte, not just below its line.
func TestHexMarksTheByte(t *testing.T) {
	text, err := hexOf(t, layouttest.Load(t, "invalid-size-0"), HexOptions{ShowSchema: true})
	_, rule, _ := strings.Cut(fmt.Sprint(err), ": ")
	want := "" +
		"00000024  0a 61 30 00                                      descriptors     |.a0.|\n" +
		"00000027           ^^                                      !! " + rule + "\n"
	if text != want {
		t.Errorf("text is\n%swant\n%s", text, want)
	}
}

// A fault in a section that is not shown is told nevertheless.
func TestHexMarksWhatIsNotShown(t *testing.T) {
	for _, o := range []HexOptions{{ShowHeader: true}, {ShowSchema: true}, {ShowRecords: true}} {
		text, err := hexOf(t, layouttest.Load(t, "invalid-typelen-6"), o)
		if err == nil || strings.Count(text, "!! field descriptor has an undefined typelen: 6\n") != 1 {
			t.Errorf("error %v, text\n%s", err, text)
		}
	}
}

// A nested page that is broken counts only where its record is available.
func TestHexJudgesAvailableRecordsOnly(t *testing.T) {
	page := layouttest.Load(t, "invalid-nested")
	o := HexOptions{Depth: 1, Slots: true, Available: &layout.Window{First: 0, End: 1}}
	text, err := hexOf(t, page, o)
	if err != nil || strings.Contains(text, "!!") || !strings.Contains(text, "  ! records run past the end of the page: rcount: 2\n") {
		t.Errorf("error %v, text\n%s", err, text)
	}
	o = HexOptions{Depth: 1, Base: 1 << 20}
	var format *layout.FormatError
	if _, err = hexOf(t, page, o); !errors.As(err, &format) || format.Offset != 1<<20+82 {
		t.Errorf("error %v, want byte %d", err, 1<<20+82)
	}
}

// What cannot be told, and what lies behind the last slot, is cut short.
func TestHexIsShort(t *testing.T) {
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	invalid := append(layouttest.Load(t, "invalid-rsize"), noise...)
	valid := append(layouttest.Load(t, "minimal"), noise...)
	tests := []struct {
		name  string
		page  []byte
		o     HexOptions
		lines int
	}{
		{"invalid", invalid, HexOptions{ShowRecords: true}, 1 + hexRestSize/hexWide + 1},
		{"invalid narrow", invalid, HexOptions{ShowRecords: true, Width: 80}, 1 + hexRestSize/hexNarrow + 1},
		{"slack", valid, HexOptions{ShowRecords: true}, 1 + hexSlackSize/hexWide + 1},
		{"all slack", valid, HexOptions{ShowRecords: true, Slots: true}, 1 + len(noise)/hexWide},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, _ := hexOf(t, tt.page, tt.o)
			if got := strings.Count(text, "\n"); got < tt.lines-1 || got > tt.lines+len(noise)>>16 {
				t.Errorf("%d lines, want %d", got, tt.lines)
			}
		})
	}
}

// Holes are taken for zeros, and not a byte of them is read.
func TestHexTouchesNoHole(t *testing.T) {
	page, h := buildHex(t, "s:string:600\nr:raw:600\nn:uint32", 4, 1, 2)
	page = append(page, make([]byte, 3000)...)
	hole := func(at int) bool { return at >= 100 && at/100%3 != 0 }
	read := make([]byte, len(page)) // as a reader would see it that reads all
	for i := range page {
		if hole(i) {
			page[i] = 0xff
		} else if i >= int(h.Offset) {
			page[i] = byte(i/7%5) + '0'
		}
		if !hole(i) {
			read[i] = page[i]
		}
	}
	asked := 0
	o := HexOptions{Slots: true, Memory: func(from int) (start, end int) {
		asked++
		start = from
		for start < len(page) && hole(start) {
			start++
		}
		for end = start; end < len(page) && !hole(end); end++ {
		}
		return start, end
	}}
	got, err := hexOf(t, page, o)
	mustHex(t, err)
	if _, err := hexCovered(got, read, 0); err != nil {
		t.Error(err)
	}
	o.Memory = nil
	want, err := hexOf(t, read, o)
	mustHex(t, err)
	if got != want {
		t.Error("the text differs from that of a page without holes")
	}
	if asked == 0 || asked > 1000 {
		t.Errorf("asked %d times", asked)
	}
}

// An object that never had memory is told without a look at it.
func TestHexOfAHole(t *testing.T) {
	page := []byte(strings.Repeat("\xff", 1<<20))
	h := layout.Header{Status: layout.StatusReady, FieldOffset: 36, RecordCount: 10, RecordSize: 1, Offset: 39}
	var text strings.Builder
	err := Hex(&text, page, h, HexOptions{ShowRecords: true, Memory: func(int) (int, int) { return len(page), len(page) }})
	want := "00000027  00 × 1048537                                     rest\n"
	if !strings.HasSuffix(text.String(), want) || err == nil { // its descriptors are zeros
		t.Errorf("error %v, text\n%s", err, text.String())
	}
}

// Only the sequences of colours tell a coloured dump from one without.
func TestHexColor(t *testing.T) {
	sequence := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, name := range layouttest.Names(t) {
		page := layouttest.Load(t, name)
		plain, _ := hexOf(t, page, HexOptions{Depth: 8})
		colored, _ := hexOf(t, page, HexOptions{Depth: 8, Color: true})
		if sequence.ReplaceAllString(colored, "") != plain {
			t.Errorf("%s: the text differs", name)
		}
		if strings.Contains(plain, "\x1b") || !strings.Contains(colored, "\x1b") {
			t.Errorf("%s: colour where it is not wanted, or none", name)
		}
	}
	text, _ := hexOf(t, layouttest.Load(t, "invalid-records"), HexOptions{Color: true})
	if want := "\x1b[31;1m!! records run past the end of the page: rcount: 3\x1b["; !strings.Contains(text, want) {
		t.Errorf("text does not hold %q", want)
	}
}

// Names and values cannot do anything to a terminal, nor be mistaken.
func TestHexIsSafeOnATerminal(t *testing.T) {
	page, h := buildHex(t, "\"a\\x1b[2J\":string:16\n\"\\u202eb\":uint8\n\"c d\":raw:8", 1, 0, 1)
	storeHex(t, page, h, 0, "a\x1b[2J", "\x1b]0;x\x07\u202e\"\\")
	storeHex(t, page, h, 0, "c d", "\x1b\x9b\x7f\r\n")
	text, err := hexOf(t, page, HexOptions{})
	mustHex(t, err)
	if _, err := hexCovered(text, page, 0); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`  "a\x1b[2J"  `, `"\x1b]0;x\a\u202e\"\\"`, `  "\u202eb"  `, `  "c d"  `, "|........|"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

// Of a value too large to copy the rest is shown, and hidden where there may be
// secrets in it.
func TestHexOfLargeValues(t *testing.T) {
	const size = hexMaxValue + 100
	for _, schema := range []string{"v:string:1048676", "v:raw:1048676", "v:dtsc:1048676"} {
		page, h := buildHex(t, schema, 1, 0, 1)
		storeHex(t, page, h, 0, "v", strings.Repeat("\x02\x00\x10\x00\x00abc", size/8))
		for _, o := range []HexOptions{{}, {Secrets: func(*mist.PageInfo, *layout.Field, []byte) []HexSpan { return nil }}} {
			text, err := hexOf(t, page, o)
			mustHex(t, err)
			untold, err := hexCovered(text, page, 0)
			if want := map[bool]int{false: 0, true: 100}[o.Secrets != nil]; err != nil || untold != want {
				t.Errorf("%s: %d bytes are not told, want %d: %v", schema, untold, want, err)
			}
		}
	}
}

// Zeros are no secret, however many; what follows them may be.
func TestHexHidesSecretsBehindZeros(t *testing.T) {
	page := append(layouttest.Load(t, "minimal"), make([]byte, 2<<20)...)
	page = append(page, "secret"...)
	o := HexOptions{ShowRecords: true, Secrets: func(_ *mist.PageInfo, _ *layout.Field, value []byte) []HexSpan {
		return []HexSpan{{From: 0, To: len(value)}}
	}}
	text, err := hexOf(t, page, o)
	mustHex(t, err)
	want := "" +
		"00000028  00 × 2097152                                     slack\n" +
		"00200028  ** ** ** ** ** **                                                |******|\n"
	if !strings.HasSuffix(text, want) {
		t.Errorf("text is\n%swant at its end\n%s", text, want)
	}
}

// A page too small to be one does not move the column of what follows.
func TestHexOfANestedPageTooSmall(t *testing.T) {
	page := []byte("\x01\x24\x01\x00\x00\x00\x06\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x2b\x00\x01\x00\x00\x00\x00\x00\x00\x00" +
		"\x0a\x6e\x01\x05" + "\x09\x61\x10" + "12345" + "6")
	text, err := hexOf(t, page, HexOptions{ShowRecords: true, Depth: 1})
	want := `
0000002b                                                   record #0       slot 0, available
0000002b                                                     n             nested page, 5 bytes
0000002b  31 32 33 34 35                                       header          |12345|
00000030  ^^                                               !! page ends inside its 36-byte header
00000030  36                                                 a             54
`
	if text != want[1:] || err == nil {
		t.Errorf("error %v, text is\n%swant%s", err, text, want)
	}
}

var errHexFull = errors.New("full")

// hexFull takes some bytes and then no more.
type hexFull struct{ left, writes int }

func (w *hexFull) Write(p []byte) (int, error) {
	w.writes++
	if w.left -= len(p); w.left < 0 {
		return 0, errHexFull
	}
	return len(p), nil
}

func TestHexStopsAtAWriteError(t *testing.T) {
	page, h := buildHex(t, "s:string:32\nn:uint32", 100_000, 0, 100_000)
	for _, left := range []int{0, 200_000} {
		w := &hexFull{left: left}
		if err := Hex(w, page, h, HexOptions{}); err != errHexFull {
			t.Errorf("error %v", err)
		}
		if w.writes > 1+left/hexChunk+1 {
			t.Errorf("%d writes", w.writes)
		}
	}
	short := hexWriter(func(p []byte) (int, error) { return len(p) - 1, nil })
	if err := Hex(short, page, h, HexOptions{}); err != io.ErrShortWrite {
		t.Errorf("error %v", err)
	}
}

type hexWriter func(p []byte) (int, error)

func (f hexWriter) Write(p []byte) (int, error) { return f(p) }

// The segments say of each slot what can be said of it alone.
func TestHexSegments(t *testing.T) {
	pick := func(near uint64) uint64 { return near + rand.Uint64N(12) - min(near, rand.Uint64N(12)) }
	for range 20_000 {
		h := layout.Header{Offset: 40, RecordSize: 2, RecordCount: rand.Uint32N(9)}
		near := []uint64{0, 5, 1 << 32, 1<<64 - 6}[rand.IntN(4)]
		h.Deleted, h.EndPos, h.Present = pick(near), pick(near), rand.Uint32N(9)
		p := hexPage{header: h, size: 40 + 2*rand.IntN(10)}
		p.available = h.Window(p.size)
		if rand.IntN(2) == 0 {
			p.available = p.fitting(layout.Window{First: pick(near), End: pick(near)})
		}
		p.selected = layout.Window{First: pick(near), End: pick(near)}
		d := hexDump{o: HexOptions{Slots: rand.IntN(4) == 0}}
		next := uint64(0)
		for _, s := range d.segments(&p) {
			if s.first != next || s.end <= s.first {
				t.Fatalf("%+v: segment %+v does not follow slot %d", p, s, next)
			}
			for slot := s.first; slot < s.end; slot++ {
				number := s.number + (slot - s.first)
				wantHexSlot(t, &p, &s, slot, number, d.o.Slots)
			}
			next = s.end
		}
		if next != h.Slots(p.size) {
			t.Fatalf("%+v: segments end at slot %d of %d", p, next, h.Slots(p.size))
		}
	}
}

func wantHexSlot(t *testing.T, p *hexPage, s *hexSegment, slot, number uint64, all bool) {
	t.Helper()
	if got := p.number(slot); got != number {
		t.Fatalf("%+v: slot %d is record %d, by itself %d", p, slot, number, got)
	}
	if p.header.Slot(number) != slot {
		t.Fatalf("%+v: record %d does not live in slot %d", p, number, slot)
	}
	if got := p.state(number); got != s.state {
		t.Fatalf("%+v: slot %d is %s, by itself %s", p, slot, s.state, got)
	}
	if shown := all || p.selected.Contains(number); shown != s.shown {
		t.Fatalf("%+v: slot %d is shown: %v", p, slot, s.shown)
	}
}
