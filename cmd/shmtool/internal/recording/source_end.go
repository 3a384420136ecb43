package recording

import (
	"time"

	"shmtool/relaccx"
)

// again tells all of the page in another file.
func (s *source) again(f *file, at time.Time) error {
	if !s.begun {
		return nil
	}
	return s.snapshot(f, at, Note{Event: noteBegin}, true)
}

// conclude writes what the page is at the end of its recording.
func (s *source) conclude(f *file, at time.Time, encode encoder) error {
	if err := s.begin(f, at, nil); err != nil || !s.begun {
		return err
	}
	if err := s.sample(f, at, encode); err != nil {
		return err
	}
	if err := s.revise(f, at, true, encode); err != nil {
		return err
	}
	h, err := s.follower.Reader().Header()
	if err != nil {
		return s.later(err)
	}
	if end := s.window(h).End; !s.table && end > s.next { // records that have not come
		h.EndPos, h.Deleted = s.next, min(h.Deleted, s.next)
		h.Present = uint32(s.next - h.Deleted)
	} else if !s.table && end < s.next {
		return nil
	}
	if err := s.count(f, at, h); err != nil {
		return err
	}
	if s.noted != s.messages { // the last note counts all of them
		c := countersOf(s.model)
		if err := s.note(f, at, Note{Event: noteCounters, Counters: &c}); err != nil {
			return err
		}
	}
	if s.exited || !h.Status.Exit() {
		return nil
	}
	return s.event(f, at, relaccx.Event{Kind: relaccx.EventExit}) // the recording ends before its Follower says so
}
