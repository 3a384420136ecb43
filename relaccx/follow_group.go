package relaccx

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"shmtool/relaccx/internal/shm"
)

// Group follows many pages in one goroutine: a stream with hundreds of tracks, or all
// pages of a server. The longer nothing happens on a page, and the more pages there
// are, the less often it looks at the page: every 32 ms when there are few, and at least
// every 128 ms. Pages that are not ready, or whose writers are done, are looked at a
// quarter as often. One goroutine at a time may use a Group.
type Group struct {
	// Poll is how often to look; 0 chooses by what happens. Set it before Next.
	Poll time.Duration
	// Drained is called whenever all that is there has been handed out, before
	// the Group sleeps. It may Add and Remove.
	Drained func()

	members []*member
	turn    int       // index of the member whose turn it is
	begun   time.Time // that from which the times to look are counted
}

type member struct {
	follower *Follower
	due      time.Time // when to look at it again
	active   time.Time // when something last happened; zero: nothing yet
}

const (
	// slowestPoll is how long a page on which nothing happens is left alone.
	slowestPoll = 128 * time.Millisecond
	// membersPerPoll is how many silent pages may be looked at every millisecond:
	// what costs some tenths of a percent of a core.
	membersPerPoll = 3
	// unreadableSlower is how much longer a page is left alone that is not ready, or
	// whose writer is done: each look at it is a system call.
	unreadableSlower = 4
	// silence is which part of the time since something last happened on a page
	// it may be late: a page with 25 records a second is looked at every
	// millisecond.
	silence = 64
)

// Add adds a Follower to the group. The only option for waiting that has an effect there
// is Appear.
func (g *Group) Add(f *Follower) {
	g.members = append(g.members, &member{follower: f})
}

// Remove takes a Follower out of the group, without closing it.
func (g *Group) Remove(f *Follower) {
	g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.follower == f })
}

// Close closes every Follower of the group.
func (g *Group) Close() error {
	var err error
	for _, m := range g.members {
		err = errors.Join(err, m.follower.Close())
	}
	g.members = nil
	return err
}

// Next waits for the next event of any page; events of one page come in their order.
// When a Follower comes with an error, the error is that of the Follower, which is no
// longer in the group. Without a Follower, the error is ctx.Err(), or io.EOF when the
// group is empty.
func (g *Group) Next(ctx context.Context) (*Follower, Event, error) {
	for {
		if ctx.Err() != nil {
			return nil, Event{}, ctx.Err()
		}
		now := time.Now()
		for g.turn < len(g.members) {
			if f, e, ok, err := g.step(g.members[g.turn], now); ok || err != nil {
				return f, e, err
			}
		}
		g.turn = 0
		if g.Drained != nil {
			g.Drained()
		}
		if len(g.members) == 0 {
			return nil, Event{}, io.EOF
		}
		g.sleep(ctx, now)
	}
}

// step returns one event of a member, if it has one now. The turn goes on when all that
// was copied of it has been handed out: a writer that is never idle must not keep us from
// the others.
func (g *Group) step(m *member, now time.Time) (*Follower, Event, bool, error) {
	if m.due.After(now) {
		g.turn++
		return nil, Event{}, false, nil
	}
	f := m.follower
	f.now = now
	e, ok, err := f.step()
	switch {
	case errors.Is(err, io.EOF):
		g.Remove(f)
		return nil, Event{}, false, nil
	case err != nil:
		g.Remove(f)
		return f, Event{}, false, err
	case ok:
		m.active = now
		if len(f.batch.copied) == 0 {
			g.turn++
		}
		return f, e, true, nil
	}
	pause := g.interval(m, now)
	m.due = g.after(now, pause)
	f.checkEvery = checkSeldom(pause)
	g.turn++
	return nil, Event{}, false, nil
}

// after returns the next multiple of a pause: members with the same one are looked at
// together, as waking up costs more than to look.
func (g *Group) after(now time.Time, pause time.Duration) time.Time {
	if g.begun.IsZero() {
		g.begun = now
	}
	return g.begun.Add((now.Sub(g.begun)/pause + 1) * pause)
}

// interval returns how long to leave a page alone on which nothing has happened: of what
// grows with the silence, 1, 2, 4, … polls.
func (g *Group) interval(m *member, now time.Time) time.Duration {
	if g.Poll > 0 {
		return g.Poll
	}
	if m.follower.table != nil {
		return tablePoll
	}
	slowest := min(slowestPoll, max(idlestPoll, foreignPoll*time.Duration(len(g.members)/membersPerPoll)))
	if m.follower.reader == nil || m.follower.unreadable != nil {
		slowest *= unreadableSlower
	}
	pause, want := foreignPoll, min(slowest, now.Sub(m.active)/silence)
	for 2*pause <= want {
		pause *= 2
	}
	return pause
}

// sleep ends when the next page is due or ctx has its deadline, and at least as often as
// silent pages are looked at: together with them, as waking up costs more than to look.
func (g *Group) sleep(ctx context.Context, now time.Time) {
	next := g.after(now, slowestPoll)
	if end, ok := ctx.Deadline(); ok && end.Before(next) {
		next = end
	}
	for _, m := range g.members {
		if m.due.Before(next) {
			next = m.due
		}
	}
	if d := time.Until(next); d > 0 {
		shm.Sleep(d)
	}
}
