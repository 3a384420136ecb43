package layout

import "fmt"

// Schema is the fields of a page in the order of their bytes. It is fixed once
// made and may be used by many goroutines at a time.
type Schema struct {
	fields     []Field
	recordSize uint32
	size       int  // bytes of all descriptors
	shaped     bool // a nested field has a Shape
}

// NewSchema lays fields out one after the other, as a writer does that adds them in
// this order, and chooses their offsets and the form of each descriptor. It returns a
// *SpecError for a name that is empty, longer than 31 bytes, or used twice; for a size
// of 0; for an integer of 5, 6, 7, or more than 8 bytes; for an unknown family; for a
// nested page that does not fit its field; and for descriptors or records that are
// larger than the header can say.
func NewSchema(fields ...Field) (*Schema, error) {
	s := &Schema{fields: make([]Field, 0, len(fields))}
	for _, f := range fields {
		f.form = formShortest
		if err := s.add(f); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Schema) add(f Field) error {
	if f.Size == 0 {
		f.Size = f.Code.DefaultSize()
	}
	if err := s.checkNew(&f); err != nil {
		return err
	}
	f.Offset = s.recordSize
	f.access = accessOf(&f)
	s.shaped = s.shaped || f.Shape != nil
	s.size += f.descriptorSize()
	s.recordSize += f.Size
	s.fields = append(s.fields, f)
	return nil
}

func (s *Schema) checkNew(f *Field) error {
	refuse := func(format string, a ...any) error {
		return &SpecError{Text: f.Name, Reason: fmt.Sprintf(format, a...)}
	}
	switch {
	case f.Name == "":
		return refuse("name is empty")
	case len(f.Name) > MaxNameLength:
		return refuse("name has %d bytes, the format takes %d", len(f.Name), MaxNameLength)
	case s.Lookup(f.Name) != nil:
		return refuse("name is there twice")
	case f.Kind() == Unknown:
		return refuse("type code %v is of no known family", f.Code)
	case f.Size == 0:
		return refuse("type %v needs a size", f.Kind())
	case !f.Readable():
		return refuse("an integer of %d bytes is not read by MistServer; use 1, 2, 3, 4 or 8", f.Size)
	case f.Kind() == Nested && f.Size < nestedMinSize:
		return refuse("%d bytes hold no nested page; the least is %d", f.Size, nestedMinSize)
	case HeaderSize+s.size+f.descriptorSize() > maxOffset:
		return refuse("descriptors take more than %d bytes", maxOffset-HeaderSize)
	case int64(s.recordSize)+int64(f.Size) > maxRecordSize:
		return refuse("record takes more than %d bytes", maxRecordSize)
	}
	return f.checkShape(refuse)
}

func (f *Field) checkShape(refuse func(string, ...any) error) error {
	if f.Shape == nil {
		return nil
	}
	if f.Kind() != Nested {
		return refuse("only a nested field has fields of its own")
	}
	if f.Shape.Schema == nil || len(f.Shape.Schema.fields) == 0 {
		return refuse("its nested page has no fields")
	}
	if need := f.Shape.Size(); need > uint64(f.Size) {
		return refuse("its nested page takes %d bytes, the field has %d", need, f.Size)
	}
	return nil
}

// DecodeSchema reads the descriptors that header h announces from a page. When a
// descriptor is invalid, it returns the fields before it and a *FormatError with its
// byte. When the sizes do not add up to h.RecordSize, or two fields have one name, it
// returns all fields and a *FormatError. A page without descriptors (offset 0, as on a
// page of zeros) gives an empty schema.
//
// The fields' names are copies; nothing points into page.
func DecodeSchema(page []byte, h Header) (*Schema, error) {
	s := &Schema{}
	if h.Offset == 0 && h.FieldOffset == 0 {
		return s, nil
	}
	end := int(h.Offset)
	if end > len(page) {
		return s, formatErrorf(OffsetOffset, "offset is past the end of the page", h.Offset)
	}
	if h.FieldOffset < MinFieldOffset {
		return s, formatErrorf(FieldOffsetOffset, "field_offset is under 11", h.FieldOffset)
	}
	var total uint64
	var duplicate error
	var names seenNames
	for at := int(h.FieldOffset); at < end; {
		f, next, err := decodeDescriptor(page, at, end)
		if err != nil {
			return s, err
		}
		if total+uint64(f.Size) > uint64(maxRecordSize) {
			return s, formatErrorf(at, "field sizes add up to more than a record can have", f.Size)
		}
		if duplicate == nil && names.repeats(s, f.Name) {
			duplicate = formatErrorf(at, "field name is there twice", fmt.Sprintf("%q", f.Name))
		}
		f.Offset = uint32(total)
		f.access = accessOf(&f)
		total += uint64(f.Size)
		s.fields = append(s.fields, f)
		s.recordSize = uint32(total)
		s.size += next - at
		at = next
	}
	if duplicate != nil {
		return s, duplicate
	}
	if total != uint64(h.RecordSize) {
		return s, formatErrorf(RecordSizeOffset, fmt.Sprintf("field sizes add up to %d, rsize says", total), h.RecordSize)
	}
	return s, nil
}

// fewFields is up to where a linear search for a name is the fastest.
const fewFields = 32

// seenNames finds a name that is there twice while a schema grows. A page can
// have 16,000 fields, and so can each page nested in it: a search through all
// of them for each would take minutes where a page means harm.
type seenNames struct{ names map[string]struct{} }

func (n *seenNames) repeats(s *Schema, name string) bool {
	if len(s.fields) < fewFields {
		return s.Lookup(name) != nil
	}
	if n.names == nil {
		n.names = make(map[string]struct{}, 2*fewFields)
		for i := range s.fields {
			n.names[s.fields[i].Name] = struct{}{}
		}
	}
	_, there := n.names[name]
	n.names[name] = struct{}{}
	return there
}

// AppendDescriptors appends all field descriptors to b: as they were read, or for a new
// schema each in its shortest form.
func (s *Schema) AppendDescriptors(b []byte) []byte {
	for i := range s.fields {
		b = s.fields[i].appendDescriptor(b)
	}
	return b
}

// Fields returns the fields in the order of their bytes. The slice belongs to the schema
// and must not be changed.
func (s *Schema) Fields() []Field { return s.fields }

// Names returns the names of the fields, in their order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.fields))
	for i := range s.fields {
		names[i] = s.fields[i].Name
	}
	return names
}

