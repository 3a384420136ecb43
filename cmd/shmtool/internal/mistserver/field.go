package mistserver

import (
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
	return w.StoreUint(n, f, v)
}
