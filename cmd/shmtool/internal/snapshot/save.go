package snapshot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/newfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/redact"
)

// Save saves a moment under a path: into an archive where its name ends like that
// of one, else into a folder. It is there once it is whole. If the path
// exists, the error is fs.ErrExist; an empty folder becomes the snapshot.
func Save(ctx context.Context, path string, o Options) (*procs.Saved, []Problem, error) {
	path = filepath.Clean(path)
	name, format := archiveName(path)
	sweep(filepath.Dir(path), savingPrefix)
	if err := free(path, format != nil); err != nil {
		return nil, nil, err
	}
	temp := &lazyTemp{in: filepath.Dir(path)}
	defer temp.remove() // nothing is left of it when all went well
	if format != nil {
		return saveArchive(ctx, temp, path, name, format, o)
	}
	return saveFolder(ctx, temp, path, o)
}

// saveFolder saves a moment into a folder.
func saveFolder(ctx context.Context, temp *lazyTemp, path string, o Options) (*procs.Saved, []Problem, error) {
	dir, err := temp.sub()
	if err != nil {
		return nil, nil, err
	}
	saved, problems, err := fillFolder(ctx, dir, o)
	if err != nil {
		return nil, nil, err
	}
	return saved, problems, place(dir, path)
}

// fillFolder saves a moment into an empty folder.
func fillFolder(ctx context.Context, dir string, o Options) (*procs.Saved, []Problem, error) {
	at := func() (string, error) { return filepath.Join(dir, shmFolder), nil }
	saved, problems, err := captureTo(ctx, folderSink(dir), at, o)
	if err == nil && o.Redact {
		err = redact.Folder(ctx, filepath.Join(dir, shmFolder), filepath.Join(dir, procFolder), saved)
	}
	return saved, problems, err
}

// saveArchive saves a moment into an archive, object by object as they are copied.
func saveArchive(ctx context.Context, temp *lazyTemp, path, name string, format *format, o Options) (saved *procs.Saved, problems []Problem, err error) {
	whole, err := newArchive(temp, filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	a, err := newArchiver(whole, name, format)
	if err == nil {
		saved, problems, err = a.fill(ctx, temp, o)
		err = errors.Join(err, a.close())
	}
	if err != nil {
		return nil, nil, errors.Join(err, whole.Close())
	}
	return saved, problems, placeArchive(whole, path)
}

// newArchive returns a file for an archive in a directory. It has no name, or lies in the
// temporary folder, so that a process that is killed leaves no file behind.
func newArchive(temp *lazyTemp, dir string) (*newfile.File, error) {
	whole, err := newfile.Create(dir)
	if err != nil || !whole.Named() {
		return whole, err
	}
	if err := errors.Join(whole.Close(), whole.Forget()); err != nil {
		return nil, err
	}
	inside, err := temp.sub()
	if err != nil {
		return nil, err
	}
	return newfile.Create(inside)
}

// fill saves a moment into the archive. To redact one, all of its objects must be read
// before, so they lie in a folder first.
func (a *archiver) fill(ctx context.Context, temp *lazyTemp, o Options) (saved *procs.Saved, problems []Problem, err error) {
	if !o.Redact {
		return captureTo(ctx, a, temp.sub, o)
	}
	dir, err := temp.sub()
	if err != nil {
		return nil, nil, err
	}
	if saved, problems, err = fillFolder(ctx, dir, o); err != nil {
		return nil, nil, err
	}
	return saved, problems, a.packFolder(ctx, dir)
}

// sink takes what is saved.
type sink interface {
	folder(name string) error
	// object takes the copy of an object. If the sink streams, it writes and removes it.
	object(ctx context.Context, o *object) error
	text(name string, b []byte) error
	streams() bool
}

// folderSink is a folder, in which the copies of objects lie already.
type folderSink string

func (dir folderSink) streams() bool { return false }

func (dir folderSink) folder(name string) error {
	return os.Mkdir(filepath.Join(string(dir), name), 0o700)
}

func (dir folderSink) object(context.Context, *object) error { return nil }

func (dir folderSink) text(name string, b []byte) error {
	path := filepath.Join(string(dir), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// free reports whether a moment may be saved under a path.
func free(path string, packed bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case packed || !info.IsDir():
		return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Readdirnames(1); !errors.Is(err, io.EOF) {
		return errors.Join(&fs.PathError{Op: "save", Path: path, Err: errNotEmpty}, err)
	}
	return nil
}

var errNotEmpty = notEmptyError{}

// notEmptyError is an fs.ErrExist in better words.
type notEmptyError struct{}

func (notEmptyError) Error() string        { return "the directory is not empty" }
func (notEmptyError) Is(target error) bool { return target == fs.ErrExist }

// place gives a folder that is whole its name. It replaces nothing but an empty folder.
func place(from, to string) error {
	err := syscall.Rename(from, to) // os.Rename does not replace even that
	switch {
	case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		err = errNotEmpty
	case err == nil:
		return nil
	}
	return &fs.PathError{Op: "save", Path: to, Err: err}
}

// placeArchive gives an archive that is whole its name, and never another file's.
func placeArchive(whole *newfile.File, to string) error {
	if err := whole.MoveToNew(to); err != nil {
		return &fs.PathError{Op: "save", Path: to, Err: cause.Of(err)}
	}
	return nil
}
