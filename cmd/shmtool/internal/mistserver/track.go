package mistserver

import (
	"context"
	"errors"
	"fmt"

	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// Track is a source's track: the process that has it is the only one that writes
// its page, but for what the buffer withdraws.
type Track struct {
	place   Place
	stream  string
	info    TrackInfo
	index   int
	meta    *meta
	users   *users
	slot    uint64
	claimed bool
	page    *trackPage
	data    *dataPage // nil before the first key
	record  uint64    // of data, in the ring of pages
	began   uint64    // part number of data's first packet
	reloads []Reload
}

// Packet is what a source sends.
type Packet struct {
	Time    uint64 // ms, not below that of the packet before
	Offset  int64  // ms from decoding to showing
	Key     bool   // of video alone: other tracks have a key at least every 2047 ms by themselves
	Payload []byte
}

// Rules of MistServer's for live tracks.
const (
	keyInterval  = 2047    // AUDIO_KEY_INTERVAL, ms
	flipSize     = 8 << 20 // bytes, beyond which a data page ends at the next key
	flipDuration = 60_000  // ms, likewise
)

// Index returns the track's place in the stream's list.
func (t *Track) Index() int { return t.index }

// Reloads returns all reloads that the track has made, of its own page and, to get
// into it, of the list's.
func (t *Track) Reloads() []Reload { return t.reloads }

// Write publishes a packet: its bytes first, then all that leads to them.
// ErrDisconnected when the buffer has told the source to go, ErrTrackGone when
// its data page was removed, ErrStreamGone, ErrOutOfOrder, ErrNoKey, ErrPageFull.
func (t *Track) Write(p Packet) error {
	err := t.page.page.Exclusively(func() error {
		return t.meta.w.Page().Exclusively(func() error { return t.write(p) })
	})
	if err = t.carelessly(err); err != nil {
		return fmt.Errorf("stream %q: track %d: packet at %d ms: %w", t.stream, t.index, p.Time, err)
	}
	return nil
}

func (t *Track) write(p Packet) error {
	if err := t.admit(&p); err != nil {
		return err
	}
	if err := t.meta.set("live", 1); err != nil {
		return err
	}
	if p.Key {
		if err := t.turnPage(p.Time); err != nil {
			return err
		}
	}
	size, err := t.store(p)
	if err != nil {
		return err
	}
	if err := t.tell(p, uint64(size)); err != nil {
		return err
	}
	return t.meta.setTrack(uint64(t.index), "lastupdate", t.place.bootSeconds())
}

// admit refuses what must not be written, before anything is. It decides whether
// the packet is a key.
func (t *Track) admit(p *Packet) error {
	if err := t.meta.refresh(context.Background()); err != nil {
		return err
	}
	if err := t.users.mine(t.slot); err != nil {
		return err
	}
	last := t.page.uint("lastms")
	if t.info.Type != "video" {
		p.Key = t.data == nil || p.Time-t.page.pages.get(t.record, "lastkeytime") >= keyInterval
	}
	if err := t.page.fault(); err != nil {
		return t.lost(err)
	}
	switch {
	case p.Time < last:
		return fmt.Errorf("%w, at %d ms", ErrOutOfOrder, last)
	case t.data == nil && !p.Key:
		return ErrNoKey
	}
	return t.room(*p)
}

// lost returns ErrTrackGone where the track's records were withdrawn altogether.
func (t *Track) lost(err error) error {
	if there, e := t.dataThere(); e == nil && !there {
		return errors.Join(ErrTrackGone, err)
	}
	return err
}

func (t *Track) dataThere() (bool, error) {
	if t.data == nil {
		return true, nil
	}
	return t.data.exists()
}

// room refuses a packet that the page it goes to cannot take, or that is gone.
func (t *Track) room(p Packet) error {
	packet := p.packet(t.index)
	if t.data == nil || p.Key && t.flips(p.Time) {
		if dtsc.PacketSize(&packet, len(p.Payload)) > mist.LiveDataSize {
			return ErrPageFull
		}
		return t.page.fault()
	}
	there, err := t.data.exists()
	switch {
	case err != nil:
		return err
	case !there:
		return ErrTrackGone
	case !t.data.fits(&packet, len(p.Payload)) && !t.info.Careless:
		return ErrPageFull
	}
	return t.page.fault()
}

func (p Packet) packet(track int) dtsc.Packet {
	return dtsc.Packet{Track: uint32(track), Time: p.Time, PacketOffset: p.Offset, Key: p.Key}
}

// flips reports whether a key at a time begins a new data page.
func (t *Track) flips(time uint64) bool {
	now := t.page.pages.row(t.record)
	return now.uint("avail") > flipSize || time-now.uint("firsttime") > flipDuration
}

// turnPage does what a key does: it counts on its page, which may be a new one.
func (t *Track) turnPage(time uint64) error {
	if t.data == nil || t.flips(time) {
		if err := t.newPage(time); err != nil {
			return err
		}
	}
	t.page.pages.set(t.record, "lastkeytime", time)
	t.page.pages.set(t.record, "keycount", t.page.pages.get(t.record, "keycount")+1)
	return t.page.fault()
}

// newPage begins a data page: its record first, then the object.
func (t *Track) newPage(time uint64) error {
	if err := t.ensure(t.page.pages.full, "pages"); err != nil {
		return err
	}
	if t.data != nil {
		t.page.pages.set(t.record, "parts", t.page.parts.header().EndPos-t.began)
	}
	t.began = t.page.parts.header().EndPos
	t.record = t.page.pages.header().EndPos
	key := t.page.keys.header().EndPos
	t.page.pages.add(
		cell{"firstkey", key}, cell{"firsttime", time}, cell{"size", mist.LiveDataSize},
		cell{"keycount", 0}, cell{"avail", 0}, cell{"parts", 0}, cell{"lastkeytime", 0})
	if err := t.page.fault(); err != nil {
		return err
	}
	data, err := t.dataPage(key)
	if err != nil {
		return err
	}
	if t.data != nil {
		err = t.data.close()
	}
	t.data = data
	return err
}

// ensure doubles a ring that is full.
func (t *Track) ensure(full func() bool, ring string) error {
	if !full() || t.page.failed != nil {
		return t.page.fault()
	}
	r, err := t.page.grow(ring)
	if err == nil {
		t.reloads = append(t.reloads, r)
	}
	return err
}

// store writes the packet and says how far its page is written.
func (t *Track) store(p Packet) (size int, err error) {
	packet := p.packet(t.index)
	if t.unstored(&packet, len(p.Payload)) {
		return dtsc.PacketSize(&packet, len(p.Payload)), nil
	}
	if size, err = t.data.write(&packet, p.Payload); err != nil {
		return 0, err
	}
	t.page.pages.set(t.record, "avail", uint64(t.data.end))
	return size, t.page.fault()
}

// Close gives the track's slot back: the buffer removes the track, or keeps it for
// a source to come where the stream is so configured.
func (t *Track) Close() error {
	var err error
	if t.claimed {
		err = t.users.leave(t.slot)
		t.claimed = false
	}
	return errors.Join(err, t.letGo())
}

// letGo closes what the track has open.
func (t *Track) letGo() error {
	var errs []error
	if t.data != nil {
		errs = append(errs, t.data.close())
	}
	if t.page != nil {
		errs = append(errs, t.page.close())
	}
	if t.users != nil {
		errs = append(errs, t.users.close())
	}
	return errors.Join(append(errs, t.meta.close())...)
}
