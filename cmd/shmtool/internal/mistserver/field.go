package mistserver

import (
	"fmt"

	"shmtool/layout"
	"shmtool/relaccx"
)

// fieldOf returns the field of a name.
func fieldOf(s *layout.Schema, name string) (*layout.Field, error) {
	if f := s.Lookup(name); f != nil {
		return f, nil
	}
	return nil, &relaccx.FieldError{Field: name, Have: s}
}

// loadUint returns a field of record n, read where it lies.
func loadUint(r *relaccx.Reader, n uint64, field string) (v uint64, err error) {
	f, err := fieldOf(r.Schema(), field)
	if err != nil {
		return 0, err
	}
	return v, r.Lease(func(l *relaccx.Lease) error {
		return l.View(n, func(record []byte) { v = f.Uint(record) })
	})
}

// storeUint stores a field of record n.
func storeUint(w *relaccx.Writer, n uint64, field string, v uint64) error {
	f, err := fieldOf(w.Schema(), field)
	if err != nil {
		return err
	}
	return putUint(w, n, f, v)
}

// putUint stores the low bytes of v in field f of record n: MistServer cuts a number that
// is too large. It returns a *layout.ValueError if f is not an integer field.
func putUint(w *relaccx.Writer, n uint64, f *layout.Field, v uint64) error {
	var room [8]byte
	if f.Size > uint32(len(room)) {
		return &layout.ValueError{Field: f.Name, Value: fmt.Sprint(v), Reason: "the field is no integer of up to 8 bytes"}
	}
	alone := *f
	alone.Offset = 0
	if err := alone.PutLow(room[:f.Size], v); err != nil {
		return err
	}
	return w.StoreBytes(n, f, room[:f.Size])
}
