package relaccx

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// awaitPoll is how often Await looks at first; what has not come for a while is not
// missed for some milliseconds more, see idlePoll.
const awaitPoll = 2 * time.Millisecond

// Condition is something about a page that may become true.
type Condition struct {
	is    func(p *Page) (bool, error)
	lasts bool
}

// When is a condition of the caller's own, which a page must meet while it has
// its name.
func When(is func(p *Page) (bool, error)) Condition { return Condition{is: is} }

// The conditions that a page can be waited for.
var (
	IsThere   = When(func(*Page) (bool, error) { return true, nil })
	IsReady   = When(hasStatus(func(p status) bool { return p.Ready() }))
	IsExiting = Condition{hasStatus(func(p status) bool { return p.Exit() }), true}
	IsReload  = Condition{hasStatus(func(p status) bool { return p.Reload() }), true}
)

// Of reports whether the condition is true of a page.
func (c Condition) Of(p *Page) (bool, error) { return c.is(p) }

// Lasts reports whether the condition is one of a page that is being left: it is
// true of the name, too, when the page that the name led to before meets it.
func (c Condition) Lasts() bool { return c.lasts }

type status interface {
	Ready() bool
	Exit() bool
	Reload() bool
}

func hasStatus(is func(status) bool) func(*Page) (bool, error) {
	return func(p *Page) (bool, error) {
		h, err := p.Header()
		return err == nil && is(h.Status), err
	}
}

// HasRecord is true once record n has been published, withdrawn since or not.
func HasRecord(n uint64) Condition {
	return When(func(p *Page) (bool, error) {
		h, err := p.Header()
		return err == nil && h.Status.Ready() && h.EndPos > n, err
	})
}

// HasRecordIn is HasRecord of the page nested at the end of a way: with none, of
// the page itself.
func HasRecordIn(way []Step, n uint64) Condition {
	if len(way) == 0 {
		return HasRecord(n)
	}
	return When(func(p *Page) (bool, error) {
		root, err := p.Reader()
		if err != nil {
			return false, err
		}
		r, err := root.WithRules(mist.Lookup(p.Name())).Nested(way...)
		if err != nil {
			return false, err
		}
		h, err := r.Header()
		return err == nil && h.Status.Ready() && h.EndPos > n, err
	})
}

// Await waits until a condition is true of the page that the name leads to,
// whichever that is at the time. IsExiting and IsReload may be true of the page
// that it led to before, too: most writers set these bits and unlink the page at
// once, or set reload when the new page has the name already. What was over
// before Await began is not seen. A page that is missing, cut short or no
// RelAccX may become one yet; ctx.Err() when ctx ends first.
func Await(ctx context.Context, path string, is Condition) error {
	var s Sight
	defer s.Close()
	return poll(ctx, func() (bool, error) {
		if err := refusedOnly(s.Look(path)); err != nil {
			return false, err
		}
		ok, err := holds(is, s.Page())
		if !ok && err == nil && is.Lasts() {
			ok, err = holds(is, s.Left())
		}
		return ok, err
	})
}

// holds reports whether a condition is true of a page, if there is one.
func holds(is Condition, p *Page) (bool, error) {
	if p == nil {
		return false, nil
	}
	ok, err := is.Of(p)
	return ok, refusedOnly(err)
}

// AwaitGone waits until the name leads nowhere.
func AwaitGone(ctx context.Context, path string) error {
	return poll(ctx, func() (bool, error) {
		_, err := shm.StatPath(path)
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return false, err
	})
}

// refusedOnly keeps the errors that waiting will not cure.
func refusedOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func poll(ctx context.Context, is func() (bool, error)) error {
	for begun := time.Now(); ; {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(begun) < idleAfter {
			shm.Sleep(awaitPoll)
		} else {
			shm.Sleep(idlePoll)
		}
	}
}
