package relaccx

import (
	"errors"
	"fmt"
	"io"
	"time"

	"shmtool/layout/dtsc"
)

// Packets reads the packets of a data page, which is no RelAccX page but belongs
// to one: relaccx(5), DTSC. It reads through calls and never maps, so that the
// holes of a live page's 40 MiB stay holes, and takes no more than each packet's
// first bytes; memory is a few KiB, and at most the page's size where bytes are
// found that a writer of MistServer's would not write.
//
// A writer may be at work: it writes the first bytes of a packet last, and so
// what begins as a packet is whole. In a page that is used again that is not so
// for a moment; what looks broken is therefore looked at again before it is
// called that.
//
// One goroutine at a time uses a Packets. It keeps nothing open; the page is the
// caller's to close.
type Packets struct {
	page     io.ReaderAt
	size     int
	window   []byte // bytes of the page from windowAt on
	windowAt int
	at       int
}

const (
	packetWindow  = 4 << 10
	packetKeep    = 64 << 10 // more than that is not kept behind a packet
	packetRereads = 3
	packetPause   = 2 * time.Millisecond
)

// NewPackets reads a page of size bytes from its start.
func NewPackets(page io.ReaderAt, size int64) *Packets { return &Packets{page: page, size: int(size)} }

// Offset returns the byte at which the next packet begins, or would begin.
func (p *Packets) Offset() int { return p.at }

// Next returns the next packet. At the end, which is four zero bytes or the page's, it is
// io.EOF, and may be called again for what is written meanwhile. A packet that is not
// whole is a *dtsc.FormatError; a page that has fewer bytes than was said is
// ErrTruncated.
func (p *Packets) Next() (dtsc.Packet, error) {
	for try := 1; ; try++ {
		packet, err := p.read()
		if err == nil {
			p.at += packet.Size
			return packet, nil
		}
		p.window = p.window[:0] // to see what is there next time
		var wrong *dtsc.FormatError
		if !errors.As(err, &wrong) || try == packetRereads {
			return dtsc.Packet{Offset: p.at}, err
		}
		time.Sleep(packetPause)
	}
}

func (p *Packets) read() (dtsc.Packet, error) {
	for need := dtsc.PacketHeadSize; ; {
		head, err := p.bytes(min(need, p.size-p.at))
		if err != nil {
			return dtsc.Packet{}, err
		}
		packet, err := dtsc.PacketHead(head, p.at, p.size)
		if !errors.Is(err, io.ErrShortBuffer) {
			return packet, err
		}
		need = packet.Size
	}
}

// bytes returns at least the next n of the page.
func (p *Packets) bytes(n int) ([]byte, error) {
	if n <= 0 {
		return nil, nil
	}
	if from := p.at - p.windowAt; from >= 0 && len(p.window)-from >= n {
		return p.window[from:], nil
	}
	if n <= packetKeep && cap(p.window) > packetKeep {
		p.window = nil
	}
	size := min(max(n, packetWindow), p.size-p.at)
	if cap(p.window) < size {
		p.window = make([]byte, size)
	}
	p.window, p.windowAt = p.window[:size], p.at
	if got, err := p.page.ReadAt(p.window, int64(p.at)); got < size {
		p.window = p.window[:0]
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("byte %d: %w", p.at+got, ErrTruncated)
		}
		return nil, err
	}
	return p.window, nil
}
