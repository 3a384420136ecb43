package relaccx

import (
	"fmt"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// Step is one step of a path from a page to a page nested in one of its records.
type Step struct {
	Field  string // the nested field
	Record uint64 // the record, where Exact is set
	Exact  bool   // else the newest available record, or record 0 of a table
}

// String returns the step as it is written in an address: "keys" or "keys@12".
func (s Step) String() string {
	if s.Exact {
		return fmt.Sprintf("%s@%d", s.Field, s.Record)
	}
	return s.Field
}

// Nested opens the page at the end of a path of nested pages, where it lies. Without
// steps it returns r. Its reads are also proven against the withdrawal of the records
// around it. Errors: ErrNoField, ErrNotNested, ErrNoRecord, ErrWithdrawn; ErrNotReady
// when a page on the path is not ready; a *layout.FormatError when one is invalid.
func (r *Reader) Nested(path ...Step) (*Reader, error) {
	for _, s := range path {
		n, f, err := r.find(s)
		if err != nil {
			return nil, err
		}
		if r, err = r.nestedIn(n, f); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// PeekNested opens a nested page as Nested does, and also when the last page of the
// path is not ready. It is to Nested what Page.Peek is to Page.Reader.
func (r *Reader) PeekNested(path ...Step) (*Reader, error) {
	if len(path) == 0 {
		return r, nil
	}
	last := len(path) - 1
	around, err := r.Nested(path[:last]...)
	if err != nil {
		return nil, err
	}
	n, f, err := around.find(path[last])
	if err != nil {
		return nil, err
	}
	return around.peekNested(n, f)
}

// find returns the record and the field that a step names.
func (r *Reader) find(s Step) (uint64, *layout.Field, error) {
	f := r.schema.Lookup(s.Field)
	if f == nil {
		return 0, nil, r.page.fail("read", &FieldError{s.Field, r.schema})
	}
	n, err := r.recordOf(s)
	return n, f, err
}

// recordOf returns the record that a step means.
func (r *Reader) recordOf(s Step) (uint64, error) {
	if s.Exact {
		return s.Record, nil
	}
	return r.Newest()
}

// Newest returns the number of the newest available record, or 0 on a table. With
// WithRules, it returns the last record in use. It returns ErrNoRecord when there is
// none.
func (r *Reader) Newest() (uint64, error) {
	h, err := r.Header()
	if err != nil {
		return 0, err
	}
	w := r.window(h)
	switch {
	case r.marked():
		return r.newestLive(w)
	case w.Count() == 0:
		return 0, r.empty()
	case r.info == nil && h.EndPos == 0:
		return 0, nil
	}
	return w.End - 1, nil
}

// newestLive returns the number of the last record of w, of a table, that is in use.
func (r *Reader) newestLive(w layout.Window) (uint64, error) {
	last, err := r.LastInUse(w, 1)
	if err != nil {
		return 0, err
	}
	for rec, err := range r.Records(last) {
		switch {
		case isLapped(err):
		case err != nil:
			return 0, err
		case r.used(rec):
			return rec.Number, nil
		}
	}
	return 0, r.empty()
}

func (r *Reader) empty() error {
	why := "the page is empty"
	if r.marked() {
		why = "none is in use"
	}
	return r.page.fail("read", fmt.Errorf("%w: %s", ErrNoRecord, why))
}

// nestedIn opens the page nested in field f of record n.
func (r *Reader) nestedIn(n uint64, f *layout.Field) (*Reader, error) {
	inner, err := r.peekNested(n, f)
	if err == nil && !inner.ready {
		err = r.page.fail("read", fmt.Errorf("nested page %q of record %d: %w", f.Name, n, ErrNotReady))
	}
	if err != nil {
		return nil, err
	}
	return inner, nil
}

// openNested does what open does where the format ends: a hostile page must not lead deeper than
// that, at some cost for each step.
func (r *Reader) openNested() error {
	if r.depth > layout.MaxDepth {
		return &layout.FormatError{Offset: int64(r.base), What: "pages are nested deeper than", Value: layout.MaxDepth}
	}
	return r.open()
}

// nestedBytes returns the bytes of the page in a field of the record at a position.
// Some MistServers make a page longer than its field; see layout.Field.Overrun.
func (r *Reader) nestedBytes(at int, f *layout.Field) []byte {
	field := f.In(r.record(at))
	if r.behind > 0 && len(field) >= layout.HeaderSize { // a look at others would fill their holes
		behind := r.memory[at+int(f.Offset):]
		if over := f.Overrun(shm.HeaderCells(field).Header()); over > 0 && len(field)+over <= len(behind) {
			return behind[:len(field)+over]
		}
	}
	return field
}

func (r *Reader) peekNested(n uint64, f *layout.Field) (*Reader, error) {
	if f.Kind() != layout.Nested {
		return nil, r.page.fail("read", fmt.Errorf("field %q is %v: %w", f.Name, f.Kind(), ErrNotNested))
	}
	inner := &Reader{page: r.page, parent: r, number: n, depth: r.depth + 1}
	name := fmt.Sprintf("nested page %q", f.Name) // of a record that err names
	err := r.page.mem.Guard(func() error {
		at, err := r.locate(n)
		if err != nil {
			return r.judge(err)
		}
		inner.memory = r.nestedBytes(at, f)
		inner.base = r.base + at + int(f.Offset)
		err = inner.openNested()
		if gone := r.prove(n); gone != nil {
			return r.judge(gone) // and what was found in it was another record's
		}
		name = fmt.Sprintf("%s of record %d", name, n)
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	if err := r.page.settle("read", err); err != nil {
		return nil, err
	}
	return inner.WithRules(r.info.Nested(f.Name)), nil
}
