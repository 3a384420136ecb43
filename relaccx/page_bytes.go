package relaccx

import (
	"io"
	"io/fs"
	"os"

	"shmtool/relaccx/internal/shm"
)

// touchable is how many bytes of a page's records are read through the mapping: a fault
// on a hole of a shared memory object makes the kernel fill the hole, even where the
// mapping is read-only. A reader must not do that to a page of 16 MiB that has 8 KiB in
// it, so what may be a hole is read from the file, where holes stay holes. Smaller reads
// go through the mapping when it has memory there.
const touchable = 4096

// copyOut copies bytes of the page, which its writer may be changing.
func (p *Page) copyOut(dst []byte, from int) error {
	if len(dst) > touchable || !p.backed.touchable(from, len(dst)) {
		return p.readOut(dst, from)
	}
	if from+len(dst) > len(p.mem.Bytes) {
		return p.copyBehind(dst, from)
	}
	shm.CopyOut(dst, p.mem.Bytes[from:from+len(dst)])
	return nil
}

// copyBehind does what copyOut does for bytes some of which lie behind the end of the file.
func (p *Page) copyBehind(dst []byte, from int) error {
	whole := p.view()
	if from > len(whole) || len(dst) > len(whole)-from {
		return ErrTruncated
	}
	shm.CopyOut(dst, whole[from:from+len(dst)])
	return nil
}

// copyOut copies records that lie one behind the other. In a table that says itself
// what is in use the slots behind may never have been touched.
func (r *Reader) copyOut(dst []byte, at int) error {
	if r.marked() {
		return r.page.readOut(dst, r.base+at)
	}
	return r.page.copyOut(dst, r.base+at)
}

// ReadAt copies bytes of the page from byte off on; Page is an io.ReaderAt. It
// allocates no memory in holes of the object, as a look through Inspect does. It
// returns io.EOF when there are fewer than len(b) bytes, and fs.ErrInvalid for a
// negative offset.
func (p *Page) ReadAt(b []byte, off int64) (int, error) {
	switch {
	case p.mem.Closed():
		return 0, os.ErrClosed
	case off < 0:
		return 0, fs.ErrInvalid
	}
	n := int(min(int64(len(b)), max(0, int64(len(p.view()))-off)))
	if err := p.settle("read", p.mem.Guard(func() error { return p.readOut(b[:n], int(off)) })); err != nil {
		return 0, err
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// readOut does what copyOut does for bytes that may be holes, however few.
func (p *Page) readOut(dst []byte, from int) error {
	if from+len(dst) > len(p.mem.Bytes) {
		return p.copyBehind(dst, from)
	}
	if p.file == nil {
		shm.CopyOut(dst, p.mem.Bytes[from:from+len(dst)])
		return nil
	}
	return shm.ReadFile(p.file, dst, int64(from))
}

// Unload lets go of the memory that this process took to read the page so far, which else
// grows to the size of the page. Its bytes stay what they are.
func (p *Page) Unload() { p.mem.Unload() }

// NextData returns the next range [start, end) of the page's bytes, at or after byte
// from, that has memory. The bytes between two such ranges are a hole, and read as
// zeros. Both results are Size when there is no further range.
func (p *Page) NextData(from int) (start, end int) {
	if p.file == nil {
		return from, p.Size()
	}
	if end, known := p.backed.knownFrom(from); known {
		return min(from, p.Size()), min(end, p.Size())
	}
	s, e := shm.NextData(p.file, int64(from))
	size := int64(p.Size())
	return int(min(s, size)), int(min(e, size))
}

// reaches reports whether the file goes on past byte end, so that no byte before it was
// cut off: by a look at the next memory page, which faults when that is gone. It reports
// false where such a look tells nothing. It runs under a guard.
func (p *Page) reaches(end int) bool {
	if p.file == nil || p.exclusive {
		return true
	}
	next := shm.NextMemoryPage(end)
	if next >= len(p.mem.Bytes) || p.backed == nil || !p.backed.has(next>>pageBits) { // nil: see newBacked
		return false
	}
	shm.Touch(p.mem.Bytes[next:])
	return true
}

// stands reports whether bytes that were read up to byte end were there to be read. Bytes
// that were cut off read as zeros, so any other byte, from the last one on, tells it as well.
func (p *Page) stands(end int) bool {
	if p.reaches(end) {
		return true
	}
	stop := min(shm.NextMemoryPage(end), len(p.mem.Bytes), end+nearby)
	return end <= stop && p.backed.has((end-1)>>pageBits) && shm.AnySet(p.mem.Bytes[end-1:stop])
}

// nearby is how many bytes behind the last one are looked at for one that is not zero.
const nearby = 256
