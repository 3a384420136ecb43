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

	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// object is one file of the shared memory directory.
type object struct {
	is    mist.Object
	known bool // MistServer makes objects of that name
	ours  bool // at least the name begins like one of MistServer's
	saved procs.SavedObject
	kept  bool      // there is a copy
	other bool      // it is another program's, and not copied
	last  time.Time // when a byte of it was copied last
	err   error
}

// beginsLikeMist: a newer MistServer may make objects that nothing is known of yet.
func beginsLikeMist(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "sem."), "Mst")
}

func (o *object) name() string { return string(o.saved.Name) }

// copyTo copies an object into dir. It notes on the object what is wrong with that;
// an error is about dir, or the context's.
func (o *object) copyTo(ctx context.Context, dir, shmDir string) error {
	to, err := os.OpenFile(filepath.Join(dir, o.name()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	page, err := o.copyBytes(ctx, to, filepath.Join(shmDir, o.name()))
	o.last = time.Now()
	o.kept = err == nil && (o.ours || page)
	o.other = !o.kept && !o.ours
	var about *fs.PathError
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &about) && about.Path == to.Name():
	default:
		o.err, err = err, nil
	}
	err = errors.Join(err, to.Close())
	if !o.kept || err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return os.Chtimes(to.Name(), o.saved.Modified, o.saved.Modified)
}

// copyBytes copies a page as one look can be, and anything else byte by byte, also a
// page that cannot be shown to be whole. It reports whether it was a page. It copies
// nothing of an object that is neither a page nor MistServer's.
func (o *object) copyBytes(ctx context.Context, to *os.File, path string) (page bool, err error) {
	if !o.known || o.is.Kind.IsPage() {
		page, err = o.copyPage(to, path)
		var full *fs.PathError
		switch {
		case page && err == nil, !page && !o.ours:
			return page, err
		case errors.As(err, &full) && full.Path == to.Name(), errors.Is(err, fs.ErrNotExist):
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
func copySequenced(to, from *os.File) error {
	b := make([]byte, sequencedSize)
	n, err := objectfile.ReadSequenced(from, b, mist.SequenceOffset)
	if err != nil && err != io.EOF {
		return err
	}
	_, err = to.Write(b[:n])
	return err
}

// copyPage copies a RelAccX page consistently. It is none where its header or its
// fields are not valid; a half-made one of MistServer's is one.
func (o *object) copyPage(to *os.File, path string) (page bool, err error) {
	p, err := relaccx.Open(path)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return false, err
	case err != nil: // empty, or too short
		return false, nil
	}
	defer p.Close()
	r, err := p.Peek()
	if err != nil || len(r.Schema().Fields()) == 0 {
		return false, nil
	}
	if h, err := p.Header(); err != nil || !h.Status.Known() {
		return false, nil
	}
	return true, p.Save(to)
}
