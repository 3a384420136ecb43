package relaccx

import (
	"errors"

	"shmtool/layout"
)

// Shape returns the page's fields and its record count, and those of each nested page,
// as far as one record shows them. A page created with this shape has the same
// descriptors, in their shortest form.
func (r *Reader) Shape() (layout.Shape, error) { return r.shape(r.depth) }

// shape does what Shape does of a page that lies so deep in others. Each level costs a copy of
// all below it: a hostile page must not make that thousands.
func (r *Reader) shape(depth int) (layout.Shape, error) {
	h, err := r.Header()
	if err != nil {
		return layout.Shape{}, err
	}
	shape := layout.Shape{Schema: r.schema, RecordCount: h.RecordCount}
	if depth == layout.MaxDepth {
		return shape, nil
	}
	fields, found, err := r.nestedShapes(depth + 1)
	if err != nil || !found {
		return shape, err
	}
	if s, err := layout.NewSchema(fields...); err == nil {
		shape.Schema = s
	}
	return shape, nil
}

// nestedShapes returns the page's fields with the shapes of their nested pages, which lie
// so deep.
func (r *Reader) nestedShapes(depth int) (fields []layout.Field, found bool, err error) {
	fields = append(fields, r.schema.Fields()...)
	var sample *Record
	for i := range fields {
		f := &fields[i]
		if f.Kind() != layout.Nested {
			continue
		}
		if sample == nil {
			if sample, err = r.sample(); sample == nil || err != nil {
				return nil, false, err
			}
		}
		inner, err := sample.Nested(f)
		if err != nil || len(inner.schema.Fields()) == 0 {
			continue // not made, or not RelAccX: only its size is known
		}
		shape, err := inner.shape(depth)
		if err != nil {
			return nil, false, err
		}
		f.Shape, found = &shape, true
	}
	return fields, found, nil
}

// sample returns a record to learn from: the newest, or what lies in slot 0; nil when
// there is no slot.
func (r *Reader) sample() (*Record, error) {
	var rec Record
	n, err := r.Newest()
	if err == nil {
		err = r.Read(n, &rec)
	}
	if err == nil {
		return &rec, nil
	}
	if !errors.Is(err, ErrNoRecord) && !errors.Is(err, ErrWithdrawn) {
		return nil, err
	}
	for slot, err := range r.Slots() {
		return slot, err
	}
	return nil, nil
}

// Base returns the byte of the mapping at which a nested page begins, 0 for the page
// itself.
func (r *Reader) Base() int { return r.base }

// Inspect runs fn as Page.Inspect does, on the bytes of this page alone.
func (r *Reader) Inspect(fn func(page []byte, h layout.Header) error) error {
	h, err := r.Header()
	if err != nil {
		return err
	}
	return r.page.settle("read", r.page.mem.Guard(func() error { return fn(r.memory, h) }))
}
