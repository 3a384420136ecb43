package recording

import (
	"context"
	"time"
)

// Happening is one thing that happened on a page while it was recorded.
type Happening struct {
	Page  string
	At    time.Time
	Event string // "" is a record that came; else the event's name, as a Note has it
	Lost  uint64 // records that were lost, of "lapped"

	Deleted *uint64 // how many records are withdrawn by now; nil where it tells nothing of that
}

// Happenings runs each on everything that happened on the pages of a recording, in order.
// When the recording is damaged, it returns a *DamageError after what stands before the
// damage; ctx.Err() when ctx ends first.
func Happenings(ctx context.Context, r *Reader, each func(Happening)) error {
	return r.each(ctx, func(m message, n Note) {
		h := Happening{Page: m.page, At: m.at, Event: n.Event, Lost: n.Lost}
		if n.Counters != nil {
			h.Deleted = &n.Counters.Deleted
		}
		each(h)
	})
}
