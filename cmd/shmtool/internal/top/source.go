package top

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"time"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Source is one page that is looked at again and again, or one nested in it, by
// its name: whatever page that leads to. It is used by one goroutine at a time,
// and must be closed.
type Source struct {
	Name, Path string // Name is as the user gave it
	Steps      []relaccx.Step
	Known      *mist.PageInfo // what is known of the page at Path

	page  *relaccx.Page
	size  int64
	event string // the last thing that happened to it
	since time.Time
}

// Look returns the page as it is now: its header, and its newest record; of a table of
// MistServer's, the last rows in use. The records are copies. The note
// says what has happened to the page.
//
// A page whose name is gone is shown as long as it is mapped: its writer may not
// know.
func (s *Source) Look(now time.Time) (v *dump.View, info *mist.PageInfo, note string, err error) {
	if err := s.follow(now); err != nil {
		return nil, nil, s.note(now), err
	}
	r, err := s.page.Peek()
	if err == nil {
		r, err = r.WithRules(mist.RulesFor(s.Known, r.Schema())).PeekNested(s.Steps...)
	}
	if err != nil {
		return nil, nil, s.note(now), err
	}
	if v, err = s.view(r); err != nil {
		return nil, nil, s.note(now), err
	}
	return v, r.Rules(), s.note(now), nil
}

// tableRows is how many rows of a table are shown.
const tableRows = 100

func (s *Source) view(r *relaccx.Reader) (*dump.View, error) {
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	size := r.Size()
	if len(s.Steps) == 0 {
		size = s.page.Size()
	}
	last := uint64(1)
	if info := r.Rules(); info != nil && info.Rule != mist.RuleRing {
		last = tableRows
	}
	w, err := r.Window()
	if err == nil {
		w, err = r.LastInUse(w, last)
	}
	if err != nil {
		return nil, err
	}
	records, err := copies(r, w)
	return &dump.View{
		Name: s.Name, Bytes: size, Header: h, Schema: r.Schema(), Records: records,
		ShowHeader: true, ShowRecords: true,
	}, err
}

// copies returns the records of w that are in use, but for those that are withdrawn
// meanwhile.
func copies(r *relaccx.Reader, w layout.Window) (iter.Seq2[*relaccx.Record, error], error) {
	var records []*relaccx.Record
	for rec, err := range r.RecordsInUse(w) {
		var lapped *relaccx.LappedError
		switch {
		case errors.As(err, &lapped):
		case err != nil:
			return nil, err
		default:
			records = append(records, rec.Clone())
		}
	}
	return func(yield func(*relaccx.Record, error) bool) {
		for _, rec := range records {
			if !yield(rec, nil) {
				return
			}
		}
	}, nil
}

// follow opens what the name leads to, where that is another page than before. An
// error is that there is nothing to show.
func (s *Source) follow(now time.Time) error {
	info, err := os.Stat(s.Path)
	if err != nil {
		return s.without(err, now)
	}
	return s.take(info, now)
}

// take opens what the name led to a moment ago, unless that is the page which is mapped.
func (s *Source) take(info fs.FileInfo, now time.Time) error {
	if s.page != nil && !s.page.Replaced() && info.Size() == s.size {
		if s.Gone() {
			s.happened("back", now)
		}
		return nil
	}
	next, err := relaccx.Open(s.Path)
	if errors.Is(err, fs.ErrNotExist) { // since its size was looked at
		return s.without(err, now)
	}
	if err != nil {
		if s.page != nil {
			_ = s.page.Close()
		}
		s.page = nil
		return err
	}
	if s.page != nil {
		s.happened("replaced", now)
		_ = s.page.Close()
	} else if s.Gone() {
		s.happened("back", now)
	}
	s.page, s.size = next, info.Size()
	return nil
}

// without goes on with the page that is mapped when the name leads to none that can be
// looked at.
func (s *Source) without(err error, now time.Time) error {
	if errors.Is(err, fs.ErrNotExist) && !s.Gone() {
		s.happened("gone", now)
	}
	if s.page == nil {
		return err
	}
	return nil
}

func (s *Source) happened(event string, now time.Time) { s.event, s.since = event, now }

// Gone reports whether the name leads nowhere.
func (s *Source) Gone() bool { return s.event == "gone" }

// noteFor is how long it is said what has happened.
const noteFor = 10 * time.Second

func (s *Source) note(now time.Time) string {
	at := s.since.UTC().Format(time.RFC3339)
	switch {
	case s.event == "gone":
		return "gone since " + at + ", waiting for it"
	case s.event == "" || now.Sub(s.since) > noteFor:
		return ""
	}
	return s.event + " at " + at
}

// Close lets go of the page.
func (s *Source) Close() {
	if s.page != nil {
		_ = s.page.Close()
	}
	s.page = nil
}
