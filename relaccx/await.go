package relaccx

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// awaitPoll is how often Await looks.
const awaitPoll = 2 * time.Millisecond

// Condition is something about a page that may become true.
type Condition func(p *Page) (bool, error)

// The conditions that a page can be waited for.
var (
	IsThere   Condition = func(*Page) (bool, error) { return true, nil }
	IsReady             = hasStatus(func(p status) bool { return p.Ready() })
	IsExiting           = hasStatus(func(p status) bool { return p.Exit() })
	IsReload            = hasStatus(func(p status) bool { return p.Reload() })
)

type status interface {
	Ready() bool
	Exit() bool
	Reload() bool
}

func hasStatus(is func(status) bool) Condition {
	return func(p *Page) (bool, error) {
		h, err := p.Header()
		return err == nil && is(h.Status), err
	}
}

// HasRecord is true once record n has been published, withdrawn since or not.
func HasRecord(n uint64) Condition {
	return func(p *Page) (bool, error) {
		h, err := p.Header()
		return err == nil && h.Status.Ready() && h.EndPos > n, err
	}
}

// HasRecordIn is HasRecord of the page nested at the end of a way: with none, of
// the page itself.
func HasRecordIn(way []Step, n uint64) Condition {
	if len(way) == 0 {
		return HasRecord(n)
	}
	return func(p *Page) (bool, error) {
		root, err := p.Reader()
		if err != nil {
			return false, err
		}
		r, err := root.As(mist.Lookup(p.Name())).Descend(way, false)
		if err != nil {
			return false, err
		}
		h, err := r.Header()
		return err == nil && h.Status.Ready() && h.EndPos > n, err
	}
}

// Await waits until a condition is true of the page that the name leads to,
// whichever that is at the time. A page that is missing, cut short or no
// RelAccX may become one yet; ctx.Err() when ctx ends first.
func Await(ctx context.Context, path string, is Condition) error {
	return poll(ctx, func() (bool, error) {
		p, err := Open(path)
		if err != nil {
			return false, refusedOnly(err)
		}
		defer p.Close()
		ok, err := is(p)
		return ok, refusedOnly(err)
	})
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
	for {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		shm.Sleep(awaitPoll)
	}
}
