package snapshot

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
)

// The most that an archive may hold. An object has as many bytes as it says, most
// of them zeros that take no room; what is no hole has a limit of its own.
const (
	mostEntries = 1 << 20
	mostSize    = 4 << 30   // bytes of an object
	mostSizes   = 1 << 39   // bytes of all, holes too
	mostBytes   = 256 << 30 // bytes that are no hole
	mostText    = 256 << 20 // bytes of a file that is no object
)

// unpacking is an archive on its way into a folder.
type unpacking struct {
	ctx     context.Context
	dir     string
	entries int
	sizes   int64
	left    int64 // bytes that may still be written
	full    error // what it is when they have been

	written map[string]bool // by path
	unnamed []string        // objects of which this system takes no file of that name
}

// unpack unpacks the archive of a moment into dir: its objects, processes and
// moment.json, and nothing else that is in it. A name that leads out of dir is refused,
// and so is an object that is no file. unpack returns the objects that it leaves out,
// because this system takes no file of that name.
func unpack(ctx context.Context, archive, dir string) (unnamed []string, err error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from, zipped, err := unzipped(f)
	if err != nil {
		return nil, err
	}
	u := &unpacking{ctx: ctx, dir: dir, left: mostBytes, full: errTooMuch}
	st, err := kernel.StatFS(dir)
	if err != nil && kernel.Linux {
		return nil, err
	}
	if room := int64(st.Available) * st.Fragment / 10 * 9; err == nil && room < u.left { // others also need some
		u.left, u.full = room, &noRoomError{filepath.Dir(dir)}
	}
	for members := tar.NewReader(from); ; {
		h, err := members.Next()
		switch {
		case errors.Is(err, io.EOF) && u.entries > 0:
			return u.unnamed, ctx.Err()
		case errors.Is(err, io.EOF), err != nil && u.entries == 0 && (!zipped || errors.Is(err, tar.ErrHeader)):
			return nil, errors.New("not an archive of a snapshot")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errCutShort
		case err != nil:
			return nil, fmt.Errorf("damaged archive: %w", err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		if err := u.member(h, members); errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errCutShort
		} else if err != nil {
			return nil, fmt.Errorf("archive: %q: %w", h.Name, err)
		}
	}
}

// noRoomError is an archive for which there is no room to unpack it.
type noRoomError struct{ dir string }

func (e *noRoomError) Error() string {
	return "there is no room for all of it in " + e.dir + "; TMPDIR names another folder"
}

var errCutShort = errors.New("the archive is cut short")

// unzipped returns what the archive is: compressed, or as it is.
func unzipped(f io.Reader) (from io.Reader, zipped bool, err error) {
	plain := bufio.NewReaderSize(f, chunkSize)
	for _, format := range formats {
		if magic, err := plain.Peek(len(format.magic)); err == nil && string(magic) == format.magic {
			from, err = format.reader(plain)
			return from, true, err
		}
	}
	return plain, false, nil
}

// member unpacks one member, or passes over it.
func (u *unpacking) member(h *tar.Header, from io.Reader) error {
	if u.entries++; u.entries > mostEntries {
		return errTooMuch
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := path.Clean(h.Name)
	object, wanted := belongs(name)
	switch {
	case path.IsAbs(h.Name), name == "..", strings.HasPrefix(name, "../"):
		return errors.New("it leads out of the archive")
	case !allNameable(name):
		u.leaveOut(object, name)
		return nil
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.folder(name)
	case tar.TypeReg, tar.TypeGNUSparse:
	default:
		if object {
			return errors.New("it is no file")
		}
		return nil // as the links of a process are
	}
	if !wanted {
		return nil
	}
	most := int64(mostText)
	if object {
		most = mostSize
	}
	if u.sizes += h.Size; h.Size > most || u.sizes > mostSizes {
		return errTooMuch
	}
	err := u.write(filepath.Join(u.dir, name), h, from)
	if object && errors.Is(err, fs.ErrExist) && !u.written[name] { // capitals make no difference here
		u.leaveOut(object, name)
		return nil
	}
	if u.written == nil {
		u.written = map[string]bool{}
	}
	u.written[name] = true
	return err
}

// belongs tells what of a moment a member is: an object, or a text. It may lie in
// one folder more. An archive of copied objects alone has them where it begins.
func belongs(name string) (object, wanted bool) {
	parts := strings.Split(name, "/")
	if len(parts) <= 2 && isObjectName(parts[len(parts)-1]) {
		return true, true
	}
	for range 2 {
		switch {
		case len(parts) == 2 && parts[0] == shmFolder:
			return true, true
		case len(parts) > 1 && len(parts) < 7 && parts[0] == procFolder, len(parts) == 1 && parts[0] == procs.SavedFile:
			return false, true
		}
		parts = parts[1:]
		if len(parts) == 0 {
			break
		}
	}
	return false, false
}

// folder makes a folder of a moment, in which there may be nothing: it may lie in
// one folder more. All others come with what is in them.
func (u *unpacking) folder(name string) error {
	base := path.Base(name)
	if strings.Count(name, "/") > 1 || base != shmFolder && base != procFolder {
		return nil
	}
	return cause.Of(os.MkdirAll(filepath.Join(u.dir, name), 0o700))
}

func (u *unpacking) write(to string, h *tar.Header, from io.Reader) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return cause.Of(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s := sparseWriter{file: f, most: max(u.left, 1)}
	end, err := s.copy(u.ctx, from, 0)
	u.left -= s.wrote
	switch {
	case errors.Is(err, errTooMuch):
		return u.full
	case err != nil:
		return cause.Of(err)
	}
	if err := f.Truncate(end); err != nil {
		return cause.Of(err)
	}
	return os.Chtimes(to, h.ModTime, h.ModTime)
}
