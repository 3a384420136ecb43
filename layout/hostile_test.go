package layout

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout/layouttest"
)

// readAll does to a page what every reader may do. It gives nothing: that it
// comes back is the test.
func readAll(page []byte) {
	h, err := DecodeHeader(page)
	if err != nil {
		return
	}
	_ = Validate(page, h)
	_ = CheckPage(page, h)
	s, _ := DecodeSchema(page, h)
	_ = s.String()
	s.AppendDescriptors(nil)
	readWindow(page, h, s, h.Window(len(page)))
	readWindow(page, h, s, h.AllSlots(len(page)))
}

// readWindow reads what records there are by the header's word, at most the
// first and last few: it is where they lie that matters.
func readWindow(page []byte, h Header, s *Schema, w Window) {
	if s.RecordSize() != h.RecordSize || h.RecordSize == 0 {
		return
	}
	for n := range min(w.Count(), 8) {
		for _, number := range []uint64{w.First + n, w.End - 1 - n} {
			viewRecord(page, h, s, number)
		}
	}
}

// allocated is the bytes that a call puts on the heap, in all.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A header may claim what it likes: what is allocated is bounded by the page.
func TestClaimsAllocateNothing(t *testing.T) {
	claims := []struct {
		name   string
		change func(*Header)
	}{
		{"4 G records", func(h *Header) { h.RecordCount = math.MaxUint32 }},
		{"4 G records of 4 G", func(h *Header) { h.RecordCount, h.RecordSize = math.MaxUint32, math.MaxUint32 }},
		{"4 G present", func(h *Header) { h.Present, h.EndPos = math.MaxUint32, 0 }},
		{"2^64 records", func(h *Header) { h.Deleted, h.EndPos = 0, math.MaxUint64 }},
		{"2^64 direct", func(h *Header) { h.RecordCount, h.EndPos = 0, math.MaxUint64 }},
		{"offset 65535", func(h *Header) { h.Offset = math.MaxUint16 }},
		{"not ready, no offset, 4 G records", func(h *Header) {
			*h = Header{RecordCount: math.MaxUint32, RecordSize: 1, Deleted: math.MaxUint32 - 3, EndPos: math.MaxUint32 - 1}
		}},
	}
	for _, name := range []string{"minimal", "wrapped", "integers"} {
		for _, claim := range claims {
			page, h := goldenHeader(t, name)
			claim.change(&h)
			h.Encode(page)
			if got := allocated(func() { readAll(page) }); got > 64<<10 {
				t.Errorf("%s, %s: a page of %d bytes makes readers allocate %d", name, claim.name, len(page), got)
			}
		}
	}
}

// A page that is cut anywhere is an error or a smaller page, at every length.
func TestCutPages(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		page := layouttest.Load(t, name)
		for size := range min(len(page), 400) {
			readAll(page[:size:size])
		}
	}
}

// Each byte of a page in turn becomes another: nothing may panic.
func TestChangedBytes(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		page := layouttest.Load(t, name)
		if len(page) > 400 {
			continue
		}
		for at := range page {
			was := page[at]
			for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff, was + 1, was - 1} {
				page[at] = b
				readAll(page)
			}
			page[at] = was
		}
	}
}

// manyFields is a schema of as many fields as a page can have, each of a byte.
func manyFields(t testing.TB, code Code) *Schema {
	t.Helper()
	var s Schema
	var names seenNames
	for i := 0; HeaderSize+s.size+5 <= maxOffset; i++ {
		f := Field{Name: string([]byte{byte(i), byte(i >> 8)}), Code: code, Size: 1, Offset: s.recordSize}
		if names.repeats(&s, f.Name) {
			t.Fatalf("name %q is there twice", f.Name)
		}
		s.size += f.descriptorSize()
		s.recordSize++
		s.fields = append(s.fields, f)
	}
	return &s
}

// pageOf is a ready page of that schema, with its one record available.
func pageOf(t testing.TB, s *Schema) []byte {
	t.Helper()
	shape := Shape{s, 1}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, StatusReady); err != nil {
		t.Fatal(err)
	}
	h := mustHeader(t, page)
	h.EndPos, h.Present = 1, 1
	h.Encode(page)
	return page
}

