package datapage_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"shmtool/layout/dtsc"
	"shmtool/relaccx"
	"shmtool/relaccx/datapage"
)

// countedPage is a page of packets that counts what is read of it, and may show
// other bytes each time.
type countedPage struct {
	shown [][]byte // one a read; the last stays
	reads int
	bytes int
}

func (p *countedPage) ReadAt(b []byte, at int64) (int, error) {
	n, err := bytes.NewReader(p.shown[min(p.reads, len(p.shown)-1)]).ReadAt(b, at)
	p.reads++
	p.bytes += n
	return n, err
}

func packetPage(t *testing.T, size int, payloads ...[]byte) []byte {
	t.Helper()
	var b []byte
	for i, payload := range payloads {
		var err error
		if b, err = dtsc.AppendPacket(b, &dtsc.Packet{Track: 3, Time: uint64(i) * 40, Key: i == 0}, payload); err != nil {
			t.Fatal(err)
		}
	}
	return append(b, make([]byte, max(0, size-len(b)))...)
}

func readPackets(t *testing.T, page io.ReaderAt, size int) (packets []dtsc.Packet, err error) {
	t.Helper()
	r := datapage.NewReader(page, int64(size))
	for {
		p, err := r.Next()
		if err != nil {
			return packets, err
		}
		packets = append(packets, p)
	}
}

// Packets are those that the whole page has, and of large ones no more than the
// beginning is read.
func TestReader(t *testing.T) {
	page := packetPage(t, 4<<20, []byte("first"), bytes.Repeat([]byte{0xff}, 1<<20), nil, bytes.Repeat([]byte{0}, 100_000), []byte("last"))
	counted := &countedPage{shown: [][]byte{page}}
	got, err := readPackets(t, counted, len(page))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	n := 0
	for want, err := range dtsc.Packets(page) {
		if err != nil || n >= len(got) || got[n] != want {
			t.Fatalf("packet %d: %+v, want %+v, %v", n, got, want, err)
		}
		n++
	}
	if n != len(got) || n != 5 {
		t.Errorf("%d packets, want %d", len(got), n)
	}
	if counted.bytes > 64<<10 {
		t.Errorf("%d bytes were read, of %d packets", counted.bytes, n)
	}
}

// What looks broken is looked at again: a writer that writes over old packets is
// between two of its stores for a moment. What stays broken is an error, behind
// the packets before it.
func TestBroken(t *testing.T) {
	good := packetPage(t, 2000, []byte("first"), []byte("second"))
	torn := bytes.Clone(good)
	copy(torn, "DTP2\x00\x00\x00\x01")
	if got, err := readPackets(t, &countedPage{shown: [][]byte{torn, good}}, len(good)); err != io.EOF || len(got) != 2 {
		t.Errorf("torn once: %v, %v", got, err)
	}
	end := dtsc.PacketSize(&dtsc.Packet{Key: true}, 5)
	bad := bytes.Clone(good)
	copy(bad[end:], "oops")
	got, err := readPackets(t, &countedPage{shown: [][]byte{bad}}, len(good))
	var wrong *dtsc.FormatError
	if !errors.As(err, &wrong) || wrong.Offset != int64(end) || len(got) != 1 {
		t.Errorf("broken: %v, %v", got, err)
	}
	if _, err := readPackets(t, &countedPage{shown: [][]byte{good[:end+3]}}, len(good)); !errors.Is(err, relaccx.ErrTruncated) {
		t.Errorf("cut short: %v", err)
	}
}

// Behind the end comes what is written later; and reading goes on where it is
// told to.
func TestFollow(t *testing.T) {
	before := packetPage(t, 2000, []byte("first"))
	after := packetPage(t, 2000, []byte("first"), []byte("second"))
	page := &countedPage{shown: [][]byte{before}}
	r := datapage.NewReader(page, 2000)
	first, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
	page.shown = [][]byte{after}
	p, err := r.Next()
	if err != nil || p.Offset != first.Size || p.Time != 40 || r.Offset() != p.Offset+p.Size {
		t.Errorf("%+v, %v", p, err)
	}
}
