package layout

import (
	"bytes"
	"fmt"
	"testing"

	"shmtool/layout/layouttest"
)

// view is all that a page says, in a form that can be written down by hand and
// compared: what the golden tests hold against the bytes.
type view struct {
	Header  Header
	Fields  []string // "name 0x10 1 @0": name, code, size, position in the record
	Records []recordView
}

// recordView is one available record. Values stand in field order: uint64,
// int64, string, []byte, or *view for a nested page.
type recordView struct {
	Number uint64
	Values []any
}

// viewPage reads a page the way a user of this package does. Nested pages that
// cannot be read are their error's text.
func viewPage(page []byte) (*view, error) {
	h, err := DecodeHeader(page)
	if err != nil {
		return nil, err
	}
	if err := Validate(page, h); err != nil {
		return nil, err
	}
	s, err := DecodeSchema(page, h)
	if err != nil && h.Status.Ready() {
		return nil, err
	}
	v := &view{Header: h}
	for i := range s.Fields() {
		f := &s.Fields()[i]
		v.Fields = append(v.Fields, fmt.Sprintf("%s %v %d @%d", f.Name, f.Code, f.Size, f.Offset))
	}
	if err != nil {
		return v, nil // half-built: the fields that are there, and no record
	}
	for n, w := uint64(0), h.Window(len(page)); n < w.Count(); n++ {
		v.Records = append(v.Records, viewRecord(page, h, s, w.First+n))
	}
	return v, nil
}

func viewRecord(page []byte, h Header, s *Schema, number uint64) recordView {
	record := recordAt(page, h, number)
	r := recordView{Number: number}
	for i := range s.Fields() {
		r.Values = append(r.Values, viewValue(&s.Fields()[i], record))
	}
	return r
}

func recordAt(page []byte, h Header, number uint64) []byte {
	at := uint64(h.Offset) + h.Slot(number)*uint64(h.RecordSize)
	return page[at : at+uint64(h.RecordSize)]
}

func viewValue(f *Field, record []byte) any {
	switch {
	case f.Kind() == Uint && f.Readable():
		return f.Uint(record)
	case f.Kind() == Int && f.Readable():
		return f.Int(record)
	case f.Kind() == String:
		return string(f.Text(record))
	case f.Kind() == Nested:
		inner, err := viewPage(f.In(record))
		if err != nil {
			return err.Error()
		}
		return inner
	}
	return bytes.Clone(f.In(record))
}

// reencode makes the front of a page, up to offset, out of what was decoded; only
// the gap before the descriptors, which means nothing, is taken from the page.
func reencode(page []byte, h Header, s *Schema) []byte {
	out := make([]byte, max(HeaderSize, int(h.Offset)))
	if int(h.FieldOffset) > HeaderSize {
		copy(out[HeaderSize:], page[HeaderSize:h.FieldOffset])
	}
	h.Encode(out)
	descriptors := s.AppendDescriptors(nil)
	copy(out[h.FieldOffset:], descriptors)
	return out
}

// goldenHeader loads a golden page that is long enough for a header.
func goldenHeader(t testing.TB, name string) ([]byte, Header) {
	t.Helper()
	page := layouttest.Load(t, name)
	h, err := DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	return page, h
}
