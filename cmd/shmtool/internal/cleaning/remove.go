package cleaning

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
)

// KeptError is an object that was free, and is no longer, or about which
// something changed.
type KeptError struct{ Object, Reason string }

// Error names the object and what keeps it.
func (e *KeptError) Error() string { return fmt.Sprintf("object %q stays: %s", e.Object, e.Reason) }

// Gone reports whether another process has removed the object meanwhile.
func (e *KeptError) Gone() bool { return e.Reason == isGone }

// Remove removes what is free, and reports each object with what came of it: nil, a
// *KeptError, or why the system refused. Only ctx ends it early.
//
// A dead stream goes as a whole or stays as a whole. Several streams are removed
// together, in these steps:
//
//  1. Each object is opened, locked and leased (lease). From then on, a process that
//     opens it for writing, as all of MistServer's do, waits in open(2), and clean is
//     told of it.
//  2. Everything is looked at and judged again. Nothing of a stream goes when one of
//     its objects is no longer free.
//  3. Each object is renamed to ".cleaning-NAME", in the order of
//     mist.CompareRemoval: MstMeta first, the locks last.
//  4. When a process waits for an object by now, or when a new object of the stream has
//     been made, all of the stream is given its names back, MstMeta last.
//  5. Else all of it is removed.
//
// A clean that is killed in between leaves no stream that an input could take up by
// half: MstMeta has no name from the first moment on. The next clean removes what
// is called ".cleaning-NAME", and what is left of the stream.
//
// If the system gives no lease, a look at the processes after step 3 takes its place:
// it sees a process that has opened an object before, and one that comes later finds
// none.
func (p *Plan) Remove(ctx context.Context, report func(o *Object, err error)) error {
	var until time.Time // when it no longer waits for another clean
	for _, b := range p.batches() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.run()
		for _, u := range b.units {
			u.awaitOther(ctx, p.options.ShmDir, &until)
		}
		for _, u := range b.units {
			for i := range u.claims {
				report(u.claims[i].Object, u.claims[i].err)
			}
		}
	}
	return nil
}

// unit is free objects that belong together.
type unit struct {
	claims []claim
	whole  bool // a dead stream
	alone  bool // each object for itself: what others make beside them says nothing
}

// claim is an object on its way out.
type claim struct {
	*Object
	open   *os.File // nil when it cannot be, or is done
	leased bool
	aside  bool  // it has its other name
	err    error // why it is not removed
}

// batch is units that are removed after one look at the processes.
type batch struct {
	plan  *Plan
	units []*unit
	seen  *survey
	names map[string]bool // of what the look saw
}

// mostClaims is how many objects a batch has, unless one stream has more: each is an
// open file. The last objects of a larger stream, tracks and data, are looked at
// without a lease.
const mostClaims = 500

// batches returns the free objects in the order of removal. Objects of no stream, and
// configurations, are looked at once more when all streams are done.
func (p *Plan) batches() []*batch {
	var all []*batch
	var last *unit
	stage := 0
	for i := range p.Objects {
		o := &p.Objects[i]
		if !o.Free() {
			continue
		}
		if last == nil || !last.takes(o) {
			last = &unit{whole: o.file.ofWhole() && o.Whole, alone: o.file.hidden || o.file.ofWhole() && !o.Whole}
			if n := len(all); n == 0 || o.file.stage() != stage || all[n-1].size() >= mostClaims {
				all = append(all, &batch{plan: p})
			}
			stage = o.file.stage()
			b := all[len(all)-1]
			b.units = append(b.units, last)
		}
		last.claims = append(last.claims, claim{Object: o})
	}
	return all
}

// stage returns the turn of an object: what was left aside, streams, everything else.
func (f *file) stage() int {
	switch {
	case f.hidden:
		return 0
	case f.ofWhole():
		return 1
	}
	return 2
}

func (u *unit) takes(o *Object) bool {
	first := u.claims[0].Object
	a, b := first.file, o.file
	if a.sim != b.sim || a.hidden != b.hidden || a.ofWhole() != b.ofWhole() || first.Is.Stream != o.Is.Stream {
		return false
	}
	return u.whole || len(u.claims) < mostClaims
}

func (b *batch) size() int {
	n := 0
	for _, u := range b.units {
		n += len(u.claims)
	}
	return n
}

// each runs fn on every claim that is still to be removed.
func (b *batch) each(fn func(u *unit, c *claim)) {
	for _, u := range b.units {
		for i := range u.claims {
			if c := &u.claims[i]; c.err == nil {
				fn(u, c)
			}
		}
	}
}

func (b *batch) run() {
	defer b.release()
	b.prepare()
	b.finish()
}

