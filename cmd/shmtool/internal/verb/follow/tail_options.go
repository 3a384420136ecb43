package follow

import (
	"math"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/relaccx"
)

// waitTime is how long to wait for a page that does not exist or is not ready.
type waitTime = time.Duration

const (
	noWait  waitTime = 0
	forever waitTime = math.MaxInt64
)

// parseWait returns the value of --wait.
func parseWait(text string) (waitTime, error) {
	switch text {
	case "":
		return noWait, nil
	case "forever":
		return forever, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return noWait, fail.Invalid("--wait", text, "a duration such as 10s, or forever")
	}
	return d, nil
}

// parseStart returns where --from begins, or --lines when --from was not given.
func parseStart(from string, lines uint64) (relaccx.Start, error) {
	switch from {
	case "":
		return relaccx.FromNewest(lines), nil
	case "first":
		return relaccx.FromOldest(), nil
	case "new":
		return relaccx.FromNewest(0), nil
	}
	n, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return relaccx.Start{}, fail.Invalid("--from", from, "a record number, first, or new")
	}
	return relaccx.FromNumber(n), nil
}

// deltaOf says to which record before --delta tells the time.
type deltaOf int

const (
	noDelta    deltaOf = iota
	sincePrint         // the last one that was printed
	sinceAny           // the last one, printed or not: --where uses #delta
)

func deltaFor(c *cli.Call) deltaOf {
	switch {
	case !c.Bool("delta"):
		return noDelta
	case c.Out.Predicate != nil && c.Out.Predicate.Mentions(out.DeltaKey):
		return sinceAny
	}
	return sincePrint
}

// followOptions returns the options to follow the page of a target with.
func (o *tailOptions) followOptions(t object.Target) relaccx.FollowOptions {
	f := relaccx.FollowOptions{
		Start: o.start, Nested: t.Steps, Rules: t.Info(), ByFields: true,
		Poll: o.Poll, Spin: o.spin, Appear: o.appear,
	}
	if o.behind != nil {
		f.Behind = *o.behind
	} else if info := t.NestedInfo(); info != nil {
		f.Behind = info.Behind
	}
	if o.appear == noWait && inTheMaking(t.Path) {
		f.Appear = forever // the page will be ready, which is what -f waits for
	}
	return f
}

// inTheMaking reports whether there is a page that its writer has not finished.
func inTheMaking(path string) bool {
	p, err := relaccx.Open(path)
	if err != nil {
		return false
	}
	defer p.Close()
	h, err := p.Header()
	return err == nil && h.Status.Known() && !h.Status.Ready()
}
