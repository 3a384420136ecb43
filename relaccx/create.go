package relaccx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// CreateOptions are the options of Create beside the shape. The zero value makes an
// object of exactly the shape's size, mode 0600, ready.
type CreateOptions struct {
	Size     int64         // bytes of the object; 0, or less than the shape takes, means the shape's
	Short    int64         // how many bytes the file ends before the shape does, in the same memory page: MistServer makes MstMeta so
	Mode     fs.FileMode   // permissions; 0 means 0600. The umask does not apply.
	NotReady bool          // leave the ready bit to SetReady
	Sparse   bool          // back no more of it than is written, as MistServer's pages are; ENOSPC may come later
	Publish  uint32        // records of zeros that are available from the start, as in a table
	Replace  bool          // take the place of an object of that name; its readers are told that its writer is done, and to reload
	Lock     WriterOptions // how to wait for the writer of the page that is replaced
}

const defaultMode = 0o600

// Create makes a page at path and returns its Writer, which holds the lock. The page is
// whole before any process can see it. Errors: fs.ErrExist when there is an object of
// that name and Replace is not set; ENOSPC when the directory cannot back the page; a
// *layout.SpecError or ErrFull when shape and options contradict each other; a
// *DirectoryError when the directory does not exist, or may not be written.
func Create(path string, shape layout.Shape, o CreateOptions) (*Writer, error) {
	w, err := create(path, shape, o)
	if err != nil {
		return nil, &PageError{"create", filepath.Base(path), cause(err)}
	}
	return w, nil
}

func create(path string, shape layout.Shape, o CreateOptions) (*Writer, error) {
	if o.Replace {
		return createOver(path, shape, o)
	}
	return createNew(path, shape, o)
}

func createNew(path string, shape layout.Shape, o CreateOptions) (*Writer, error) {
	temp, err := buildTemp(filepath.Dir(path), shape, o)
	if err != nil {
		return nil, err
	}
	if err := shm.RenameNew(temp.page.path, path); err != nil {
		return nil, errors.Join(err, temp.discard())
	}
	temp.page.path = path
	return temp, nil
}

// createOver does what Create does where a page may have the name already.
func createOver(path string, shape layout.Shape, o CreateOptions) (*Writer, error) {
	Sweep(filepath.Dir(path))
	p, err := openLocked(path, o.Lock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w, err := createNew(path, shape, o)
		if errors.Is(err, fs.ErrExist) { // another writer was faster
			return createOver(path, shape, o)
		}
		return w, err
	case err != nil:
		return nil, err
	}
	defer p.Close()
	old := &Writer{page: p}
	if p.Size() > 0 {
		old.cells = shm.HeaderCells(p.mem.Bytes)
	}
	temp, err := buildTemp(filepath.Dir(path), shape, o)
	if err != nil {
		return nil, err
	}
	err = temp.takePlace(path, p, old.tellReplaced)
	if errors.Is(err, fs.ErrNotExist) { // it was removed meanwhile
		return createNew(path, shape, o)
	}
	if err != nil {
		return nil, err
	}
	return temp, nil
}

// tempPrefix begins the names of pages in the making. A file with such a name that is not
// locked was left behind by a writer that died.
const tempPrefix = ".shmtool-"

// tempName matches the names that createTemp gives, and no names that other programs
// give.
var tempName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^" + regexp.QuoteMeta(tempPrefix) + "[a-z2-7]{26}$") })

// reserveLimit is how much of a new page is backed at once; larger ones grow
// as they are written.
const reserveLimit = 64 << 20

// buildTemp makes the page under a temporary name in dir, locked.
func buildTemp(dir string, shape layout.Shape, o CreateOptions) (*Writer, error) {
	if o.Publish > shape.RecordCount {
		return nil, fmt.Errorf("%w: %d records are to be available, it has %d slots", ErrFull, o.Publish, shape.RecordCount)
	}
	if shape.Size() > MaxPageSize {
		return nil, &layout.SpecError{Text: filepath.Base(dir), Reason: "page takes more than 2^62 bytes"}
	}
	size := max(o.Size, int64(shape.Size()))
	if o.Short > 0 {
		size = int64(shape.Size()) - o.Short
		if o.Short >= layout.HeaderSize || size%int64(os.Getpagesize()) == 0 || size/int64(os.Getpagesize()) != (int64(shape.Size())-1)/int64(os.Getpagesize()) {
			return nil, &layout.SpecError{Text: filepath.Base(dir), Reason: fmt.Sprintf("page cannot end %d bytes before its shape does", o.Short)}
		}
	}
	f, err := createTemp(dir, size, o.Mode)
	if err != nil {
		return nil, err
	}
	w, err := fillTemp(f, shape, o)
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()), f.Close())
	}
	return w, nil
}

