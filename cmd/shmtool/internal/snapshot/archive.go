package snapshot

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// format is a way to compress an archive.
type format struct {
	suffixes []string // that names of archives end in
	magic    string   // that archives begin with
	writer   func(to io.Writer) (io.WriteCloser, error)
	reader   func(from io.Reader) (io.Reader, error)
}

// mostWindow is how far behind the bytes that it is at a zstd archive may point: as much as
// the program zstd takes without being told.
const mostWindow = 128 << 20

var formats = []format{{
	suffixes: []string{".tar.gz", ".tgz"}, magic: "\x1f\x8b",
	writer: func(to io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(to, gzipLevel) },
	reader: func(from io.Reader) (io.Reader, error) { return gzip.NewReader(from) },
}, {
	suffixes: []string{".tar.zst", ".tzst"}, magic: "\x28\xb5\x2f\xfd",
	writer: func(to io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	},
	reader: func(from io.Reader) (io.Reader, error) {
		return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostWindow)) // without goroutines that would have to end
	},
}}

// gzipLevel makes archives as small as those of gzip's own default, in a fifth of its time.
const gzipLevel = 6

// archiveName returns the name of an archive without its suffix, and its format; nil where
// it is none.
func archiveName(path string) (name string, is *format) {
	for i := range formats {
		for _, suffix := range formats[i].suffixes {
			if name, has := strings.CutSuffix(filepath.Base(path), suffix); has && name != "" {
				return name, &formats[i]
			}
		}
	}
	return "", nil
}

// archiver writes an archive in which all lies in one folder. It is a sink.
type archiver struct {
	name   string // of the folder
	buffer *bufio.Writer
	zipped io.WriteCloser
	tar    *tar.Writer
}

func newArchiver(to io.Writer, name string, format *format) (*archiver, error) {
	a := &archiver{name: name, buffer: bufio.NewWriterSize(to, chunkSize)}
	var err error
	if a.zipped, err = format.writer(a.buffer); err != nil {
		return nil, err
	}
	a.tar = tar.NewWriter(a.zipped)
	return a, a.folder("")
}

// close writes what is not yet written.
func (a *archiver) close() error {
	return errors.Join(a.tar.Close(), a.zipped.Close(), a.buffer.Flush())
}

func (a *archiver) streams() bool { return true }

func (a *archiver) folder(name string) error {
	return a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeDir, Name: filepath.ToSlash(filepath.Join(a.name, name)) + "/", Mode: 0o700, ModTime: time.Now(), Format: tar.FormatPAX,
	})
}

func (a *archiver) object(ctx context.Context, o *object) error {
	from, size, parts, err := o.copied.open()
	if err == nil {
		err = a.pack(ctx, filepath.Join(shmFolder, o.name()), from, size, parts, o.saved.Modified)
	}
	return errors.Join(err, o.copied.remove())
}

func (a *archiver) text(name string, b []byte) error {
	if err := a.header(name, int64(len(b)), time.Now()); err != nil {
		return err
	}
	_, err := a.tar.Write(b)
	return err
}

func (a *archiver) header(name string, size int64, modified time.Time) error {
	return a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: a.inside(name), Size: size, Mode: 0o600, ModTime: modified, Format: tar.FormatPAX,
	})
}

func (a *archiver) inside(name string) string { return filepath.ToSlash(filepath.Join(a.name, name)) }

// pack writes a file, whose holes come out as such.
func (a *archiver) pack(ctx context.Context, name string, from io.ReaderAt, size int64, parts []part, modified time.Time) error {
	if size > blockSize && !slices.Equal(parts, []part{{0, size}}) {
		return a.packSparse(ctx, a.inside(name), from, size, parts, modified)
	}
	if err := a.header(name, size, modified); err != nil {
		return err
	}
	return writePart(ctx, a.tar, from, part{0, size})
}

// packFolder writes what is in a folder.
func (a *archiver) packFolder(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return a.folder(name)
		}
		return a.packFile(ctx, name, path)
	})
}

func (a *archiver) packFile(ctx context.Context, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return a.pack(ctx, name, f, info.Size(), partsOf(f, info.Size()), info.ModTime())
}

// IsArchive reports whether a path has the name of an archive of a snapshot.
func IsArchive(path string) bool {
	_, is := archiveName(path)
	return is != nil
}
