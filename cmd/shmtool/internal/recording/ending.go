package recording

import (
	"context"
	"time"
)

// lastLookTime bounds how long a recording goes on when its time is over, to write
// the records that were there by then.
const lastLookTime = 2 * time.Second

// lastLook returns a context that ends with over, or lastLookTime later when it
// takes so long to write the records that were there when over ended.
func (r *recorder) lastLook(over context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(context.WithoutCancel(over))
	var goals map[*source]uint64 // the records that were there end at them
	r.ending = func(drained bool) {
		if over.Err() == nil {
			return
		}
		if goals == nil {
			goals, drained = r.ends(), false
		}
		if r.reached(goals, drained) {
			stop()
		}
	}
	forget := context.AfterFunc(over, func() { time.AfterFunc(lastLookTime, stop) })
	return ctx, func() { forget(); stop() }
}

// ends returns the number behind the newest record of each page.
func (r *recorder) ends() map[*source]uint64 {
	ends := map[*source]uint64{}
	for _, s := range r.pages {
		if !s.begun {
			continue // conclude has a first look at it
		}
		if h, err := s.follower.Reader().Header(); err == nil {
			ends[s] = s.window(h).End
		}
	}
	return ends
}

// reached reports whether all records below goals are written; of tables, whether
// all rows have been looked at since.
func (r *recorder) reached(goals map[*source]uint64, drained bool) bool {
	for s, goal := range goals {
		if !r.follows(s) {
			continue
		}
		if s.table && !drained || !s.table && s.next < goal && s.begun {
			return false
		}
	}
	return true
}

// conclude writes what all pages are at the end.
func (r *recorder) conclude() error {
	now := r.clock.now()
	for _, s := range r.pages {
		err := r.firstLook(s)
		if err == nil {
			err = s.conclude(&r.file, now, r.json)
		}
		if err := r.faultOf(err); err != nil {
			return err
		}
	}
	return nil
}

// firstLook opens a page that was not looked at before the recording ended.
func (r *recorder) firstLook(s *source) error {
	if s.follower.Reader() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastLookTime)
	defer cancel()
	s.enough = cancel
	if _, err := s.follower.Next(ctx); err != nil && ctx.Err() == nil {
		return &PageError{s.Name, err}
	}
	return nil
}

// follows reports whether a page is still one of the recording's.
func (r *recorder) follows(s *source) bool { return r.pages[s.follower] == s }
