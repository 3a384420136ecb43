package dump

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"shmtool/layout"
)

// shape returns what the nested page in b is made of: the fields that its JSON gives, or
// those of the field's own shape, or of the page that b holds; and the record count that
// it has where its header gives none.
func (p *pageReader) shape(fields, b []byte) (shape layout.Shape, err error) {
	switch {
	case fields != nil:
		shape, err = p.describe(fields, len(b))
	case p.field.Shape != nil:
		shape = *p.field.Shape
	default:
		shape, err = heldShape(b)
	}
	if err != nil {
		return shape, err
	}
	if p.schema == nil || !p.schema.Equal(shape.Schema) {
		p.schema, p.records = shape.Schema, newObjectReader(shape.Schema, p.depth, p.options)
	}
	shape.Schema = p.schema
	return shape, nil
}

// heldShape returns the shape of the page that b holds.
func heldShape(b []byte) (layout.Shape, error) {
	none := errors.New(`there is no nested page to put records in: give its "fields"`)
	h, err := layout.DecodeHeader(b)
	if err != nil || !h.Status.Ready() || h.Check(len(b)) != nil {
		return layout.Shape{}, none
	}
	s, err := layout.DecodeSchema(b, h)
	if err != nil {
		return layout.Shape{}, none
	}
	return layout.Shape{Schema: s, RecordCount: h.RecordCount}, nil
}

// describe makes a shape of "fields". When they are those of the field's own shape,
// describe takes that shape: it knows what is nested in turn. When the record count is
// not known, it is as many as fit.
func (p *pageReader) describe(fields []byte, size int) (layout.Shape, error) {
	if p.described == nil || !bytes.Equal(p.fields, fields) {
		if err := p.readFields(fields); err != nil {
			return layout.Shape{}, fmt.Errorf("fields: %w", err)
		}
		p.fields = append(p.fields[:0], fields...)
	}
	if own := p.field.Shape; own != nil && own.Schema.Equal(p.described) {
		return *own, nil
	}
	shape := layout.Shape{Schema: p.described}
	if room := uint64(size); p.described.RecordSize() > 0 && room > shape.Size() {
		shape.RecordCount = uint32((room - shape.Size()) / uint64(p.described.RecordSize()))
	}
	return shape, nil
}

func (p *pageReader) readFields(text []byte) error {
	if err := p.json.open(text, '['); err != nil {
		return err
	}
	p.described = nil
	var fields []layout.Field
	for p.json.more() {
		value, err := p.json.value()
		if err != nil {
			return err
		}
		f, err := p.readField(value)
		if err == nil && len(fields) == math.MaxUint16 {
			err = fmt.Errorf("there are more than %d, which no page has", len(fields))
		}
		if err != nil {
			return err
		}
		fields = append(fields, f)
	}
	if err := p.json.close(); err != nil {
		return err
	}
	s, err := layout.NewSchema(fields...)
	if err != nil {
		return err
	}
	p.described = s
	return nil
}

// readField reads one field: by its type's code, or where that is left out, by
// its type's name.
func (p *pageReader) readField(text []byte) (f layout.Field, err error) {
	if err := p.entry.open(text, '{'); err != nil {
		return f, err
	}
	typeName, hasCode := "", false
	for p.entry.more() {
		key, value, err := p.entry.member()
		if err != nil {
			return f, err
		}
		switch string(key) {
		case "name":
			f.Name, err = p.text(value)
		case "type":
			typeName, err = p.text(value)
		case "code":
			hasCode, err = true, setCount((*uint8)(&f.Code), value)
		case "size":
			err = setCount(&f.Size, value)
		}
		if err != nil {
			return f, err
		}
	}
	if err := p.entry.close(); err != nil || hasCode {
		return f, err
	}
	return namedField(f, typeName)
}

// namedField returns the field of the schema text: NAME:TYPE[:SIZE].
func namedField(f layout.Field, typeName string) (layout.Field, error) {
	text := strconv.Quote(f.Name) + ":" + typeName
	if f.Size > 0 {
		text += fmt.Sprintf(":%d", f.Size)
	}
	return layout.ParseField(text)
}

