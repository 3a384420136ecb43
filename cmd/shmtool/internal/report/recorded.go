package report

import (
	"context"
	"time"

	"shmtool/cmd/shmtool/internal/recording"
)

// Recording is what a recording tells of its pages.
type Recording struct {
	From, To time.Time
	Pages    []*RecordedPage
	Damage   string // why it cannot be read to its end; "" when it can

	pages map[string]*RecordedPage
}

// RecordedPage is what happened on a page.
type RecordedPage struct {
	Page      string
	Records   uint64
	Lost      uint64
	Withdrawn uint64
	Reloads   int
	Exited    bool
	Marks     []RecordedMark
	LeftOut   int // marks that are not kept

	seconds map[int64]uint64 // records in each second
	deleted *uint64
}

// RecordedMark is an event on a page.
type RecordedMark struct {
	At    time.Time
	Event string // as Note has it, or "withdrawn"
	Count uint64
}

// ReadRecording adds to a report what a recording has. After a *recording.DamageError it has
// what stands before the damage.
func ReadRecording(ctx context.Context, r *recording.Reader, into *Recording) error {
	return recording.Happenings(ctx, r, into.add)
}

func (r *Recording) add(h recording.Happening) {
	if r.pages == nil {
		r.pages = map[string]*RecordedPage{}
	}
	p := r.pages[h.Page]
	if p == nil {
		p = &RecordedPage{Page: h.Page, seconds: map[int64]uint64{}}
		r.pages[h.Page], r.Pages = p, append(r.Pages, p)
	}
	if r.From.IsZero() || h.At.Before(r.From) {
		r.From = h.At
	}
	if h.At.After(r.To) {
		r.To = h.At
	}
	if h.Event == "" {
		p.Records++
		if at := h.At.Unix(); len(p.seconds) < mostRecords || p.seconds[at] > 0 {
			p.seconds[at]++
		}
		return
	}
	p.event(h)
}

func (p *RecordedPage) event(h recording.Happening) {
	switch h.Event {
	case "lapped":
		p.Lost += h.Lost
		p.mark(h.At, h.Event, h.Lost)
	case "reload", "restart":
		p.Reloads++
		p.deleted = nil
		p.mark(h.At, h.Event, 0)
	case "exit":
		p.Exited = true
		p.mark(h.At, h.Event, 0)
	case "gone":
		p.mark(h.At, h.Event, 0)
	}
	if h.Deleted == nil {
		return
	}
	if was := p.deleted; was != nil && *h.Deleted > *was {
		p.Withdrawn += *h.Deleted - *was
		p.mark(h.At, "withdrawn", *h.Deleted-*was)
	}
	p.deleted = h.Deleted
}

func (p *RecordedPage) mark(at time.Time, event string, count uint64) {
	if len(p.Marks) >= mostHappening {
		p.LeftOut++
		return
	}
	p.Marks = append(p.Marks, RecordedMark{at, event, count})
}