// prepare does everything up to where the objects have their other names.
func (b *batch) prepare() {
	open := 0
	for _, u := range b.units {
		open += u.seize(b.plan.options.ShmDir, open)
	}
	b.judge()
	for _, u := range b.units {
		u.settle()
	}
	b.each(func(_ *unit, c *claim) { c.err = c.moveAside(b.plan.options.ShmDir) })
}

func (b *batch) release() {
	for _, u := range b.units {
		u.release()
	}
}

func (u *unit) release() {
	for i := range u.claims {
		u.claims[i].release()
	}
}

// release lets those go on who wait for the object.
func (c *claim) release() {
	if c.open != nil {
		c.open.Close() // and with it the lease and the lock
		c.open = nil
	}
}

// near reports whether the judgement of the batch depends on a file.
func (b *batch) near(f *file) bool {
	for _, u := range b.units {
		if b.plan.near(u, f) {
			return true
		}
	}
	return false
}

func (p *Plan) near(u *unit, f *file) bool {
	o := u.claims[0].Object
	switch {
	case o.file.sim != "":
		return p.options.wants(f)
	case f.sim != "":
		return false
	case o.Is.Kind == mist.KindConfig:
		return mist.BaseName(f.is.Stream) == o.Is.Stream
	}
	return f.is.Stream == o.Is.Stream
}

// judge looks again, and judges by the scan's last look and the new one.
func (b *batch) judge() {
	now, err := b.plan.options.look(b.near)
	if err != nil {
		b.each(func(_ *unit, c *claim) { c.err = err })
		return
	}
	now.self = true
	b.seen, b.names = now, map[string]bool{}
	for _, f := range now.files {
		b.names[f.name] = true
	}
	again := map[string]*Object{}
	judged := newJudge(&b.plan.options, b.plan.last, now).all()
	for i := range judged {
		again[judged[i].Name] = &judged[i]
	}
	b.each(func(_ *unit, c *claim) { c.err = c.unchanged(again[c.Name]) })
}

// unchanged returns a *KeptError unless a second judgement is that the object is free.
func (c *claim) unchanged(again *Object) error {
	switch {
	case again == nil:
		return &KeptError{c.Name, isGone}
	case again.Identity != c.Identity:
		return &KeptError{c.Name, "it is another one now"}
	case !again.Free():
		return &KeptError{c.Name, again.Keep}
	}
	return nil
}

// settle keeps all of a stream when one object of it stays.
func (u *unit) settle() {
	if !u.whole {
		return
	}
	for i := range u.claims {
		if err := u.claims[i].err; err != nil {
			u.keep(err)
			return
		}
	}
}

// keep gives all objects that have no error of their own the reason of another one.
func (u *unit) keep(because error) {
	var kept *KeptError
	if !errors.As(because, &kept) {
		kept = &KeptError{"", cause.Of(because).Error()}
	}
	for i := range u.claims {
		c := &u.claims[i]
		switch {
		case c.err != nil:
		case u.whole && c.Name != kept.Object && kept.Object != "":
			c.err = &KeptError{c.Name, "the stream goes as a whole, and " + kept.Object + " stays: " + kept.Reason}
		default:
			c.err = &KeptError{c.Name, kept.Reason}
		}
	}
}

// seize opens the object, takes its lock, which keeps another clean and shmtool's
// writers off, and leases it where that is possible.
func (c *claim) seize(dir string, hold bool) error {
	f, err := c.file.open(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &KeptError{c.Name, isGone}
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &KeptError{c.Name, isRemoved}
	case err != nil:
		return err
	}
	if !hold {
		return f.Close()
	}
	c.open = f
	if c.file.sim != "" { // its lock says whether the simulation runs
		return nil
	}
	switch err := kernel.Flock(f, kernel.Exclusive|kernel.NoWait); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &KeptError{c.Name, isLocked}
	case kernel.Broken(err):
		return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	if c.leased, err = lease(f); err != nil {
		return &KeptError{c.Name, justOpened(c.Name)}
	}
	return nil
}

// Why an object stays: it is no longer there, or another process has it.
const (
	isGone    = "it is gone already"
	isLocked  = "another shmtool has its lock"
	isRemoved = "another process is removing it"
)

func justOpened(name string) string { return name + " has just been opened by another process" }

// moveAside gives an object its other name. One that has it already keeps it.
func (c *claim) moveAside(dir string) error {
	if c.file.hidden {
		c.aside = true
		return nil
	}
	path, aside := c.paths(dir)
	err := kernel.RenameNew(path, aside)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return &KeptError{c.Name, isGone}
	case errors.Is(err, syscall.EEXIST):
		return &KeptError{c.Name, filepath.Base(aside) + " is in the way: clean again"}
	case err != nil:
		return &os.PathError{Op: "rename", Path: path, Err: err}
	}
	c.aside = true
	return nil
}

func (c *claim) paths(dir string) (path, aside string) {
	return filepath.Join(dir, c.Name), filepath.Join(dir, hiddenPrefix+c.Name)
}
