package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"shmtool/cmd/shmtool/internal/sparse"
	"shmtool/relaccx"
)

const (
	chunkSize = 256 << 10
	blockSize = 4 << 10 // the smallest hole
)

var zeros [blockSize]byte

// chunks are used again: a snapshot has thousands of objects.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// sparseWriter writes the blocks of a file that are not zero, and leaves the others
// holes.
type sparseWriter struct {
	file  io.WriterAt
	wrote int64 // in bytes
	most  int64 // that may be written; 0: any number
}

var errTooMuch = errors.New("it holds more than a snapshot may")

// copy writes what r gives, from a position on, until its end.
func (s *sparseWriter) copy(ctx context.Context, r io.Reader, at int64) (end int64, err error) {
	pooled := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(pooled)
	chunk := pooled[:]
	for {
		n, err := io.ReadFull(r, chunk)
		if err := s.writeBlocks(chunk[:n], at); err != nil {
			return at, err
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && ended(r):
			return at, nil
		case err != nil:
			return at, err
		case ctx.Err() != nil:
			return at, ctx.Err()
		}
	}
}

// ended tells the end of what is read from an archive that is cut short: both are
// the same error to io.ReadFull, but the end stays one.
func ended(r io.Reader) bool {
	var one [1]byte
	n, err := r.Read(one[:])
	return n == 0 && errors.Is(err, io.EOF)
}

// writeBlocks writes runs of blocks that are not zero.
func (s *sparseWriter) writeBlocks(b []byte, at int64) error {
	for len(b) > 0 {
		zero, size := run(b)
		if !zero {
			if s.wrote += int64(size); s.most > 0 && s.wrote > s.most {
				return errTooMuch
			}
			if _, err := s.file.WriteAt(b[:size], at); err != nil {
				return err
			}
		}
		b, at = b[size:], at+int64(size)
	}
	return nil
}

// run returns how many bytes at the beginning are blocks of one sort: zero or not.
func run(b []byte) (zero bool, size int) {
	isZero := func(block []byte) bool { return bytes.Equal(block, zeros[:len(block)]) }
	zero = isZero(b[:min(blockSize, len(b))])
	for size < len(b) {
		block := b[size:min(size+blockSize, len(b))]
		if isZero(block) != zero {
			break
		}
		size += len(block)
	}
	return zero, size
}

// copyFile copies the bytes of an object as they are, from a place on, without
// looking into holes, which would fill them.
func copyFile(ctx context.Context, to relaccx.SaveTarget, from *os.File, at int64) error {
	info, err := from.Stat()
	if err != nil {
		return err
	}
	s := sparseWriter{file: to}
	for start, end := range sparse.Parts(from, at, info.Size()) {
		if _, err := s.copy(ctx, io.NewSectionReader(from, start, end-start), start); err != nil {
			return err
		}
	}
	return to.Truncate(info.Size())
}
