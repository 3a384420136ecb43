package mistserver

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// missing reports what may be there a moment later.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady)
}

// followed is a track that a viewer reads: part after part, each with the packet
// that it tells of.
type followed struct {
	place  Place
	stream string
	view   TrackView
	slot   uint64
	page   *trackPage
	lost   uint64 // parts, since the last that was read

	next uint64 // number of the part to read next
	key  uint64 // that of the last packet, as the user slot has it
	told bool   // the slot has one

	data    *os.File // nil: the place of part next is to be found
	record  uint64   // of data, in the ring of pages
	offset  int64    // of the packet of part next in data, if it is there
	current uint64   // number of the key before that packet
	packet  []byte
}

func (f *followed) close() error {
	f.letGo()
	return f.page.close()
}

func (f *followed) letGo() {
	if f.data != nil {
		f.data.Close() // read-only: there is nothing to lose
		f.data = nil
	}
}

func (f *followed) begin(oldest bool) {
	w := f.page.parts.window()
	f.next = w.End
	if oldest {
		f.next = w.First
	}
}

// poll looks at the page once. It returns the packet of the next part, if that is there, or
// whether the page is to be opened again.
func (f *followed) poll() (seen Seen, found, reloaded bool, err error) {
	err = f.page.page.Exclusively(func() (err error) {
		if quiet, status, err := f.quiet(); quiet || err != nil {
			reloaded = status.Reload()
			return err
		}
		if seen, found, err = f.nextPart(); !found && err == nil {
			reloaded = f.page.status().Reload()
		}
		return err
	})
	return seen, found, reloaded, err
}

// quiet reports whether nothing has come since the last look, by one look at the
// counter's bytes, where a true one takes microseconds: what is torn
// looks like something new, or is looked at again in the next poll.
func (f *followed) quiet() (quiet bool, status layout.Status, err error) {
	at := f.page.parts.r.Base() + layout.EndPosOffset
	err = f.page.page.Inspect(func(page []byte, h layout.Header) error {
		quiet, status = binary.LittleEndian.Uint64(page[at:]) == f.next, h.Status
		return nil
	})
	return quiet, status, err
}

// nextPart returns the packet of the next part, if that is there. It is no error when
// the page's other processes change it meanwhile: the next look tells.
func (f *followed) nextPart() (Seen, bool, error) {
	seen, found, err := f.look()
	if fault := f.page.fault(); fault != nil && !found && err == nil && !errors.Is(fault, relaccx.ErrWithdrawn) {
		err = fault
	}
	return seen, found, err
}

func (f *followed) look() (Seen, bool, error) {
	w := f.page.parts.window()
	if f.page.failed != nil || f.next >= w.End {
		return Seen{}, false, nil
	}
	if f.next < w.First { // withdrawn before it was read
		f.lost += w.First - f.next
		f.next = w.First
		f.letGo()
	}
	if f.data == nil {
		if found, err := f.seek(); !found || err != nil {
			return Seen{}, false, err
		}
	}
	return f.take()
}

// packetRoom is what a packet has besides its payload, at most.
const packetRoom = 128

// take reads the packet at the place that was found.
func (f *followed) take() (Seen, bool, error) {
	size := f.page.parts.get(f.next, "size")
	if f.page.failed != nil {
		return Seen{}, false, nil
	}
	if size > mist.LiveDataSize {
		return Seen{}, false, &layout.ValueError{Field: "size", Reason: "the part is larger than a data page"}
	}
	p, err := f.read(f.offset, int(size)+packetRoom)
	if errors.Is(err, io.EOF) { // the page ends: the next has it, if this part has a packet at all
		return f.turn()
	}
	if err != nil {
		return Seen{}, false, err
	}
	if p.Key {
		f.current++
	}
	seen := Seen{
		Track: f.view.Index, Part: f.next, Key: f.current, IsKey: p.Key, Time: p.Time, Offset: p.PacketOffset,
		Payload: p.Payload(f.packet), Lost: f.lost,
	}
	f.offset += int64(p.Size)
	f.next++
	f.lost = 0
	return seen, true, nil
}

// read returns the packet at a byte of the page, of which so many bytes are enough.
// io.EOF where there is none.
func (f *followed) read(at int64, size int) (dtsc.Packet, error) {
	f.packet = slices.Grow(f.packet[:0], size)[:size]
	n, err := f.data.ReadAt(f.packet, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return dtsc.Packet{}, err
	}
	f.packet = f.packet[:n]
	return dtsc.NextPacket(f.packet, 0)
}

