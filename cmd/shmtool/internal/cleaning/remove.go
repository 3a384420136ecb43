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
)

// KeptError is an object that was free, and is no longer, or about which
// something changed.
type KeptError struct{ Object, Reason string }

// Error names the object and what keeps it.
func (e *KeptError) Error() string { return fmt.Sprintf("object %q stays: %s", e.Object, e.Reason) }

// Remove removes what is free, one after the other, and reports each with what
// came of it: nil, a *KeptError, or why the system refused. Only ctx ends it
// early.
func (p *Plan) Remove(ctx context.Context, report func(o *Object, err error)) error {
	for i := range p.Objects {
		o := &p.Objects[i]
		if !o.Free() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		report(o, p.remove(o))
	}
	return nil
}

// remove looks at everything again, and takes away one object.
//
// Between the look and the end of the name somebody could still come and open
// the object. Where the system grants us a lease on it, nobody can: it is granted
// only while no one else in the whole system, whatever we see of him, has the
// object open or mapped; and from then on whoever opens it waits in open(2) until
// we close it, and we are told of him. The name is moved aside first, so that he
// who comes behind finds none, and given back when somebody waits. What remains
// is a process that has looked the name up, and does not wait yet, at the moment
// when the name has gone: some instructions of the kernel. He gets what he would
// have got from MistServer's own end of a stream: a dead page without a name. The
// other objects of the stream then show that it has changed, and stay.
//
// A lease is for the owner's eyes, root's, and for tmpfs and most other file
// systems. Where there is none, a second look at who has the object takes its
// place, after its name has been moved aside: who has opened it before is seen
// then, and who comes behind finds nothing.
func (p *Plan) remove(o *Object) error {
	now, err := p.options.look(p.near(o))
	if err != nil {
		return err
	}
	if err := p.again(o, now); err != nil {
		return err
	}
	f, err := o.file.open(p.options.ShmDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &KeptError{o.Name, "it is gone already"}
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &KeptError{o.Name, "somebody else is removing it"}
	case err != nil:
		return err
	}
	defer f.Close() // and with it the lease
	leased, err := lease(f)
	if err != nil {
		return &KeptError{o.Name, "somebody has it open"}
	}
	if m, err := o.file.marked(f); err != nil || m != o.file.mark {
		return &KeptError{o.Name, "it has changed"}
	}
	if changed := p.changed(o, now); changed != "" {
		return &KeptError{o.Name, "the stream is changing: " + changed + " has just been made"}
	}
	return p.unlink(o, f, leased)
}

// near is what the judgement of an object depends on.
func (p *Plan) near(o *Object) func(f *file) bool {
	return func(f *file) bool {
		switch {
		case o.file.sim != "":
			return p.options.wants(f)
		case o.Is.Stream == "":
			return f.is.Stream == "" && f.sim == ""
		case o.Is.Kind == mist.KindConfig:
			return f.sim == "" && mist.BaseName(f.is.Stream) == o.Is.Stream
		}
		return f.sim == "" && f.is.Stream == o.Is.Stream
	}
}

// again judges an object by the scan's last look and a new one.
func (p *Plan) again(o *Object, now *survey) error {
	for _, again := range newJudge(&p.options, p.last, now).all() {
		switch {
		case again.Name != o.Name:
		case again.Identity != o.Identity:
			return &KeptError{o.Name, "it is another one now"}
		case !again.Free():
			return &KeptError{o.Name, again.Keep}
		default:
			return nil
		}
	}
	return &KeptError{o.Name, "it is gone already"}
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

// changed names an object of the stream that a look did not see.
func (p *Plan) changed(o *Object, now *survey) string {
	entries, err := os.ReadDir(p.options.ShmDir)
	if err != nil {
		return err.Error()
	}
	near := p.near(o)
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if !ok || !near(f) || !f.stat(p.options.ShmDir) {
			continue
		}
		seen := false
		for _, known := range now.files {
			seen = seen || known.name == f.name && known.identity == f.identity
		}
		if !seen {
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
