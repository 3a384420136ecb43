package relaccx

import (
	"errors"
	"io"
	"math"
	"os"
	"sync"

	"shmtool/layout"
)

const (
	saveChunk    = 256 << 10
	saveAttempts = 5 // copies of a ring that is lapped while it is copied
)

// saveBuffers are used again: a snapshot saves thousands of pages.
var saveBuffers = sync.Pool{New: func() any { return new([saveChunk]byte) }}

// Save writes a consistent copy of the page, all Size bytes of it, to the empty file f.
// Holes stay holes. Records that were withdrawn while they were copied, of the page or
// of pages nested in it, are withdrawn in the copy as well, so that all records
// available in the copy were available at one time. Fields that are rewritten in place
// are read once. Its use of memory does not grow with the page.
func (p *Page) Save(f *os.File) error { return p.SaveTo(f) }

// SaveTarget takes the copy of a page. It is empty at first, and bytes that are not
// written read as zeros up to the size that Truncate gives it. *os.File is one.
type SaveTarget interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// SaveTo does what Save does for a copy that is no file.
func (p *Page) SaveTo(f SaveTarget) error {
	for attempt := 1; ; attempt++ {
		if err := p.copyTo(f); err != nil {
			return p.fail("save", err)
		}
		whole, err := p.withdrawIn(f)
		if err != nil || whole || attempt == saveAttempts { // at last a copy without records will do
			return p.fail("save", err)
		}
		if err := f.Truncate(0); err != nil {
			return p.fail("save", err)
		}
	}
}

func (p *Page) copyTo(f SaveTarget) error {
	pooled := saveBuffers.Get().(*[saveChunk]byte)
	defer saveBuffers.Put(pooled)
	buffer := pooled[:]
	start, end := p.NextData(0)
	for start < p.Size() {
		chunk := buffer[:min(len(buffer), end-start)]
		if err := p.copyChunk(chunk, start); err != nil {
			return err
		}
		if _, err := f.WriteAt(chunk, int64(start)); err != nil {
			return err
		}
		if start += len(chunk); start >= end {
			start, end = p.NextData(start)
		}
	}
	if err := p.intact(); err != nil {
		return err
	}
	return f.Truncate(int64(p.Size()))
}

func (p *Page) copyChunk(chunk []byte, from int) error {
	return p.mem.Guard(func() error { return p.copyOut(chunk, from) })
}

// withdrawIn withdraws in the copy what has been withdrawn from the page since the
// copy was begun. It reports whether anything is left of what was available.
func (p *Page) withdrawIn(f SaveTarget) (whole bool, err error) {
	r, err := p.Reader()
	if err != nil {
		return true, nil // nothing is available in a page that is not ready or not valid
	}
	return r.withdrawIn(f)
}

func (r *Reader) withdrawIn(f SaveTarget) (whole bool, err error) {
	live, err := r.Header()
	if err != nil {
		return false, err
	}
	head := make([]byte, layout.HeaderSize)
	if _, err := f.ReadAt(head, int64(r.base)); err != nil && err != io.EOF {
		return false, err
	}
	saved, err := layout.DecodeHeader(head)
	if err != nil {
		return false, err
	}
	first := max(saved.Deleted, live.Deleted)
	if slots := uint64(live.RecordCount); slots != 0 && live.EndPos > slots {
		first = max(first, live.EndPos-slots)
	}
	if saved.EndPos == 0 || live == saved {
		first = saved.Deleted
	}
	whole = first < saved.EndPos || saved.Deleted >= saved.EndPos
	first = min(first, max(saved.EndPos, saved.Deleted))
	evidence := overfull(saved) && overfull(live) // not only in a copy that is torn
	if first != saved.Deleted && !evidence {
		if uint64(saved.Present) == saved.EndPos-saved.Deleted {
			saved.Present = uint32(min(saved.EndPos-first, math.MaxUint32))
		}
		saved.StartPos += uint32(first - saved.Deleted)
		saved.Deleted = first
		saved.Encode(head)
		if _, err := f.WriteAt(head, int64(r.base)); err != nil {
			return false, err
		}
	}
	err = r.withdrawNestedIn(f, saved.Window(len(r.memory)))
	if !errors.Is(err, ErrWithdrawn) {
		return whole, err
	}
	if evidence {
		return whole, nil
	}
	// A record has gone, and what is nested in it can no longer be judged: it goes from
	// the copy as well.
	return r.withdrawIn(f)
}

// overfull returns a page whose counters say more records than it has slots: what it
// looks like is evidence, and stays.
func overfull(h layout.Header) bool {
	return h.RecordCount != 0 && h.EndPos-h.Deleted > uint64(h.RecordCount)
}

func (r *Reader) withdrawNestedIn(f SaveTarget, w layout.Window) error {
	for i := range r.schema.Fields() {
		field := &r.schema.Fields()[i]
		if field.Kind() != layout.Nested {
			continue
		}
		for n := w.First; n < w.End; n++ {
			inner, err := r.nestedIn(n, field)
			if err == nil {
				_, err = inner.withdrawIn(f)
			} else if !errors.Is(err, ErrWithdrawn) {
				continue // not made, or no page
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