// MaxPageSize is the most bytes that a page made here may have: what a file
// can hold, with room for sums.
const MaxPageSize = 1 << 62

func createTemp(dir string, size int64, mode fs.FileMode) (*os.File, error) {
	for {
		path := tempPath(dir)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, inDirectory(dir, err)
		}
		alive, err := ownTemp(f)
		if err == nil && alive {
			err = sizeTemp(f, size, mode)
			if err == nil {
				return f, nil
			}
		}
		if err != nil {
			return nil, errors.Join(err, os.Remove(path), f.Close())
		}
		f.Close()
	}
}

// ownTemp locks a new temporary file. Between its creation and the lock another
// writer may have taken it for a dead one's.
func ownTemp(f *os.File) (alive bool, err error) {
	if err := shm.Lock(f, 0); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false, nil
		}
		return false, err
	}
	st, err := shm.StatFile(f)
	return st.Links > 0, err
}

func sizeTemp(f *os.File, size int64, mode fs.FileMode) error {
	if mode == 0 {
		mode = defaultMode
	}
	return errors.Join(f.Chmod(mode), f.Truncate(size))
}

func fillTemp(f *os.File, shape layout.Shape, o CreateOptions) (*Writer, error) {
	reserved := extent{0, int(int64(shape.Size()) - o.Short)}
	if !shape.Prefilled() { // slots are written one by one
		reserved.end = min(reserved.end, reserveLimit)
	}
	if o.Sparse {
		reserved.end = int(shape.Header().Offset)
	}
	if err := shm.Reserve(f, 0, int64(reserved.end)); err != nil {
		return nil, err
	}
	p, err := mapPage(f.Name(), f, shm.ReadWrite)
	if err != nil {
		return nil, err
	}
	p.locked = true
	w, err := fillPage(p, shape, o)
	if err != nil {
		return nil, errors.Join(err, p.mem.Close())
	}
	w.reserved = reserved
	return w, nil
}

// fillPage writes an empty page of the shape over zeros. Guarded, because not
// every file system can reserve.
func fillPage(p *Page, shape layout.Shape, o CreateOptions) (*Writer, error) {
	h := shape.Header()
	h.EndPos, h.Present = uint64(o.Publish), o.Publish
	if !o.NotReady {
		h.Status = layout.StatusReady
	}
	err := p.noRoom(p.mem.Guard(func() error {
		err := shape.Build(p.mem.Whole(), 0)
		h.Encode(p.mem.Bytes)
		return err
	}))
	if err != nil {
		return nil, err
	}
	w, err := newWriter(p)
	if err != nil {
		return nil, err
	}
	w.schema, w.options, w.opened = shape.Schema, o.Lock, h.Status
	return w, nil
}

// discard removes a temporary page that did not get its name.
func (w *Writer) discard() error {
	err := removeExactly(w.page.path, w.page.stat.Identity, func() error { return nil })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrReplaced) {
		err = nil // its name was lost to another object
	}
	return errors.Join(err, w.Close())
}

// Sweep removes what writers have left in a directory that died while they made, replaced
// or removed a page there: objects whose names begin with ".shmtool-". A living writer holds
// the lock of its own. Reload, and Create with Replace, do so before they begin.
func Sweep(dir string) {
	entries, _ := os.ReadDir(dir) // not Glob: dir is no pattern
	for _, entry := range entries {
		if !tempName().MatchString(entry.Name()) || !entry.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		f, err := os.OpenFile(path, os.O_RDWR|shm.NoFollow|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if shm.Lock(f, 0) == nil {
			os.Remove(path)
		}
		f.Close()
	}
}