// Lookup returns the field of that name, or nil. When several fields have the name, it
// returns the last, as MistServer does. A linear search: schemas are short, and comparing
// lengths and bytes beats hashing.
func (s *Schema) Lookup(name string) *Field {
	for i := len(s.fields) - 1; i >= 0; i-- {
		if s.fields[i].Name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// RecordSize returns the size of a record in bytes: the sum of the field sizes.
func (s *Schema) RecordSize() uint32 { return s.recordSize }

// DescriptorsSize returns the bytes that all descriptors take.
func (s *Schema) DescriptorsSize() int { return s.size }

// Equal reports whether both describe the same bytes: same names, codes, sizes and order.
// It does not compare what is inside nested pages.
func (s *Schema) Equal(o *Schema) bool {
	if s.recordSize != o.recordSize || len(s.fields) != len(o.fields) {
		return false
	}
	for i := range s.fields {
		a, b := &s.fields[i], &o.fields[i]
		if a.Name != b.Name || a.Code != b.Code || a.Size != b.Size {
			return false
		}
	}
	return true
}

// Diff returns the names of fields that only o has, of fields that only s has, and of
// fields that both have with another type code or size, each in the order of its
// schema.
func (s *Schema) Diff(o *Schema) (added, removed, changed []string) {
	for i := range o.fields {
		f := &o.fields[i]
		old := s.Lookup(f.Name)
		switch {
		case old == nil:
			added = append(added, f.Name)
		case old.Code != f.Code || old.Size != f.Size:
			changed = append(changed, f.Name)
		}
	}
	for i := range s.fields {
		if o.Lookup(s.fields[i].Name) == nil {
			removed = append(removed, s.fields[i].Name)
		}
	}
	return added, removed, changed
}
