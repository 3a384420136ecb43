package recording

import "time"

// settleEvery is the interval of looks for changes that no event tells. A page is asked
// every millisecond whether it has another record, and that is enough. A page without
// events seldom has such changes: it is looked at every idleEvery, and the less often the
// longer it is without, at least every idlestEvery.
const (
	settleEvery = 10 * time.Millisecond
	idleEvery   = 100 * time.Millisecond
	idlestEvery = time.Second
	idleSilence = 16 // the part of the silence that it may be late
)

// drained runs when all that is there has been written, and then some times a second.
func (r *recorder) drained() {
	if r.err == nil {
		r.err = r.settle()
	}
	if r.ending != nil {
		r.ending(true)
	}
}

// settle writes what no event tells: pages on which nothing has happened yet,
// and the counters.
func (r *recorder) settle() error {
	now := r.clock.now()
	if now.Sub(r.settled) < settleEvery {
		return nil
	}
	r.settled = now
	if now.Before(r.rests) {
		return r.tick(now)
	}
	r.rests = now.Add(idlestEvery)
	for _, s := range r.pages {
		if until := s.rests(now); until.After(now) {
			r.rests = earlier(r.rests, until)
			continue
		}
		s.settled = now
		r.rests = earlier(r.rests, s.rests(now))
		err := s.begin(&r.file, now, nil)
		if err == nil {
			err = s.revise(&r.file, now, false, r.json)
		}
		if err == nil {
			err = s.counters(&r.file, now)
		}
		if err := r.faultOf(err); err != nil {
			return err
		}
	}
	return r.tick(now)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tick does what is to be done every second.
func (r *recorder) tick(now time.Time) error {
	if r.file.due(now) {
		if err := r.file.flush(); err != nil {
			return err
		}
	}
	if r.file.full() && len(r.pages) > 0 { // else there is nothing to begin with
		if err := r.next(now); err != nil {
			return err
		}
	}
	if now.Sub(r.looked) < discoverEvery {
		return nil
	}
	r.looked = now
	r.discover()
	for _, s := range r.pages {
		if err := r.faultOf(s.sample(&r.file, now, r.json)); err != nil {
			return err
		}
	}
	return nil
}
