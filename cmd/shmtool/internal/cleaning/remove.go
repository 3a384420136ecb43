package cleaning

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// KeptError is an object that was free, and is no longer, or about which
// something changed.
type KeptError struct{ Object, Reason string }

// Error names the object and what keeps it.
func (e *KeptError) Error() string { return fmt.Sprintf("object %q stays: %s", e.Object, e.Reason) }

// Remove removes what is free, stream by stream, and reports each object with what
// came of it: nil, a *KeptError, or why the system refused. Only ctx ends it early.
//
// Everything is looked at again before a stream is touched. Between that look and
// the end of the last name somebody could still come and open an object. Where the
// system grants us a lease on each, nobody can: it is granted only while no one
// else in the whole system, whatever we see of him, has the object open or mapped;
// and from then on whoever opens it waits in open(2) until we close it, and we are
// told of him, whereupon all of the stream that is left stays. A name is moved aside
// first, so that he who comes behind finds none, and given back when somebody waits.
// What remains is a process that has looked the name up, and does not wait yet, at
// the moment when the name has gone: some instructions of the kernel. He gets what
// he would have got from MistServer's own end of a stream: a dead page without a
// name. The other objects of the stream then show that it has changed, and stay.
//
// A lease is for the owner's eyes, root's, and for tmpfs and most other file
// systems. Where there is none, a second look at who has the object takes its
// place, after its name has been moved aside: who has opened it before is seen
// then, and who comes behind finds nothing.
func (p *Plan) Remove(ctx context.Context, report func(o *Object, err error)) error {
	for _, g := range p.groups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.removeGroup(ctx, g, report); err != nil {
			return err
		}
	}
	return nil
}

// group is the free objects that are removed after one look: a stream's, or those
// that belong to none.
type group struct {
	claims []claim
	config bool                        // one of them is a configuration, which others of that base name use
	seen   map[string]relaccx.Identity // what there was near them
}

// mostClaims is how many objects a group has: each is an open file.
const mostClaims = 500

// claim is an object on its way out.
type claim struct {
	*Object
	open   *os.File // nil when it cannot be, or is done
	leased bool
	err    error // why it is not removed
}

// groups are the free objects in the order of removal.
func (p *Plan) groups() []*group {
	var all []*group
	for i := range p.Objects {
		o := &p.Objects[i]
		if !o.Free() {
			continue
		}
		if len(all) == 0 || !all[len(all)-1].takes(o) {
			all = append(all, &group{})
		}
		g := all[len(all)-1]
		g.claims = append(g.claims, claim{Object: o})
		g.config = g.config || o.Is.Kind == mist.KindConfig
	}
	return all
}

func (g *group) takes(o *Object) bool {
	first := g.claims[0].Object
	return len(g.claims) < mostClaims && first.Is.Stream == o.Is.Stream && first.file.sim == o.file.sim
}

// near reports whether the judgement of the group depends on a file.
func (p *Plan) near(g *group, f *file) bool {
	o := g.claims[0].Object
	switch {
	case o.file.sim != "":
		return p.options.wants(f)
	case f.sim != "":
		return false
	}
	return f.is.Stream == o.Is.Stream || g.config && mist.BaseName(f.is.Stream) == o.Is.Stream
}

func (p *Plan) removeGroup(ctx context.Context, g *group, report func(o *Object, err error)) error {
	now, err := p.options.look(func(f *file) bool { return p.near(g, f) })
	if err == nil {
		p.claim(g, now)
	}
	defer g.release()
	for i := range g.claims {
		c := &g.claims[i]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case err != nil:
			c.err = err
		case c.err == nil:
			c.err = p.take(g, c)
		}
		c.release()
		report(c.Object, c.err)
	}
	return nil
}

// claim judges the objects by the scan's last look and a new one, and keeps
// everybody off those that are still free. Where somebody has come meanwhile, all of
// them stay.
func (p *Plan) claim(g *group, now *survey) {
	g.seen = map[string]relaccx.Identity{}
	for _, f := range now.files {
		g.seen[f.name] = f.identity
	}
	again := map[string]*Object{}
	judged := newJudge(&p.options, p.last, now).all()
	for i := range judged {
		again[judged[i].Name] = &judged[i]
	}
	var come *claim
	for i := range g.claims {
		c := &g.claims[i]
		if c.err = c.unchanged(again[c.Name]); c.err == nil {
			c.err = c.seize(p.options.ShmDir)
		}
		if errors.Is(c.err, errOpened) {
			come = c
		}
	}
	for i := range g.claims {
		switch c := &g.claims[i]; {
		case errors.Is(c.err, errOpened):
			c.err = &KeptError{c.Name, justOpened(c)}
		case c.err == nil && come != nil:
			c.err = &KeptError{c.Name, justOpened(come)}
		}
	}
}

