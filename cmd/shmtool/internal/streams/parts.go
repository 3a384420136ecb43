package streams

import (
	"errors"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Parts is what a look found of the packets of a track since an earlier one.
type Parts struct {
	Durations []uint64 // media time from each packet to the next, in milliseconds
	Next      uint64   // number of the first part that is not among them
	Lost      uint64   // parts that were withdrawn before they could be read
}

// PartsSince reads the parts of a track's page from a number on. It leaves out the newest,
// whose duration the writer sets when the next one comes.
func PartsSince(dir string, o *Object, from uint64) (p Parts, err error) {
	page, err := opened(dir, o.Name)
	if err != nil {
		return p, err
	}
	defer page.Close()
	return partsOf(page, from)
}

func partsOf(page *openPage, from uint64) (p Parts, err error) {
	if _, err := page.reader(); err != nil {
		return p, err
	}
	ring, err := page.inner("parts")
	if ring == nil || err != nil {
		return p, err
	}
	duration := ring.Schema().Lookup("duration")
	if duration == nil {
		return p, errors.New("its parts have no duration")
	}
	w, err := ring.WithRules(mist.KindTrack.Page("parts")).Window()
	if err != nil {
		return p, err
	}
	p.Next = from
	switch {
	case w.Count() == 0 || w.End-1 == from:
		return p, nil
	case w.End-1 < from: // the page was made anew, and its numbers begin anew
		from = w.First
	}
	first := max(from, w.First)
	p.Durations, p.Next, err = ring.Column(duration, layout.Window{First: first, End: w.End - 1}, nil)
	var lapped *relaccx.LappedError
	if errors.As(err, &lapped) {
		err = nil
	}
	if read := from + uint64(len(p.Durations)); p.Next > read {
		p.Lost = p.Next - read
	}
	return p, err
}
