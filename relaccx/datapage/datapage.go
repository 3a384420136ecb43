// Package datapage reads the data pages of MistServer's tracks while their writers are at
// work. They hold packets in DTSC, and are not RelAccX pages; package dtsc says what the
// bytes of a packet mean.
package datapage

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"shmtool/layout/dtsc"
	"shmtool/relaccx"
)

// Reader reads the packets of a data page, which is not a RelAccX page but belongs to
// one: relaccx(5), DTSC. It reads through calls and never maps, so that holes in the 40
// MiB of a live data page stay holes, and reads only the first bytes of each packet. It
// uses a few KiB of memory, and at most the page's size for bytes that no writer of
// MistServer would write.
//
// A writer may be at work. It writes the first bytes of a packet last, so that bytes
// which begin as a packet are a whole packet, except for a moment in a page that is
// used again. Reader therefore looks again before it returns a *dtsc.FormatError.
//
// One goroutine at a time may use a Reader. The page is the caller's to close.
type Reader struct {
	page     io.ReaderAt
	size     int
	window   []byte // bytes of the page from windowAt on
	windowAt int
	at       int
}

const (
	windowSize  = 4 << 10
	keptSize    = 64 << 10 // more than that is not kept behind a packet
	rereads     = 3
	rereadPause = 2 * time.Millisecond
)

// NewReader returns a Reader of a page of size bytes, from its start.
func NewReader(page io.ReaderAt, size int64) *Reader {
	return &Reader{page: page, size: int(min(size, math.MaxInt))}
}

// Offset returns the byte at which the next packet begins, or will begin.
func (r *Reader) Offset() int { return r.at }

// Next returns the next packet. At the end, four zero bytes or the end of the page, it
// returns io.EOF, and may be called again for packets that are written meanwhile. A
// packet that is not whole is a *dtsc.FormatError. A page that has fewer than size
// bytes is relaccx.ErrTruncated.
func (r *Reader) Next() (dtsc.Packet, error) {
	for try := 1; ; try++ {
		packet, err := r.read()
		if err == nil {
			r.at += packet.Size
			return packet, nil
		}
		r.window = r.window[:0] // to see what is there next time
		var wrong *dtsc.FormatError
		if !errors.As(err, &wrong) || try == rereads {
			return dtsc.Packet{Offset: r.at}, err
		}
		time.Sleep(rereadPause)
	}
}

func (r *Reader) read() (dtsc.Packet, error) {
	for need := dtsc.PacketHeadSize; ; {
		head, err := r.bytes(min(need, r.size-r.at))
		if err != nil {
			return dtsc.Packet{}, err
		}
		packet, err := dtsc.PacketHead(head, r.at, r.size)
		if !errors.Is(err, io.ErrShortBuffer) {
			return packet, err
		}
		need = packet.Size
	}
}

// bytes returns at least the next n of the page.
func (r *Reader) bytes(n int) ([]byte, error) {
	if n <= 0 {
		return nil, nil
	}
	if from := r.at - r.windowAt; from >= 0 && len(r.window)-from >= n {
		return r.window[from:], nil
	}
	if n <= keptSize && cap(r.window) > keptSize {
		r.window = nil
	}
	size := min(max(n, windowSize), r.size-r.at)
	if cap(r.window) < size {
		r.window = make([]byte, size)
	}
	r.window, r.windowAt = r.window[:size], r.at
	if got, err := r.page.ReadAt(r.window, int64(r.at)); got < size {
		r.window = r.window[:0]
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("byte %d: %w", r.at+got, relaccx.ErrTruncated)
		}
		return nil, err
	}
	return r.window, nil
}
