package layout

// Shape is all that an empty page is made of: its fields and how many records
// it has room for.
type Shape struct {
	Schema      *Schema
	RecordCount uint32
}

// Size returns the bytes that a page of this shape takes: header, descriptors and all
// slots.
func (sh Shape) Size() uint64 {
	return uint64(sh.offset()) + uint64(sh.RecordCount)*uint64(sh.Schema.RecordSize())
}

func (sh Shape) offset() int { return HeaderSize + sh.Schema.DescriptorsSize() }

// Header returns the header of a page of this shape that is not ready and holds no
// record.
func (sh Shape) Header() Header {
	return Header{
		FieldOffset: HeaderSize,
		RecordCount: sh.RecordCount,
		RecordSize:  sh.Schema.RecordSize(),
		Offset:      uint16(sh.offset()),
	}
}

// Build writes an empty page of this shape over the start of b, which must be
// zero and have Size bytes: header, descriptors, and, in every slot, the nested
// pages whose shape is known, each ready and empty. The status given becomes
// the page's own; a page that others can see already is built with 0 and made
// ready when it is whole.
func (sh Shape) Build(b []byte, status Status) error {
	if uint64(len(b)) < sh.Size() {
		return formatErrorf(len(b), "page is too small for its shape, which takes", sh.Size())
	}
	h := sh.Header()
	h.Status = status
	h.Encode(b)
	sh.Schema.AppendDescriptors(b[HeaderSize:HeaderSize:h.Offset])
	if !sh.Prefilled() {
		return nil
	}
	for slot := range uint64(sh.RecordCount) {
		at := uint64(h.Offset) + slot*uint64(h.RecordSize)
		if err := sh.Schema.BuildNested(b[at : at+uint64(h.RecordSize)]); err != nil {
			return err
		}
	}
	return nil
}

// Prefilled reports whether Build writes into the slots: it does where the
// shape of a nested page is known.
func (sh Shape) Prefilled() bool { return sh.Schema.shaped }

// BuildNested writes the nested pages whose shape is known into a record of
// zeros, each ready and empty.
func (s *Schema) BuildNested(record []byte) error {
	if !s.shaped { // inlined at the caller
		return nil
	}
	return s.buildNested(record)
}

func (s *Schema) buildNested(record []byte) error {
	for i := range s.fields {
		f := &s.fields[i]
		if f.Shape == nil {
			continue
		}
		if err := f.Shape.Build(f.In(record), StatusReady); err != nil {
			return err
		}
	}
	return nil
}
