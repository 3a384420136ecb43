package relaccx

import (
	"fmt"
	"testing"

	"shmtool/layout"
)

// shapedPage returns the bytes of a page with fields.
func shapedPage(t *testing.T, schema string) []byte {
	t.Helper()
	s, err := layout.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: s, RecordCount: 1}
	b := make([]byte, shape.Size())
	if err := shape.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	return b
}

// Pages with the same fields share a schema, those with others do not, and what is wrong with
// a page is told each time.
func TestSchemasAreShared(t *testing.T) {
	var c schemaCache
	open := func(b []byte) (*layout.Schema, error) {
		h, err := layout.DecodeHeader(b)
		if err != nil {
			return nil, err
		}
		s, _, err := c.of(b, h)
		return s, err
	}
	const fields = "shared:uint32\nother:uint64\n"
	first, err := open(shapedPage(t, fields))
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(shapedPage(t, fields))
	if err != nil || again != first {
		t.Errorf("%p, %p, %v", first, again, err)
	}
	other, err := open(shapedPage(t, "shared:uint32\nother:int64\n"))
	if err != nil || other == first || other.Equal(first) {
		t.Errorf("%v, %v", other, err)
	}
	wrong := shapedPage(t, fields+"more:uint8\n")
	copy(wrong[layout.HeaderSize:], shapedPage(t, fields)[layout.HeaderSize:])
	for range 2 {
		if s, err := open(wrong); err == nil {
			t.Errorf("descriptors that end before the records: %v", s)
		}
	}
	h, err := layout.DecodeHeader(wrong)
	if err != nil {
		t.Fatal(err)
	}
	size := shapedPage(t, fields)
	h, err = layout.DecodeHeader(size)
	if err != nil {
		t.Fatal(err)
	}
	h.RecordSize++
	h.Encode(size)
	for range 2 {
		if s, err := open(append(size, 0)); err == nil {
			t.Errorf("fields that do not add up to the size of a record: %v", s)
		}
	}
	past := shapedPage(t, fields)
	if h, err = layout.DecodeHeader(past); err != nil {
		t.Fatal(err)
	}
	past = past[:h.Offset]
	h.Offset++ // the descriptors end where the page does, and the header says that more follow
	if s, _, err := c.of(past, h); err == nil {
		t.Errorf("descriptors past the end of the page: %v", s)
	}
	h.Offset--
	h.FieldOffset = layout.MinFieldOffset - 1
	if s, _, err := c.of(past, h); err == nil {
		t.Errorf("descriptors within the header: %v", s)
	}
	for i := range 2 * schemasMost { // many others take no memory
		if _, err := open(shapedPage(t, fmt.Sprintf("field%d:uint8\n", i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.known); n > schemasMost {
		t.Errorf("%d schemas are known", n)
	}
}