func justOpened(c *claim) string { return c.Name + " has just been opened by somebody" }

// unchanged is a *KeptError unless a second judgement is that the object is free.
func (c *claim) unchanged(again *Object) error {
	switch {
	case again == nil:
		return &KeptError{c.Name, "it is gone already"}
	case again.Identity != c.Identity:
		return &KeptError{c.Name, "it is another one now"}
	case !again.Free():
		return &KeptError{c.Name, again.Keep}
	}
	return nil
}

// errOpened: somebody else has the object.
var errOpened = errors.New("somebody has it open")

// seize opens the object, and leases it where that is possible.
func (c *claim) seize(dir string) error {
	f, err := c.file.open(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &KeptError{c.Name, "it is gone already"}
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &KeptError{c.Name, "somebody else is removing it"}
	case err != nil:
		return err
	}
	c.open = f
	if c.leased, err = lease(f); err != nil {
		return errOpened
	}
	if m, err := c.file.marked(f); err != nil || m != c.file.mark {
		return &KeptError{c.Name, "it has changed"}
	}
	return nil
}

// release lets those go on who wait for the object.
func (c *claim) release() {
	if c.open != nil {
		c.open.Close() // and with it the lease
		c.open = nil
	}
}

func (g *group) release() {
	for i := range g.claims {
		g.claims[i].release()
	}
}

// take takes away one object, unless somebody has come.
func (p *Plan) take(g *group, c *claim) error {
	if changed := p.changed(g); changed != "" {
		return &KeptError{c.Name, changed + " has just been made"}
	}
	for i := range g.claims {
		if other := &g.claims[i]; other.leased && other.open != nil && wanted(other.open) {
			return &KeptError{c.Name, justOpened(other)}
		}
	}
	return p.unlink(c.Object, c.open, c.leased)
}

// lease asks the system to hold everybody off. It is false where it cannot, and
// an error when somebody else has the file.
func lease(f *os.File) (bool, error) {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	if errors.Is(err, unix.EAGAIN) {
		return false, err
	}
	return err == nil, nil
}

// wanted reports whether somebody waits to open what we have leased.
func wanted(f *os.File) bool {
	kind, err := unix.FcntlInt(f.Fd(), unix.F_GETLEASE, 0)
	return err != nil || kind != unix.F_WRLCK
}

// changed names an object near the group that its look did not see.
func (p *Plan) changed(g *group) string {
	entries, err := os.ReadDir(p.options.ShmDir)
	if err != nil {
		return err.Error()
	}
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if !ok || !p.near(g, f) || !f.stat(p.options.ShmDir) {
			continue
		}
		if id, seen := g.seen[f.name]; !seen || id != f.identity {
			return f.name
		}
	}
	return ""
}

// unlink moves the name aside, looks once more, and removes it.
func (p *Plan) unlink(o *Object, f *os.File, leased bool) error {
	if leased && wanted(f) {
		return &KeptError{o.Name, "somebody has just opened it"}
	}
	path := filepath.Join(p.options.ShmDir, o.Name)
	aside := filepath.Join(p.options.ShmDir, hiddenPrefix+strings.TrimPrefix(o.Name, hiddenPrefix))
	if path == aside { // left by a clean that was killed
		return os.Remove(path)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, aside, unix.RENAME_NOREPLACE); err != nil {
		return &os.PathError{Op: "rename", Path: path, Err: err}
	}
	why := ""
	switch {
	case !p.same(aside, o):
		why = "it is another one now"
	case leased && wanted(f):
		why = "somebody has just opened it"
	case !leased:
		why = p.takenUp(o, f)
	}
	if why == "" {
		return os.Remove(aside)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, aside, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE); err != nil {
		return errors.Join(&KeptError{o.Name, why}, &os.PathError{Op: "rename", Path: aside, Err: err})
	}
	return &KeptError{o.Name, why}
}

func (p *Plan) same(path string, o *Object) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil && uint64(st.Dev) == o.Identity.Device && st.Ino == o.Identity.Inode
}

// takenUp says who has an object besides ourselves, without the help of a lease.
func (p *Plan) takenUp(o *Object, f *os.File) string {
	f.Close()
	hidden := *o.file
	hidden.name = hiddenPrefix + o.Name
	now, err := p.options.look(func(f *file) bool { return f.name == hidden.name })
	if err != nil {
		return bareText(err)
	}
	if held := now.holdings.Of(o.Identity, hidden.name); len(held) > 0 {
		return "it is mapped or open: " + processText(held[0])
	}
	return ""
}
