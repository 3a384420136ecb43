package layout

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout/layouttest"
)

func addGoldenPages(f *testing.F) {
	for _, name := range layouttest.Names(f) {
		if page := layouttest.Load(f, name); len(page) < 4096 {
			f.Add(page)
		}
	}
}

// FuzzHeader: a header encodes to what it was decoded from, and no window that
// it announces leads outside the page.
func FuzzHeader(f *testing.F) {
	addGoldenPages(f)
	f.Fuzz(func(t *testing.T, page []byte) {
		h, err := DecodeHeader(page)
		if err != nil {
			if len(page) >= HeaderSize {
				t.Fatalf("%d bytes: %v", len(page), err)
			}
			return
		}
		out := make([]byte, HeaderSize)
		if h.Encode(out); !bytes.Equal(out, page[:HeaderSize]) {
			t.Fatalf("bytes (-want +got):\n%s", cmp.Diff(page[:HeaderSize], out))
		}
		_ = h.Check(len(page))
		for _, w := range []Window{h.Window(len(page)), h.AllSlots(len(page)), h.Window(len(page)).Last(3)} {
			if w.First > w.End || w.Count() > h.Slots(len(page)) {
				t.Fatalf("%+v: window %v of %d slots", h, w, h.Slots(len(page)))
			}
			for n := range min(w.Count(), 64) {
				if !slotInside(h, len(page), w.First+n) || !slotInside(h, len(page), w.End-1-n) {
					t.Fatalf("%+v: window %v leads outside of %d bytes", h, w, len(page))
				}
			}
		}
	})
}

// FuzzDescriptors: what decodes encodes to the same bytes, and where our own
// schema text can say it, the text makes the same fields.
func FuzzDescriptors(f *testing.F) {
	for _, name := range layouttest.Names(f) {
		page := layouttest.Load(f, name)
		if h, err := DecodeHeader(page); err == nil && h.Check(len(page)) == nil && h.FieldOffset >= HeaderSize {
			f.Add(bytes.Clone(page[h.FieldOffset:max(h.Offset, uint16(h.FieldOffset))]))
		}
	}
	f.Fuzz(func(t *testing.T, descriptors []byte) {
		page := append(make([]byte, HeaderSize), descriptors...)
		page = page[:min(len(page), maxOffset)]
		h := Header{FieldOffset: HeaderSize, Offset: uint16(len(page))}
		s, _ := DecodeSchema(page, h) // all but rsize
		h.RecordSize = s.RecordSize()
		s, err := DecodeSchema(page, h)
		if got := s.AppendDescriptors(nil); !bytes.Equal(got, page[HeaderSize:HeaderSize+s.DescriptorsSize()]) {
			t.Fatalf("descriptors (-want +got):\n%s", cmp.Diff(page[HeaderSize:], got))
		}
		if err == nil && HeaderSize+s.DescriptorsSize() != len(page) {
			t.Fatalf("%d bytes of %d are descriptors", s.DescriptorsSize(), len(page)-HeaderSize)
		}
		at, ours := uint32(0), err == nil && len(s.Fields()) > 0
		for i := range s.Fields() {
			field := &s.Fields()[i]
			if field.Offset != at || s.Lookup(field.Name) == nil {
				t.Fatalf("field %s lies at %d, want %d", field, field.Offset, at)
			}
			at += field.Size
			ours = ours && (&Schema{}).checkNew(field) == nil
		}
		if !ours {
			return
		}
		parsed, err := ParseSchema(s.String())
		if err != nil || !parsed.Equal(s) {
			t.Fatalf("text parses to %v, %v\n%s", parsed, err, s)
		}
	})
}

// FuzzSchemaText: text parses, prints, and parses to the same; and a page of it
// is valid and describes itself by the same fields.
func FuzzSchemaText(f *testing.F) {
	for _, tt := range fieldTexts {
		f.Add(tt.text)
	}
	for _, text := range []string{commentedSchema, plainSchema, mstMetaSchema, mstTrakSchema, nestedText(MaxDepth), nestedText(MaxDepth + 1)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		again, err := ParseSchema(s.String())
		if err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
		if !sameShape(Shape{s, 1}, Shape{again, 1}) || s.String() != again.String() {
			t.Fatalf("(-want +got):\n%s", cmp.Diff(s.String(), again.String()))
		}
		shape := Shape{s, 1}
		if shape.Size() > 1<<20 {
			return
		}
		page := make([]byte, shape.Size())
		if err := shape.Build(page, StatusReady); err != nil {
			t.Fatal(err)
		}
		read, err := DecodeSchema(page, mustHeader(t, page))
		if err != nil || !read.Equal(s) {
			t.Fatalf("the page reads as %v, %v\n%s", read, err, s)
		}
		for _, found := range CheckPage(page, mustHeader(t, page)) {
			t.Fatalf("a new page of\n%s%+v", s, found)
		}
	})
}

// FuzzPage: whatever the bytes, nothing panics, hangs or allocates for what the
// page only claims.
func FuzzPage(f *testing.F) {
	addGoldenPages(f)
	f.Fuzz(func(t *testing.T, page []byte) {
		was := bytes.Clone(page)
		readAll(page)
		if !bytes.Equal(was, page) {
			t.Fatal("reading changed the page")
		}
		h, err := DecodeHeader(page)
		if err != nil {
			return
		}
		limit := uint64(1<<20 + 1024*len(page))
		if got := allocated(func() { CheckPage(page, h) }); got > limit {
			t.Fatalf("a page of %d bytes makes CheckPage allocate %d", len(page), got)
		}
		err = Validate(page, h)
		found := CheckPage(page, h)
		if invalid := len(found) > 0 && found[len(found)-1].Severity == Error && found[len(found)-1].Path == ""; invalid != (err != nil) {
			t.Fatalf("Validate says %v, CheckPage %+v", err, found)
		}
		for _, finding := range found {
			if finding.Offset < 0 || finding.Offset > int64(len(page)) {
				t.Fatalf("finding %+v lies outside of %d bytes", finding, len(page))
			}
		}
	})
}
