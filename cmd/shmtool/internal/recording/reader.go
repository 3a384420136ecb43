package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/klauspost/compress/zstd"

	"shmtool/cmd/shmtool/internal/cause"
)

// DamageError is a recording that cannot be read on, or that ends before its end. The
// part before the damage has been read.
type DamageError struct {
	Offset int64 // where in the file
	Err    error
}

// Error returns one line: where, and what is wrong there.
func (e *DamageError) Error() string { return fmt.Sprintf("byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

var (
	// ErrNotRecording is a file that is no recording of ours.
	ErrNotRecording = errors.New("not a recording of shmtool")
	// ErrUnfinished is a recording that was not closed: its writer was killed, or
	// the file was cut.
	ErrUnfinished = errors.New("the recording ends here, without its end: it was not closed, or was cut")
)

// message is one thing that happened, as the file has it: good until the next.
type message struct {
	page   string
	events bool // a Note; else a record
	at     time.Time
	text   []byte
}

// channel is what a message's channel says of it.
type channel struct {
	page   string
	events bool
}

// Reader reads a recording from its beginning to its end, or to where it is
// damaged. It does not take more memory than two chunks, and none for what a
// file only says that it has. (The library's own lexer trusts the lengths in a
// chunk's head, and panics.)
type Reader struct {
	in       io.ReaderAt
	size, at int64
	channels map[uint16]channel

	chunk   []byte // what is left of the chunk that is open; nil outside of one
	inside  []byte
	started int64 // where that chunk begins
	packed  []byte
	decoder *zstd.Decoder
}

// NewReader reads a recording of size bytes. A file that is none is
// ErrNotRecording.
func NewReader(in io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{in: in, size: size, channels: map[uint16]channel{}}
	magic := make([]byte, len(mcap.Magic))
	if n, err := in.ReadAt(magic, 0); n == 0 && errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it is empty", ErrNotRecording)
	} else if n < len(magic) || !bytes.Equal(magic, mcap.Magic) {
		return nil, fmt.Errorf("%w: it does not begin as MCAP does", ErrNotRecording)
	}
	r.at = int64(len(magic))
	op, body, err := r.record()
	if err != nil {
		return nil, err
	}
	head := fields{left: body}
	of := head.text()
	head.text() // the library that wrote it
	if op != mcap.OpHeader || head.err != nil || of != profile {
		return nil, fmt.Errorf("%w: it is MCAP of another kind", ErrNotRecording)
	}
	r.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(2*maxChunkSize), zstd.WithDecoderMaxWindow(maxChunkSize))
	return r, err
}

// NewFileReader reads the recording in an open file, which the caller closes.
func NewFileReader(f *os.File) (*Reader, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRecording
	}
	return NewReader(f, info.Size())
}

// NewStreamReader reads a recording that comes through a pipe.
func NewStreamReader(in io.Reader) (*Reader, error) {
	return NewReader(&stream{in: in}, math.MaxInt64)
}

// stream is an io.ReaderAt of what comes through a pipe. It only goes forward.
type stream struct {
	in io.Reader
	at int64
}

// ReadAt implements io.ReaderAt.
func (s *stream) ReadAt(b []byte, off int64) (int, error) {
	if off < s.at {
		return 0, fmt.Errorf("byte %d has gone by", off)
	}
	n, err := io.CopyN(io.Discard, s.in, off-s.at)
	s.at += n
	if err != nil {
		return 0, err
	}
	read, err := io.ReadFull(s.in, b)
	s.at += int64(read)
	return read, err
}

// Close lets go of the memory.
func (r *Reader) Close() { r.decoder.Close() }

// next returns the next message; io.EOF at the end, a *DamageError where there is
// none although there should be.
func (r *Reader) next() (message, error) {
	for {
		at := r.at
		if r.chunk != nil {
			at = r.started
		}
		op, body, err := r.any()
		if err != nil {
			return message{}, damaged(at, err)
		}
		switch op {
		case mcap.OpMessage:
			m, ok, err := r.message(body)
			if ok || err != nil {
				return m, damaged(at, err)
			}
		case mcap.OpChannel:
			err = r.channel(body)
		case mcap.OpMetadata:
			err = r.metadata(body)
		case mcap.OpChunk:
			err = r.open(at, body)
		case mcap.OpDataEnd:
			return message{}, io.EOF
		}
		if err != nil {
			return message{}, damaged(at, err)
		}
	}
}

func damaged(at int64, err error) error {
	if err == nil { // As costs an allocation
		return nil
	}
	var already *DamageError
	if errors.As(err, &already) || errors.Is(err, ErrNotRecording) {
		return err
	}
	return &DamageError{at, err}
}

var errShort = errors.New("what stands there is shorter than it says")

// any returns the next record of the open chunk, or else of the file.
func (r *Reader) any() (mcap.OpCode, []byte, error) {
	if len(r.chunk) == 0 {
		r.chunk = nil
		return r.record()
	}
	const head = 1 + 8
	if len(r.chunk) < head {
		return 0, nil, errShort
	}
	op, length, rest := mcap.OpCode(r.chunk[0]), binary.LittleEndian.Uint64(r.chunk[1:]), r.chunk[head:]
	switch {
	case length > uint64(len(rest)):
		return 0, nil, errShort
	case op == mcap.OpChunk || op == mcap.OpDataEnd:
		return 0, nil, fmt.Errorf("a %v stands inside a chunk", op)
	}
	r.chunk = rest[length:]
	return op, rest[:length], nil
}

