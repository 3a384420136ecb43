package relaccx

import (
	"fmt"
	"strconv"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// conversion carries records of one schema over to another, field by field and
// by name. A field that the old schema has not stays empty.
type conversion struct {
	to       *layout.Schema
	pairs    []fieldPair
	info     *mist.PageInfo // of the page that the records come from
	truncate bool           // cut what does not fit, instead of refusing it
	record   Record
}

type fieldPair struct{ from, to *layout.Field }

// newConversion refuses what cannot be carried over whatever the values are.
func newConversion(from, to *layout.Schema, truncate bool) (*conversion, error) {
	c := &conversion{to: to, truncate: truncate}
	for i := range to.Fields() {
		f := &to.Fields()[i]
		old := from.Lookup(f.Name)
		if old == nil {
			continue
		}
		if !convertible(old.Kind(), f.Kind()) {
			return nil, &layout.SpecError{Text: f.Name, Reason: fmt.Sprintf("%v cannot become %v; drop the field and add another", old.Kind(), f.Kind())}
		}
		c.pairs = append(c.pairs, fieldPair{old, f})
	}
	return c, nil
}

// convertible says which kinds carry over: numbers and strings into each other,
// as text; everything else only into its own kind.
func convertible(from, to layout.Kind) bool {
	return from == to || isScalar(from) && isScalar(to)
}

func isScalar(k layout.Kind) bool {
	return k == layout.Uint || k == layout.Int || k == layout.String
}

// convert gives rec in the new schema; the bytes are valid until the next call. A value
// that does not fit is a *layout.ValueError, unless truncate is set.
func (c *conversion) convert(rec *Record) ([]byte, error) {
	if err := c.record.reset(c.to); err != nil {
		return nil, err
	}
	for _, p := range c.pairs {
		if err := c.convertField(p, rec.bytes); err != nil {
			return nil, fmt.Errorf("record %d: %w", rec.Number, err)
		}
	}
	return c.record.bytes, nil
}

func (c *conversion) convertField(p fieldPair, from []byte) error {
	to := c.record.bytes
	switch {
	case p.to.Kind() == layout.Nested:
		return c.convertNested(p, from)
	case p.from.Code == p.to.Code && p.from.Size == p.to.Size:
		copy(p.to.In(to), p.from.In(from))
		return nil
	case !isScalar(p.to.Kind()):
		return c.convertBytes(p, from)
	case p.to.Kind() == layout.String:
		return c.convertText(p, from)
	case p.from.Kind() == layout.String:
		return p.to.Parse(to, string(p.from.Text(from)))
	case c.truncate:
		return p.to.PutLow(to, p.from.Uint(from))
	case p.from.Kind() == layout.Int:
		return p.to.PutInt(to, p.from.Int(from))
	}
	return p.to.PutUint(to, p.from.Uint(from))
}

func (c *conversion) convertText(p fieldPair, from []byte) error {
	var text string
	switch p.from.Kind() {
	case layout.String:
		text = string(p.from.Text(from))
	case layout.Int:
		text = strconv.FormatInt(p.from.Int(from), 10)
	default:
		text = strconv.FormatUint(p.from.Uint(from), 10)
	}
	if c.truncate && len(text) >= int(p.to.Size) {
		text = text[:p.to.Size-1]
	}
	return p.to.PutText(c.record.bytes, text)
}

// convertBytes carries bytes without a length: zeros at their end are none.
func (c *conversion) convertBytes(p fieldPair, from []byte) error {
	b := p.from.In(from)
	for len(b) > int(p.to.Size) && (c.truncate || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return p.to.PutBytes(c.record.bytes, b)
}

// convertNested carries a nested page over: into the new shape, where one is
// given, else as it is.
func (c *conversion) convertNested(p fieldPair, from []byte) error {
	if p.to.Shape == nil {
		return c.convertBytes(p, from)
	}
	old, err := bytesReader(p.from.Name, p.from.In(from))
	if err != nil || old.Schema().RecordSize() == 0 {
		return err
	}
	old = old.WithRules(c.info.Nested(p.from.Name))
	page, err := FromBytes(p.to.Name, p.to.In(c.record.bytes))
	if err != nil {
		return err
	}
	inner, err := newWriter(page)
	if err != nil {
		return err
	}
	inner.schema = p.to.Shape.Schema
	conv, err := newConversion(old.Schema(), inner.schema, c.truncate)
	if err != nil {
		return err
	}
	conv.info = old.info
	return inner.carry(old, conv)
}
