package snapshot

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/redact"
)

// archiveSuffixes are what the names of archives end in.
var archiveSuffixes = []string{".tar.gz", ".tgz"}

// archiveName returns the name of an archive without its suffix, and whether it is one.
func archiveName(path string) (name string, is bool) {
	for _, suffix := range archiveSuffixes {
		if name, is = strings.CutSuffix(filepath.Base(path), suffix); is && name != "" {
			return name, true
		}
	}
	return "", false
}

// Save saves a moment under a path: into an archive where its name ends like that
// of one, else into a folder. It is there once it is whole. If the path
// exists, the error is fs.ErrExist; an empty folder becomes the snapshot.
func Save(ctx context.Context, path string, o Options) (*procs.Saved, []Problem, error) {
	path = filepath.Clean(path)
	name, packed := archiveName(path)
	if err := free(path, packed); err != nil {
		return nil, nil, err
	}
	temp, err := newTemp(filepath.Dir(path), savingPrefix)
	if err != nil {
		return nil, nil, err
	}
	defer temp.remove() // nothing is left of it when all went well
	dir := filepath.Join(temp.dir, "moment")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, nil, err
	}
	saved, problems, err := Capture(ctx, dir, o)
	if err != nil {
		return nil, nil, err
	}
	if o.Redact {
		if err := redact.Folder(ctx, filepath.Join(dir, shmFolder), filepath.Join(dir, procFolder), saved); err != nil {
			return nil, nil, err
		}
	}
	if packed {
		whole := filepath.Join(temp.dir, "archive")
		if err := pack(ctx, whole, dir, name); err != nil {
			return nil, nil, err
		}
		dir = whole
	}
	return saved, problems, place(dir, path, packed)
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

// place gives what is whole its name, and never another file's.
func place(from, to string, packed bool) error {
	if !packed { // a folder replaces nothing but an empty one; os.Rename not even that
		err := syscall.Rename(from, to)
		switch {
		case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
			err = errNotEmpty
		case err == nil:
			return nil
		}
		return &fs.PathError{Op: "save", Path: to, Err: err}
	}
	err := kernel.RenameNew(from, to)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) { // not on this file system
		err = os.Rename(from, to)
	}
	if err != nil {
		return &fs.PathError{Op: "save", Path: to, Err: err}
	}
	return nil
}

// pack writes the folder dir as an archive in which all of it lies in a folder of
// the given name.
func pack(ctx context.Context, path, dir, name string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zipped, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return packOne(ctx, archive, zipped, path, filepath.Join(name, inside), entry)
	})
	return errors.Join(err, archive.Close(), zipped.Close())
}

func packOne(ctx context.Context, archive *tar.Writer, to io.Writer, path, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600, ModTime: info.ModTime(), Format: tar.FormatPAX}
	if entry.IsDir() {
		h.Typeflag, h.Name, h.Size, h.Mode = tar.TypeDir, name+"/", 0, 0o700
		return archive.WriteHeader(h)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if parts := partsOf(f, h.Size); h.Size > blockSize && !slices.Equal(parts, []part{{0, h.Size}}) {
		return packSparse(ctx, archive, to, f, name, h.Size, parts, h.ModTime)
	}
	if err := archive.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(archive, interruptible{ctx, io.NewSectionReader(f, 0, h.Size)}) // partsOf has moved the file's own place
	return err
}

// interruptible is read until its context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}
