package snapshot

import (
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/relaccx"
)

// replica is the copy of an object: a file, or memory until it is in the archive.
type replica interface {
	io.ReaderAt
	// change opens the copy for as long as fn takes, and keeps its time.
	change(fn func(to relaccx.SaveTarget) error) error
	// page opens the copy as a page.
	page() (*relaccx.Page, error)
	// open returns the bytes of the copy, their size, and which of them are no hole.
	open() (from io.ReaderAt, size int64, parts []part, err error)
	// fails reports whether an error is about the copy, and not about what is copied.
	fails(err error) bool
	remove() error
}

// fileCopy is a copy in a file of that path.
type fileCopy struct {
	path     string
	modified time.Time
	from     *os.File // open has opened it
}

func newFileCopy(path string, modified time.Time, fill func(to relaccx.SaveTarget) error) (*fileCopy, error) {
	to, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	f := &fileCopy{path: path, modified: modified}
	return f, f.changeIn(to, fill) // also a copy that fails is there, and is removed
}

func (f *fileCopy) change(fn func(to relaccx.SaveTarget) error) error {
	to, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.changeIn(to, fn)
}

func (f *fileCopy) changeIn(to *os.File, fn func(to relaccx.SaveTarget) error) error {
	if err := errors.Join(fn(to), to.Close()); err != nil {
		return err
	}
	return os.Chtimes(f.path, f.modified, f.modified)
}

func (f *fileCopy) fails(err error) bool { return isAbout(err, f.path) }

func (f *fileCopy) page() (*relaccx.Page, error) { return relaccx.Open(f.path) }

func (f *fileCopy) ReadAt(b []byte, at int64) (int, error) {
	from, err := os.Open(f.path)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	return from.ReadAt(b, at)
}

func (f *fileCopy) open() (io.ReaderAt, int64, []part, error) {
	from, err := os.Open(f.path)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := from.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(err, from.Close())
	}
	f.from = from
	return from, info.Size(), partsOf(from, info.Size()), nil
}

func (f *fileCopy) remove() error {
	err := os.Remove(f.path)
	if f.from != nil {
		err = errors.Join(err, f.from.Close())
	}
	return err
}

// memoryCopy is a copy in memory. Its holes take no room.
type memoryCopy struct {
	name  string
	b     []byte // as long as the copy, and room for more behind
	parts []part // which of it are no hole, in order

	counts int64 // bytes of those held in memory
	held   *int64
}

// smallCopy is the size from which a copy lies in memory of its own, which has holes.
const smallCopy = 64 << 10

// newMemoryCopy returns an empty copy with room for an object, whose bytes count as held
// until the copy is removed.
func newMemoryCopy(o *object, held *int64) (*memoryCopy, error) {
	m := &memoryCopy{name: o.name(), counts: o.saved.Allocated, held: held}
	*held += m.counts
	return m, errors.Join(m.Truncate(o.saved.Size), m.Truncate(0))
}

// fails returns false: too little memory for an object is that object's problem.
func (m *memoryCopy) fails(error) bool { return false }

func (m *memoryCopy) change(fn func(to relaccx.SaveTarget) error) error { return fn(m) }

func (m *memoryCopy) page() (*relaccx.Page, error) {
	return relaccx.FromBytes(m.name, m.b)
}

func (m *memoryCopy) open() (io.ReaderAt, int64, []part, error) {
	return m, int64(len(m.b)), m.parts, nil
}

// ReadAt reads what was written, and zeros.
func (m *memoryCopy) ReadAt(b []byte, at int64) (int, error) {
	n := copy(b, m.b[min(at, int64(len(m.b))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes bytes, where the copy ends also behind that.
func (m *memoryCopy) WriteAt(b []byte, at int64) (int, error) {
	end := at + int64(len(b))
	if end > int64(len(m.b)) {
		if err := m.Truncate(end); err != nil {
			return 0, err
		}
	}
	m.note(part{at, end})
	return copy(m.b[at:], b), nil
}

// note adds a part to those that are no hole.
func (m *memoryCopy) note(p part) {
	i := len(m.parts)
	for i > 0 && m.parts[i-1].start > p.start {
		i--
	}
	if i > 0 && m.parts[i-1].end >= p.start {
		i--
		p.start, p.end = m.parts[i].start, max(p.end, m.parts[i].end)
	}
	behind := i
	for behind < len(m.parts) && m.parts[behind].start <= p.end {
		p.end = max(p.end, m.parts[behind].end)
		behind++
	}
	m.parts = slices.Replace(m.parts, i, behind, p)
}

// Truncate gives the copy a size, and forgets the bytes behind it.
func (m *memoryCopy) Truncate(size int64) error {
	if int64(int(size)) != size {
		return errTooMuch
	}
	kept := m.parts[:0]
	for _, p := range m.parts {
		if p.end > size {
			clear(m.b[max(p.start, size):p.end])
			p.end = size
		}
		if p.start < p.end {
			kept = append(kept, p)
		}
	}
	m.parts = kept
	if size <= int64(cap(m.b)) {
		m.b = m.b[:size]
		return nil
	}
	return m.grow(int(size))
}

// grow moves the copy to where it has room.
func (m *memoryCopy) grow(size int) error {
	b, err := newMemory(size)
	if err != nil {
		return err
	}
	for _, p := range m.parts {
		copy(b[p.start:p.end], m.b[p.start:])
	}
	m.release()
	m.b = b
	return nil
}

func newMemory(size int) ([]byte, error) {
	if size < smallCopy {
		return make([]byte, size), nil
	}
	return kernel.Zeros(size)
}

func (m *memoryCopy) remove() error {
	m.release()
	*m.held -= m.counts
	m.counts = 0
	return nil
}

func (m *memoryCopy) release() {
	if cap(m.b) >= smallCopy {
		kernel.Release(m.b[:cap(m.b)])
	}
	m.b = nil
}
