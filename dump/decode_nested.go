package dump

import (
	"errors"
	"fmt"

	"shmtool/layout"
)

// pageReader rebuilds the pages nested in one field from their JSON. Text that dump has
// printed comes back with the same records under the same numbers, behind a header and
// descriptors as a writer makes them today.
type pageReader struct {
	field   *layout.Field
	depth   int
	options objectOptions
	json    jsonReader // of the page's parts, one at a time
	entry   jsonReader // of a part's parts

	// The pages of a field have one schema in nearly every record: it is made
	// anew when the text of "fields" changes.
	fields    []byte
	described *layout.Schema
	schema    *layout.Schema // of the page that is read now
	records   *objectReader  // of its records
}

// pageParts are the members of a nested page's object, nil where one is left
// out.
type pageParts struct{ status, header, fields, records []byte }

func (p *pageReader) put(value, record []byte) error {
	parts, err := p.split(value)
	if err == nil {
		err = p.rebuild(parts, p.field.In(record))
	}
	if err != nil {
		return fmt.Errorf("field %q: %w", p.field.Name, err)
	}
	return nil
}

// split finds the parts of the page. A bare array is its records. Other members are
// ignored: a page in JSON may say more than is needed to make it.
func (p *pageReader) split(value []byte) (parts pageParts, err error) {
	if value[0] == '[' {
		return pageParts{records: value}, nil
	}
	if err := p.json.open(value, '{'); err != nil {
		return parts, err
	}
	for p.json.more() {
		key, value, err := p.json.member()
		if err != nil {
			return parts, err
		}
		switch string(key) {
		case "status":
			parts.status = value
		case "header":
			parts.header = value
		case "fields":
			parts.fields = value
		case "records":
			parts.records = value
		case "error":
			return parts, fmt.Errorf("the nested page could not be read when it was printed: %s", shorten(string(value)))
		}
	}
	return parts, p.json.close()
}

// rebuild writes the page over the field's bytes.
func (p *pageReader) rebuild(parts pageParts, b []byte) error {
	shape, err := p.shape(parts.fields, b)
	if err != nil {
		return err
	}
	h, err := p.header(parts, shape)
	if err != nil {
		return err
	}
	window := h.Window(len(b))
	switch {
	case h.PageSize() > uint64(len(b)):
		return fmt.Errorf("its nested page takes %d bytes, the field has %d", h.PageSize(), len(b))
	case parts.records == nil && window.Count() > 0:
		return errors.New(`the nested page has records, but no "records": dump it with a larger --depth`)
	}
	clear(b)
	shape.RecordCount = h.RecordCount
	if err := shape.Build(b, 0); err != nil {
		return err
	}
	h.Encode(b)
	return p.walk(parts.records, window.First, func(number uint64) error {
		if !window.Contains(number) {
			return fmt.Errorf("is not available by the page's header, which has %d to %d", window.First, window.End)
		}
		at := uint64(h.Offset) + h.Slot(number)*uint64(h.RecordSize)
		return p.records.store(b[at : at+uint64(h.RecordSize)])
	})
}

// walk splits the records one after the other and calls each with their
// numbers. One without "#" has the number behind the one before.
func (p *pageReader) walk(records []byte, first uint64, each func(number uint64) error) error {
	if records == nil {
		return nil
	}
	if err := p.json.open(records, '['); err != nil {
		return fmt.Errorf("records: %w", err)
	}
	next := first
	for leading := true; p.json.more(); leading = false {
		value, err := p.json.value()
		if err == nil {
			err = p.records.split(value)
		}
		number := next
		if err == nil {
			number, err = p.number(next, leading)
		}
		if err == nil {
			err = each(number)
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", number, err)
		}
		next = number + 1
	}
	return p.json.close()
}

// number returns the number of the record that was split. Only the leading one may be
// below what was expected: two records in one slot would be one.
func (p *pageReader) number(next uint64, leading bool) (uint64, error) {
	if p.records.number == nil {
		return next, nil
	}
	var n uint64
	if err := setCount(&n, p.records.number); err != nil {
		return next, fmt.Errorf("its number: %w", err)
	}
	if n < next && !leading {
		return n, fmt.Errorf("stands behind record %d", next-1)
	}
	return n, nil
}