// pageOfPages is a page that holds another one n times.
func pageOfPages(t testing.TB, inner []byte, n int) []byte {
	t.Helper()
	s, err := NewSchema(Field{Name: "n", Code: CodeNested, Size: uint32(len(inner))})
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{s, uint32(n)}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, StatusReady); err != nil {
		t.Fatal(err)
	}
	h := mustHeader(t, page)
	h.EndPos, h.Present = uint64(n), uint32(n)
	h.Encode(page)
	for i := range uint64(n) {
		copy(recordAt(page, h, i), inner)
	}
	return page
}

// Sixteen thousand fields are a valid page, many of them in a page too. All names
// have been remembered: a search through all for each would be a hundred million
// comparisons a page, where one look at each byte must do.
func TestManyFields(t *testing.T) {
	s := manyFields(t, CodeUint8)
	page := pageOfPages(t, pageOf(t, s), 4)
	if found := CheckPage(page, mustHeader(t, page)); len(found) != 0 {
		t.Errorf("findings %v", found[:1])
	}
	var part Schema
	var names seenNames
	for _, f := range s.fields {
		names.repeats(&part, f.Name)
		part.fields = append(part.fields, f)
	}
	if len(names.names) != len(s.fields) {
		t.Errorf("%d names are remembered, of %d", len(names.names), len(s.fields))
	}
}

// Names are held against each other in long schemas as in short ones, wherever
// they stand.
func TestDuplicateAmongMany(t *testing.T) {
	s := manyFields(t, CodeUint8)
	last := len(s.fields) - 1
	for _, tt := range []struct{ of, at int }{
		{0, 1},
		{0, fewFields - 1},
		{0, fewFields},
		{fewFields - 1, fewFields},
		{fewFields - 1, fewFields + 1},
		{fewFields, fewFields + 1},
		{0, last},
		{last - 1, last},
	} {
		page := pageOf(t, s)
		position := HeaderSize + tt.at*s.fields[0].descriptorSize()
		copy(page[position:], s.fields[tt.of].appendDescriptor(nil))
		want := fmt.Sprintf("byte %d: field name is there twice: %q", position, s.fields[tt.of].Name)
		if _, err := DecodeSchema(page, mustHeader(t, page)); fmt.Sprint(err) != want {
			t.Errorf("field %d again at %d: error %v\nwant %s", tt.of, tt.at, err, want)
		}
	}
}

// What a page says of one kind is said ten times, and hides nothing else.
func TestFindingsAreBounded(t *testing.T) {
	strings := pageOf(t, manyFields(t, CodeString))
	h := mustHeader(t, strings)
	record := recordAt(strings, h, 0)
	for i := range record {
		record[i] = 'x' // no string of one byte ends
	}
	unknown := pageOf(t, manyFields(t, 0x60))
	broken := layouttest.Load(t, "zeros")
	broken[RecordCountOffset], broken[RecordSizeOffset] = 255, 1
	tests := []struct {
		name  string
		inner []byte
		want  map[string]int
	}{
		{"open strings", strings, map[string]int{CodeOpenString: 10}},
		{"unknown families", unknown, map[string]int{CodeUnknownFamily: 10}},
		{"not ready", layouttest.Load(t, "zeros"), map[string]int{CodeNotReady: 10}},
		{"counters", layouttest.Load(t, "overrun"), map[string]int{CodeSpanOver: 10, CodePresentDiffers: 10}},
		{"invalid", broken, map[string]int{CodeInvalidPage: 10, CodeNotReady: 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := pageOfPages(t, tt.inner, 20)
			got := map[string]int{}
			for _, f := range CheckPage(page, mustHeader(t, page)) {
				got[f.Code]++
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// Twenty nested pages that are only not ready do not hide the one that is broken.
func TestNotesHideNoError(t *testing.T) {
	page := pageOfPages(t, layouttest.Load(t, "zeros"), 20)
	h := mustHeader(t, page)
	recordAt(page, h, 19)[RecordCountOffset], recordAt(page, h, 19)[RecordSizeOffset] = 255, 1
	found := CheckPage(page, h)
	last := found[len(found)-1]
	want := Finding{CodeInvalidPage, Error, int64(h.Offset) + 19*64 + RecordCountOffset, ":n@19", "records run past the end of the page: rcount: 255"}
	if last != want {
		t.Errorf("last finding %+v\nwant %+v", last, want)
	}
}