// record returns the next record of the file. Only those that are looked at are read.
func (r *Reader) record() (mcap.OpCode, []byte, error) {
	for {
		var head [9]byte
		if n, err := r.in.ReadAt(head[:], r.at); n < len(head) {
			return 0, nil, damaged(r.at, unfinished(err))
		}
		length, op := binary.LittleEndian.Uint64(head[1:]), mcap.OpCode(head[0])
		body := r.at + int64(len(head))
		if length > uint64(r.size-body) {
			return 0, nil, damaged(r.at, ErrUnfinished)
		}
		at := r.at
		r.at = body + int64(length)
		switch op {
		case mcap.OpHeader, mcap.OpChannel, mcap.OpMessage, mcap.OpChunk, mcap.OpMetadata, mcap.OpDataEnd:
		default:
			continue
		}
		if length > maxChunkSize {
			return 0, nil, damaged(at, fmt.Errorf("a %v of %d bytes is larger than this reads", op, length))
		}
		if err := r.read(body, int(length)); err != nil {
			return 0, nil, damaged(at, err)
		}
		return op, r.packed, nil
	}
}

// readStep is how many bytes are read at a time: of a pipe, whose size is not
// known, no more memory is taken than has come.
const readStep = 1 << 20

// read reads length bytes at body into r.packed.
func (r *Reader) read(body int64, length int) error {
	r.packed = r.packed[:0]
	for have := 0; have < length; have = len(r.packed) {
		step := min(length-have, readStep)
		r.packed = slices.Grow(r.packed, step)[:have+step]
		if n, err := r.in.ReadAt(r.packed[have:], body+int64(have)); n < step {
			return unfinished(err)
		}
	}
	return nil
}

// unfinished returns what an error of reading means.
func unfinished(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrUnfinished
	}
	return cause.Of(err)
}

// open unpacks a chunk.
func (r *Reader) open(at int64, body []byte) error {
	const fixed = 8 + 8 + 8 + 4 // times of the first and last message, size, checksum
	if len(body) < fixed+4 {
		return errShort
	}
	size, sum := binary.LittleEndian.Uint64(body[16:]), binary.LittleEndian.Uint32(body[24:])
	rest := body[fixed:]
	format := uint64(binary.LittleEndian.Uint32(rest))
	if format > uint64(len(rest)) || len(rest) < int(format)+4+8 {
		return errShort
	}
	compression, packed := string(rest[4:4+format]), rest[4+format+8:]
	switch {
	case binary.LittleEndian.Uint64(rest[4+format:]) != uint64(len(packed)):
		return errShort
	case size > maxChunkSize:
		return fmt.Errorf("a chunk of %d bytes is larger than this reads", size)
	}
	if err := r.unpack(mcap.CompressionFormat(compression), packed, size); err != nil {
		return err
	}
	if sum != 0 && crc32.ChecksumIEEE(r.inside) != sum {
		return errors.New("a chunk's checksum is wrong")
	}
	r.chunk, r.started = r.inside, at
	return nil
}

// unpack takes memory as the bytes come, and not as many as are promised.
func (r *Reader) unpack(format mcap.CompressionFormat, packed []byte, size uint64) error {
	switch format {
	case mcap.CompressionNone:
		r.inside = append(r.inside[:0], packed...)
	case mcap.CompressionZSTD:
		if err := r.decoder.Reset(bytes.NewReader(packed)); err != nil {
			return err
		}
		into := bytes.NewBuffer(r.inside[:0])
		if _, err := io.Copy(into, io.LimitReader(r.decoder, int64(size)+1)); err != nil {
			return fmt.Errorf("a chunk does not unpack: %w", err)
		}
		r.inside = into.Bytes()
	default:
		return fmt.Errorf("a chunk is packed as %q, which this does not read", format)
	}
	if uint64(len(r.inside)) != size {
		return fmt.Errorf("a chunk has %d bytes, not %d", len(r.inside), size)
	}
	return nil
}

func (r *Reader) channel(body []byte) error {
	f := fields{left: body}
	id := f.uint16()
	f.uint16() // the schema
	f.text()   // the topic
	f.text()   // the encoding
	says := f.texts()
	if f.err != nil {
		return f.err
	}
	kind := says[metaKind]
	if kind != kindRecords && kind != kindEvents {
		return nil // another program's, in a file of ours
	}
	page := says[metaPage]
	if err := checkName(page); err != nil {
		return err
	}
	r.channels[id] = channel{page, kind == kindEvents}
	return nil
}

func (r *Reader) metadata(body []byte) error {
	f := fields{left: body}
	name, says := f.text(), f.texts()
	if f.err != nil || name != metadataName {
		return f.err
	}
	if v := says["version"]; v != formatVersion {
		return fmt.Errorf("%w: it is of version %q, and this reads %s", ErrNotRecording, v, formatVersion)
	}
	return nil
}

// message returns a message of a channel of ours.
func (r *Reader) message(body []byte) (message, bool, error) {
	f := fields{left: body}
	of := f.uint16()
	f.uint32() // a number that only the writer's order needs
	logged := f.uint64()
	f.uint64() // the same time once more
	if f.err != nil {
		return message{}, false, f.err
	}
	c, ok := r.channels[of]
	if !ok {
		return message{}, false, nil
	}
	return message{c.page, c.events, time.Unix(0, int64(logged)), f.left}, true, nil
}
