package relaccx

import (
	"errors"
	"fmt"
	"io"
	"time"

	"shmtool/layout/dtsc"
)

// Packets reads the packets of a data page, which is not a RelAccX page but belongs to
// one: relaccx(5), DTSC. It reads through calls and never maps, so that holes in the 40
// MiB of a live data page stay holes, and reads only the first bytes of each packet. It
// uses a few KiB of memory, and at most the page's size for bytes that no writer of
// MistServer would write.
//
// A writer may be at work. It writes the first bytes of a packet last, so that bytes
// which begin as a packet are a whole packet, except for a moment in a page that is
// used again. Packets therefore looks again before it returns a *dtsc.FormatError.
//
// One goroutine at a time may use a Packets. The page is the caller's to close.
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

// NewPackets returns the packets of a page of size bytes, from its start.
func NewPackets(page io.ReaderAt, size int64) *Packets { return &Packets{page: page, size: int(size)} }

// Offset returns the byte at which the next packet begins, or will begin.
func (p *Packets) Offset() int { return p.at }

// Next returns the next packet. At the end, four zero bytes or the end of the page, it
// returns io.EOF, and may be called again for packets that are written meanwhile. A
// packet that is not whole is a *dtsc.FormatError. A page that has fewer than size
// bytes is ErrTruncated.
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
