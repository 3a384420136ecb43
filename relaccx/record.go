package relaccx

import (
	"fmt"
	"slices"

	"shmtool/layout"
)

// Record is one record as a private copy: it stays valid whatever happens to the page.
// Its methods read and set fields by name. To do so for many records, resolve the
// fields once with Schema.Lookup, and use them on Bytes: f.Uint(rec.Bytes()).
//
// A Record that comes from an iterator, a Follower, or a Writer is valid until the next
// one; Clone keeps it.
type Record struct {
	Number uint64
	schema *layout.Schema
	bytes  []byte
	behind []byte // what lies behind it on the page, where a nested page may go on there
}

// Schema returns the fields of the record.
func (r *Record) Schema() *layout.Schema { return r.schema }

// Bytes returns the record's bytes, Schema().RecordSize() of them. They are valid as
// long as the record is, and may be changed.
func (r *Record) Bytes() []byte { return r.bytes }

// Clone returns a copy with its own memory.
func (r *Record) Clone() *Record {
	c := *r
	c.bytes = append([]byte(nil), r.bytes...)
	c.behind = slices.Clone(r.behind)
	return &c
}

func (r *Record) field(name string) (*layout.Field, error) {
	if f := r.schema.Lookup(name); f != nil {
		return f, nil
	}
	return nil, &FieldError{name, r.schema}
}

// Uint returns an integer field by name, as layout.Field.Uint does: 0 for a field of
// another kind. It returns ErrNoField when there is no such field.
func (r *Record) Uint(name string) (uint64, error) {
	f, err := r.field(name)
	if err != nil {
		return 0, err
	}
	return f.Uint(r.bytes), nil
}

// Int returns an integer field by name as a signed number, with Uint's errors.
func (r *Record) Int(name string) (int64, error) {
	v, err := r.Uint(name)
	return int64(v), err
}

// Text returns a string field by name, up to its first zero byte. It returns ErrNoField
// when there is no such field.
func (r *Record) Text(name string) (string, error) {
	f, err := r.field(name)
	if err != nil {
		return "", err
	}
	return string(f.Text(r.bytes)), nil
}

// Field returns the bytes of any field by name, in the record's own memory. It returns
// ErrNoField when there is no such field.
func (r *Record) Field(name string) ([]byte, error) {
	f, err := r.field(name)
	if err != nil {
		return nil, err
	}
	return f.In(r.bytes), nil
}

// Nested opens the page nested in a field of the record, in the record's own copy: the
// living page no longer reaches it. The Reader is valid as long as the record is. It
// returns ErrNotNested for a field of another kind.
func (r *Record) Nested(f *layout.Field) (*Reader, error) {
	if f.Kind() != layout.Nested {
		return nil, fmt.Errorf("field %q is %v: %w", f.Name, f.Kind(), ErrNotNested)
	}
	b := f.In(r.bytes)
	if h, err := layout.DecodeHeader(b); err == nil {
		if over := f.Overrun(h); over > 0 && over <= len(r.behind) {
			b = slices.Concat(b, r.behind[:over])
		}
	}
	return bytesReader(f.Name, b)
}

// SetUint stores an unsigned number by name. It returns ErrNoField when there is no
// such field, and a *layout.ValueError when the value does not fit; after an error
// nothing has changed.
func (r *Record) SetUint(name string, v uint64) error {
	f, err := r.field(name)
	if err != nil {
		return err
	}
	return f.PutUint(r.bytes, v)
}

// SetInt stores a signed number by name, with SetUint's errors.
func (r *Record) SetInt(name string, v int64) error {
	f, err := r.field(name)
	if err != nil {
		return err
	}
	return f.PutInt(r.bytes, v)
}

// SetText stores a string by name, with SetUint's errors.
func (r *Record) SetText(name, v string) error {
	f, err := r.field(name)
	if err != nil {
		return err
	}
	return f.PutText(r.bytes, v)
}

// SetBytes stores bytes by name, with SetUint's errors.
func (r *Record) SetBytes(name string, v []byte) error {
	f, err := r.field(name)
	if err != nil {
		return err
	}
	return f.PutBytes(r.bytes, v)
}

// reset makes it an empty record of a schema: zeros, and nested pages whose
// shape is known ready and empty.
func (r *Record) reset(s *layout.Schema) error {
	size := int(s.RecordSize())
	if cap(r.bytes) < size {
		r.bytes = make([]byte, size)
	} else {
		r.bytes = r.bytes[:size]
		clear(r.bytes)
	}
	r.schema = s
	return s.BuildNested(r.bytes)
}

// take copies the record at position at of r's page, which its writer may be
// changing.
func (r *Record) take(from *Reader, at int) error {
	size := int(from.size)
	all := slices.Grow(r.bytes[:0], size+from.behind)[:min(size+from.behind, len(from.memory)-at)]
	r.bytes, r.behind = all[:size], all[size:]
	return from.copyOut(all, at)
}
