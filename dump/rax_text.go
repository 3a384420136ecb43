package dump

import (
	"bytes"
	"io"
	"strconv"

	"shmtool/layout"
)

// raxChunk is how much text is gathered before it is written.
const raxChunk = 64 << 10

// raxOut gathers text. A function that adds to it calls spill after every few hundred
// bytes and stops when err is set.
type raxOut struct {
	w   io.Writer
	buf []byte
	err error // the first of w; nothing is written after it
}

func newRaxOut(w io.Writer) raxOut {
	return raxOut{w: w, buf: make([]byte, 0, raxChunk+raxChunk/8)}
}

// spill writes what is gathered once it is a chunk.
func (o *raxOut) spill() {
	if len(o.buf) >= raxChunk {
		o.flush()
	}
}

func (o *raxOut) flush() {
	if o.err == nil && len(o.buf) > 0 {
		n, err := o.w.Write(o.buf)
		if err == nil && n < len(o.buf) {
			err = io.ErrShortWrite
		}
		o.err = err
	}
	o.buf = o.buf[:0]
}

func (o *raxOut) str(s string) { o.buf = append(o.buf, s...) }

func (o *raxOut) number(v uint64) { o.buf = strconv.AppendUint(o.buf, v, 10) }

func (o *raxOut) blanks(n int) {
	for range n {
		o.buf = append(o.buf, ' ')
	}
}

// bytes adds b, however long it is.
func (o *raxOut) bytes(b []byte) {
	for len(b) > 0 && o.err == nil {
		n := min(len(b), raxChunk)
		o.buf = append(o.buf, b[:n]...)
		o.spill()
		b = b[n:]
	}
}

// integer adds an integer as MistServer reads it: one of 24 bits is never
// negative, one of a width that it does not know is 0.
func (r *rax) integer(f *raxField, record []byte) {
	v := f.Uint(record)
	switch {
	case f.Size == 3:
		r.number(v & 0xffffff)
	case f.kind == layout.Int:
		r.buf = strconv.AppendInt(r.buf, int64(v), 10)
	default:
		r.number(v)
	}
}

// longValue adds the value of a kind that is neither integer nor page; the
// field begins at byte at of the mapping.
func (r *rax) longValue(f *raxField, at int, available bool, indent int) {
	size := int(f.Size)
	if !available {
		size = 0 // what MistServer takes for the size of raw bytes and packed values
	}
	switch f.kind {
	case layout.String:
		r.cString(at)
	case layout.Raw:
		r.raw(r.page[at : at+size])
	case layout.DTSC:
		r.str("\n")
		r.dtsc(at, at+size, indent+raxPretty.inner, 0)
	default:
		r.str("[UNIMPLEMENTED]")
	}
}

// cString adds the bytes up to the first zero: the field's size does not bound
// them, the mapping does. A long one is searched piece by piece, lest a page
// without zeros be searched to its end before the first write fails.
func (r *rax) cString(at int) {
	rest := r.page[at:]
	for len(rest) > 0 && r.err == nil {
		piece := rest[:min(len(rest), raxChunk)]
		if end := bytes.IndexByte(piece, 0); end >= 0 {
			r.bytes(piece[:end])
			return
		}
		r.bytes(piece)
		rest = rest[len(piece):]
	}
}

const (
	raxRawBytes = 100 // of raw bytes no more are shown
	raxRawZeros = 16  // nor any behind so many zeros
)

func (r *rax) raw(b []byte) {
	zeros := 0
	for i := 0; i < min(len(b), raxRawBytes) && zeros < raxRawZeros; i++ {
		c := b[i]
		r.buf = append(r.buf, '0', 'x', raxLowerHex[c>>4], raxLowerHex[c&15], ' ')
		zeros++
		if c != 0 {
			zeros = 0
		}
	}
}

const raxLowerHex = "0123456789abcdef"
