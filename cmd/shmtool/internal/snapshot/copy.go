package snapshot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// object is one file of the shared memory directory.
type object struct {
	is     mist.Object
	known  bool // MistServer makes objects of that name
	ours   bool // at least the name begins like one of MistServer's
	info   fs.FileInfo
	saved  procs.SavedObject
	kept   bool      // there is a copy
	copied replica   // of it, as long as it is not in the archive
	other  bool      // it is another program's, and not copied
	last   time.Time // when a byte of it was copied last
	err    error
}

// beginsLikeMist: a newer MistServer may make objects that nothing is known of yet.
func beginsLikeMist(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "sem."), "Mst")
}

func (o *object) name() string { return string(o.saved.Name) }

// copyObject copies an object. It notes on the object what is wrong with that; an error
// is about where the copies lie, or the context's.
func (c *capture) copyObject(ctx context.Context, o *object) error {
	o.saved.Born = c.table.Born(o.info)
	page := false
	copied, err := c.keep(o, func(to relaccx.SaveTarget) (err error) {
		page, err = o.copyBytes(ctx, to, filepath.Join(c.ShmDir, o.name()))
		return err
	})
	if copied == nil {
		return err
	}
	o.last = time.Now()
	o.kept = err == nil && (o.ours || page)
	o.other = !o.kept && !o.ours && !kernel.Broken(err)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case copied.fails(err):
	default:
		o.err, err = err, nil
	}
	if !o.kept || err != nil {
		return errors.Join(err, copied.remove())
	}
	o.copied = copied
	return nil
}

// forget removes the copy of an object, if there is one.
func (o *object) forget() error {
	o.kept = false
	if o.copied == nil {
		return nil
	}
	copied := o.copied
	o.copied = nil
	return copied.remove()
}

// largeCopy is the most of an object that is copied into memory.
const largeCopy = 16 << 20

// mostInMemory is how many bytes of copies are in memory at a time. It is a variable for
// tests.
var mostInMemory = int64(64 << 20)

// keep makes the copy of an object, which fill writes.
func (c *capture) keep(o *object, fill func(to relaccx.SaveTarget) error) (replica, error) {
	if !c.to.streams() || o.saved.Allocated > largeCopy || c.held+o.saved.Allocated > mostInMemory {
		dir, err := c.folder()
		if err != nil {
			return nil, err
		}
		f, err := newFileCopy(filepath.Join(dir, o.name()), o.saved.Modified, fill)
		if f == nil {
			return nil, err // a replica that is nil
		}
		return f, err
	}
	m, err := newMemoryCopy(o, &c.held)
	if err != nil {
		return m, err
	}
	return m, fill(m)
}

// onTarget reports whether an error is about the file that a copy is written to.
func onTarget(err error, to relaccx.SaveTarget) bool {
	f, is := to.(*os.File)
	return is && isAbout(err, f.Name())
}

// isAbout reports whether an error is about the file of a path.
func isAbout(err error, path string) bool {
	var about *fs.PathError
	return errors.As(err, &about) && about.Path == path
}

// copyBytes copies a page as one look can be, and anything else byte by byte, also a
// page that cannot be shown to be whole. It reports whether it was a page. It copies
// nothing of an object that is neither a page nor MistServer's.
func (o *object) copyBytes(ctx context.Context, to relaccx.SaveTarget, path string) (page bool, err error) {
	if !o.known || o.is.Kind.IsPage() {
		page, err = o.copyPage(to, path)
		switch {
		case page && err == nil, !page && !o.ours, kernel.Broken(err):
			return page, err
		case onTarget(err, to), errors.Is(err, fs.ErrNotExist):
			return page, err
		case page:
			o.saved.Problem = "copied as it was, since it could not be seen at one time: " + err.Error()
		}
		if err := to.Truncate(0); err != nil {
			return page, err
		}
	}
	from, err := objectfile.Open(path)
	if err != nil {
		return page, err
	}
	defer from.Close()
	if o.is.Kind.Sequenced() && o.saved.Size <= sequencedSize {
		return page, copySequenced(to, from)
	}
	return page, copyFile(ctx, to, from, 0)
}

// sequencedSize is more than any object with a sequence number has.
const sequencedSize = 4096

// copySequenced copies an object that its writer changes under a sequence number as it was
// at one time.
func copySequenced(to io.WriterAt, from *os.File) error {
	b := make([]byte, sequencedSize)
	n, err := objectfile.ReadSequenced(from, b, mist.SequenceOffset)
	if err != nil && err != io.EOF {
		return err
	}
	_, err = to.WriteAt(b[:n], 0)
	return err
}

// copyPage copies a RelAccX page consistently. It is none where its header or its
// fields are not valid; a half-made one of MistServer's is one.
func (o *object) copyPage(to relaccx.SaveTarget, path string) (page bool, err error) {
	p, err := relaccx.Open(path)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return false, err
	case kernel.Broken(err):
		return false, err
	case err != nil: // empty, or too short
		return false, nil
	}
	defer p.Close()
	err = p.Exclusively(func() error {
		r, err := p.Peek()
		if kernel.Broken(err) {
			return err
		}
		if err != nil || len(r.Schema().Fields()) == 0 {
			return nil
		}
		h, err := p.Header()
		if kernel.Broken(err) {
			return err
		}
		if err != nil || !h.Status.Known() {
			return nil
		}
		page = true
		return p.SaveTo(to)
	})
	if !page && !kernel.Broken(err) {
		err = nil
	}
	return page, err
}
