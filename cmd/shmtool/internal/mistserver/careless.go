package mistserver

import (
	"errors"
	"os"

	"shmtool/layout/dtsc"
)

// The functions below do what MistServer's sources do where this package's refuse. They
// are for drills only. Track.info.Careless asks for them.

// carelessly returns what becomes of a refusal: packets that are older than the newest
// one, or come before the first key frame, are thrown away silently.
func (t *Track) carelessly(err error) error {
	if t.info.Careless && (errors.Is(err, ErrOutOfOrder) || errors.Is(err, ErrNoKey)) {
		return nil
	}
	return err
}

// unstored reports whether a packet has no room on its data page, and is counted
// all the same: readers are led to what is not there.
func (t *Track) unstored(p *dtsc.Packet, payload int) bool {
	return t.info.Careless && !t.data.fits(p, payload)
}

// dataPage makes a data page; a careless one uses what has the name already.
func (t *Track) dataPage(key uint64) (*dataPage, error) {
	o := dataOf(t.stream, t.index, key)
	if t.info.Careless {
		if f, err := os.OpenFile(t.place.path(o), os.O_RDWR, 0); err == nil {
			return &dataPage{object: o, file: f}, nil // MistServer: "Overwriting old page"
		}
	}
	return createData(t.place, o)
}

// Mask sets for whom another track of the stream is, as a process does that has
// made a better one from it.
func (t *Track) Mask(index int, valid uint8) error {
	return t.meta.setTrack(uint64(index), "valid", uint64(valid))
}

// ProcessesOnly is the mask of a track that is hidden from viewers and from
// pushes to elsewhere.
const ProcessesOnly = 0xfc