func (p *pageReader) text(value []byte) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("%s is not a string", shorten(string(value)))
	}
	text, err := p.entry.unquote(value)
	return string(text), err
}

// givenCounters says which counters a header's JSON has.
type givenCounters uint8

const (
	givenStart givenCounters = 1 << iota
	givenDeleted
	givenPresent
	givenEnd
)

// header returns the page's header: what is given, and what follows from shape and
// records where nothing is.
func (p *pageReader) header(parts pageParts, shape layout.Shape) (layout.Header, error) {
	h := shape.Header()
	if len(p.schema.Fields()) == 0 { // a page that its writer has not begun
		h.FieldOffset, h.Offset = 0, 0
	}
	given, err := p.readHeader(parts.header, &h)
	if err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if h.Status, err = p.readStatus(parts.status); err != nil {
		return h, fmt.Errorf("status: %w", err)
	}
	if err := p.count(parts.records, &h, given); err != nil {
		return h, err
	}
	if given&givenPresent == 0 {
		h.Present = uint32(min(h.EndPos-min(h.Deleted, h.EndPos), math.MaxUint32))
	}
	if given&givenStart == 0 {
		h.StartPos = uint32(h.Deleted)
	}
	return h, nil
}

// readHeader reads the counters. The fields determine where they lie and how large a
// record is, so neither is read.
func (p *pageReader) readHeader(text []byte, h *layout.Header) (given givenCounters, err error) {
	if text == nil {
		return 0, nil
	}
	if err := p.json.open(text, '{'); err != nil {
		return 0, err
	}
	for p.json.more() {
		key, value, err := p.json.member()
		if err != nil {
			return 0, err
		}
		switch string(key) {
		case "rcount":
			err = setCount(&h.RecordCount, value)
		case "startpos":
			given, err = given|givenStart, setCount(&h.StartPos, value)
		case "deleted":
			given, err = given|givenDeleted, setCount(&h.Deleted, value)
		case "present":
			given, err = given|givenPresent, setCount(&h.Present, value)
		case "endpos":
			given, err = given|givenEnd, setCount(&h.EndPos, value)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", key, err)
		}
	}
	return given, p.json.close()
}

// count sets deleted and endpos by the records, where the header does not give
// them.
func (p *pageReader) count(records []byte, h *layout.Header, given givenCounters) error {
	if given&givenDeleted != 0 && given&givenEnd != 0 {
		return nil
	}
	first, end, count := h.Deleted, h.Deleted, uint32(0)
	err := p.walk(records, h.Deleted, func(number uint64) error {
		if count == 0 {
			first = number
		}
		end = number + 1
		count++
		return nil
	})
	if count == 0 {
		first = h.EndPos
	}
	if err == nil && h.RecordCount > 0 && count > h.RecordCount {
		err = fmt.Errorf("has %d records, and slots for %d", count, h.RecordCount)
	}
	if given&givenDeleted == 0 {
		h.Deleted = first
	}
	if given&givenEnd == 0 {
		h.EndPos = end
	}
	return err
}

// readStatus reads the three bits. A page that does not say is ready.
func (p *pageReader) readStatus(text []byte) (layout.Status, error) {
	status := layout.StatusReady
	if text == nil {
		return status, nil
	}
	if err := p.json.open(text, '{'); err != nil {
		return 0, err
	}
	for p.json.more() {
		key, value, err := p.json.member()
		if err != nil {
			return 0, err
		}
		bit := statusBits[string(key)]
		switch value[0] {
		case 't':
			status |= bit
		case 'f':
			status &^= bit
		default:
			return 0, fmt.Errorf("%s: %s is not true or false", key, shorten(string(value)))
		}
	}
	return status, p.json.close()
}

var statusBits = map[string]layout.Status{"ready": layout.StatusReady, "exit": layout.StatusExit, "reload": layout.StatusReload}

// setCount reads a whole number that T can hold.
func setCount[T uint8 | uint32 | uint64](to *T, value []byte) error {
	most := ^T(0)
	v, err := strconv.ParseUint(string(bytes.Trim(value, `"`)), 10, 64)
	if err != nil || v > uint64(most) {
		return fmt.Errorf("%s is not a whole number from 0 to %d", shorten(string(value)), most)
	}
	*to = T(v)
	return nil
}
