package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// waitCondition is something that may become true of what an address leads to.
type waitCondition struct {
	// is reports whether it is true of the page that the address leads to, nil when
	// there is none. It returns an error only when waiting does not help.
	is     func(t object.Target, p *relaccx.Page) (bool, error)
	byName bool                         // it needs no page
	lasts  bool                         // it may be true of a page that has lost its name
	why    func(t object.Target) string // says why it is not true; nil when there is no more to say
}

// wait looks every waitPoll, and after waitIdleAfter every waitIdlePoll, because each
// look costs a wake-up.
const (
	waitPoll      = 2 * time.Millisecond
	waitIdlePoll  = 10 * time.Millisecond
	waitIdleAfter = 500 * time.Millisecond
)

// await waits until all conditions are true of one page in one look. When ctx ends
// first, it returns the first condition that was not true.
func (o *waitOptions) await(ctx context.Context) (missing int, err error) {
	var seen sight
	defer seen.close()
	begun, poll := time.Now(), waitPoll
	for {
		missing, err = o.firstMissing(&seen)
		if missing < 0 || err != nil {
			return missing, err
		}
		if time.Since(begun) > waitIdleAfter {
			poll = waitIdlePoll
		}
		if pause.For(ctx, poll) != nil {
			return missing, ctx.Err()
		}
	}
}

// firstMissing returns the first condition that is not true in this look, -1 when all
// are. If one lasts, all may be true of the page that has just lost its name, because rm
// sets exit and unlinks the page at once.
func (o *waitOptions) firstMissing(sight *sight) (int, error) {
	t, err := object.Find(o.World, o.target.Arg)
	if err != nil {
		return 0, err
	}
	if slices.ContainsFunc(o.conditions, func(c waitCondition) bool { return !c.byName }) {
		if err := cured(sight.look(t.Path)); err != nil {
			return 0, err
		}
	}
	missing, err := missingOn(t, sight.page, o.conditions)
	if missing < 0 || err != nil || sight.left == nil {
		return missing, err
	}
	if slices.ContainsFunc(o.conditions, func(c waitCondition) bool { return c.lasts }) {
		if last, err := missingOn(t, sight.left, o.conditions); last < 0 || err != nil {
			return last, err
		}
	}
	return missing, nil
}

// missingOn returns the first condition that is not true of a page, -1 when all are.
func missingOn(t object.Target, p *relaccx.Page, conditions []waitCondition) (int, error) {
	for i, c := range conditions {
		if ok, err := c.is(t, p); !ok || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// parseCondition returns the condition that --for names.
func parseCondition(what string, t object.Target) (waitCondition, error) {
	digits, isRecord := strings.CutPrefix(what, "record=")
	n, err := strconv.ParseUint(digits, 10, 64)
	o, ofMist := mist.ParseName(object.NameOf(t.Path))
	kind := object.KindOf(o.Kind)
	switch {
	case isRecord && err != nil:
		return waitCondition{}, fail.Invalid("--for", what, "record=N with a record number")
	case isRecord && ofMist && kind != nil:
		return ofObject(what, o, kind)
	case isRecord:
		return hasRecord(n), nil
	}
	is, known := map[string]waitCondition{
		"exists": isThere(t),
		"gone":   {is: isGone, byName: true},
		"ready":  ofPage(layout.Status.Ready),
		"exit":   orLeft(ofPage(layout.Status.Exit)),
		"reload": orLeft(ofPage(layout.Status.Reload)),
	}[what]
	if !known {
		return waitCondition{}, fail.Invalid("--for", what, "exists, ready, exit, reload, gone, or record=N")
	}
	if ofMist && kind != nil && !is.byName {
		return ofObject(what, o, kind)
	}
	return is, t.Plain()
}

// ofPage returns a condition on the status of the page that an address leads to.
func ofPage(is func(layout.Status) bool) waitCondition {
	return waitCondition{is: func(_ object.Target, p *relaccx.Page) (bool, error) {
		if p == nil {
			return false, nil
		}
		h, err := p.Header()
		return err == nil && is(h.Status), cured(err)
	}}
}

// orLeft returns a condition that may also be true of the page that the name led to
// before: most writers set exit or reload and take the name away at once.
func orLeft(c waitCondition) waitCondition {
	c.lasts = true
	return c
}

// hasRecord returns the condition that a page, which may be nested in another, has
// published record n.
func hasRecord(n uint64) waitCondition {
	return waitCondition{is: func(t object.Target, p *relaccx.Page) (bool, error) {
		if object.MayBeNested(t) {
			return false, nil // its object does not exist yet
		}
		if p == nil {
			return false, nil
		}
		published, err := hasPublished(t, p, n)
		return published, cured(err)
	}}
}

// hasPublished reports whether record n has been published, on a page or on one nested
// in it.
func hasPublished(t object.Target, p *relaccx.Page, n uint64) (bool, error) {
	header := p.Header
	if len(t.Steps) > 0 {
		r, err := p.Reader()
		if err == nil {
			r, err = r.WithRules(object.Rules(t, p)).Nested(t.Steps...)
		}
		if err != nil {
			return false, err
		}
		header = r.Header
	}
	h, err := header()
	return err == nil && h.Status.Ready() && h.EndPos > n, err
}

// isThere returns the condition that a page exists, or that an object of MistServer's
// that is no page has a name.
func isThere(t object.Target) waitCondition {
	if o, known := mist.ParseName(object.NameOf(t.Path)); !known || o.Kind.IsPage() {
		return waitCondition{is: func(_ object.Target, p *relaccx.Page) (bool, error) { return p != nil, nil }}
	}
	return waitCondition{byName: true, is: func(t object.Target, _ *relaccx.Page) (bool, error) {
		_, err := os.Stat(t.Path)
		return err == nil, cured(err)
	}}
}

// isGone reports whether the name does not exist.
func isGone(t object.Target, _ *relaccx.Page) (bool, error) {
	_, err := os.Lstat(t.Path)
	return errors.Is(err, fs.ErrNotExist), cured(err)
}

// cured returns err, or nil when waiting may help.
func cured(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