// turn goes on to the data page behind this one, whose first packet is the next.
func (f *followed) turn() (Seen, bool, error) {
	w := f.page.pages.window()
	if f.record+1 >= w.End {
		return Seen{}, false, nil // not written yet, or never: MistServer counts packets that did not fit
	}
	if f.record+1 < w.First {
		f.letGo() // it is behind: its place is to be found anew
		return Seen{}, false, nil
	}
	f.letGo()
	if err := f.open(f.record + 1); missing(err) {
		return Seen{}, false, nil
	} else if err != nil || f.page.failed != nil {
		return Seen{}, false, err
	}
	return f.take()
}

// open opens the data page of a record, at its start.
func (f *followed) open(record uint64) error {
	first := f.page.pages.get(record, "firstkey")
	if f.page.failed != nil {
		return nil
	}
	data, err := os.Open(f.place.path(dataOf(f.stream, f.view.Index, first)))
	if err != nil {
		return err
	}
	f.data, f.record, f.offset, f.current = data, record, 0, first-1
	return nil
}

// seek finds the packet of part next: the key before it, the data page with that
// key, and then packet after packet. It is not found while the writer is at it.
func (f *followed) seek() (bool, error) {
	key, first, found := f.keyBefore(f.next)
	if !found {
		return false, nil
	}
	record, found := f.pageOf(key)
	if !found {
		return false, nil
	}
	if err := f.open(record); err != nil || f.page.failed != nil {
		if missing(err) {
			err = nil
		}
		return false, err
	}
	if !f.walk(key, f.next-first) {
		f.letGo()
		return false, nil
	}
	return true, nil
}

// keyBefore returns the newest key whose first part is not behind a part.
func (f *followed) keyBefore(part uint64) (key, first uint64, found bool) {
	f.page.keys.each(f.page.keys.window(), func(r row) bool {
		if at := r.uint("firstpart"); at <= part {
			key, first, found = r.rec.Number, at, true
		}
		return true
	})
	return key, first, found
}

// pageOf returns the record of the data page that has a key.
func (f *followed) pageOf(key uint64) (record uint64, found bool) {
	f.page.pages.each(f.page.pages.window(), func(r row) bool {
		if r.uint("firstkey") <= key {
			record, found = r.rec.Number, true
		}
		return true
	})
	return record, found
}

// walk goes from the start of the data page to the packet of a key, and from
// there over so many packets.
func (f *followed) walk(key, skip uint64) bool {
	c := chunk{data: f.data}
	reached := false
	for at := int64(0); ; {
		if reached && skip == 0 {
			f.offset = at
			return true
		}
		p, err := c.packet(at)
		if err != nil {
			return false
		}
		if p.Key && f.current+1 == key {
			reached = true
			if skip == 0 { // take counts it
				f.offset = at
				return true
			}
		}
		if p.Key {
			f.current++
		}
		if reached {
			skip--
		}
		at += int64(p.Size)
	}
}

// chunk is a stretch of a data page, read at once for the many packets in it.
type chunk struct {
	data *os.File
	at   int64
	b    []byte
}

const chunkSize = 256 << 10

// packet returns the one at a byte of the page.
func (c *chunk) packet(at int64) (dtsc.Packet, error) {
	if at >= c.at && at < c.at+int64(len(c.b)) {
		if p, err := dtsc.NextPacket(c.b, int(at-c.at)); err == nil {
			return p, nil
		}
	}
	if err := c.fill(at, chunkSize); err != nil {
		return dtsc.Packet{}, err
	}
	p, err := dtsc.NextPacket(c.b, 0)
	if err == nil || errors.Is(err, io.EOF) || len(c.b) < packetRoom {
		return p, err
	}
	// It may be larger than a chunk.
	size := int64(binary.BigEndian.Uint32(c.b[4:])) + 8
	if size > mist.LiveDataSize {
		return p, err
	}
	if err := c.fill(at, int(size)); err != nil {
		return p, err
	}
	return dtsc.NextPacket(c.b, 0)
}

func (c *chunk) fill(at int64, size int) error {
	c.b = slices.Grow(c.b[:0], size)[:size]
	n, err := c.data.ReadAt(c.b, at)
	c.at, c.b = at, c.b[:n]
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
