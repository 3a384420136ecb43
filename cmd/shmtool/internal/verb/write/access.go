package write

import (
	"errors"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// access says how a command gets at the page that it writes.
type access struct {
	*world.World
	lockTimeout time.Duration // --lock-timeout
	force       bool          // --force
}

func accessOf(c *cli.Call) access {
	return access{World: c.World, lockTimeout: c.Duration("lock-timeout"), force: c.Bool("force")}
}

// accessFlags returns the flags of all commands that write an existing page.
func accessFlags(forceUsage string) []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "wait `D` for another writer to finish"},
		&cli.BoolFlag{Name: "force", Usage: forceUsage},
	}
}

const (
	forceOwner  = "write an object that MistServer uses, or another user's object"
	forceWrites = "use --force to write it anyway"
)

// open opens a page for writing, and takes its lock. It refuses a page that
// MistServer uses.
func (a access) open(t object.Target) (*relaccx.Writer, error) {
	if t.Stdin {
		return nil, fail.Hinted(fail.Usagef("cannot write to standard input"), "name a page")
	}
	if err := t.Plain(); err != nil {
		return nil, err
	}
	writable := a.writable
	if a.force {
		writable = a.writableByAnyone
	}
	t, o, err := writable(t)
	if err != nil {
		return nil, err
	}
	if err := a.refuseOld(t); err != nil {
		return nil, err
	}
	if err := a.refuseOwned(t); err != nil {
		return nil, err
	}
	w, err := a.lock(func(timeout time.Duration) (*relaccx.Writer, error) {
		o.LockTimeout, o.Rules = timeout, t.NamedInfo()
		return relaccx.OpenWriter(t.Path, o)
	})
	if errors.Is(err, relaccx.ErrNotReady) {
		err = fail.Hinted(err, "use create --force to make a page of this empty object")
	}
	return w, object.Explain(a.World, t, anothers(err, forceWrites))
}

// lockPatience is how long to wait for a lock at a time, and so how late an interrupt
// is seen.
const lockPatience = 100 * time.Millisecond

// lock opens what needs the writer's lock. It waits for the lock until --lock-timeout
// is over, or a signal comes.
func (a access) lock(open func(timeout time.Duration) (*relaccx.Writer, error)) (*relaccx.Writer, error) {
	deadline := time.Now().Add(a.lockTimeout)
	for {
		w, err := open(max(0, min(lockPatience, time.Until(deadline))))
		if !errors.Is(err, relaccx.ErrLocked) || !time.Now().Before(deadline) || a.Stopped() {
			return w, err
		}
	}
}

// refuseOld refuses a page of MistServer before 2.14, also with --force: a counter would
// be written over its fields.
func (a access) refuseOld(t object.Target) error {
	p, err := object.Open(a.World, t)
	if err == nil {
		err = p.Close()
	}
	if errors.Is(err, mist.ErrOldPage) {
		return err
	}
	return nil // who opens it for writing says what else is wrong
}

// refuseOwned refuses an object that a live MistServer process writes, unless --force
// is given.
func (a access) refuseOwned(t object.Target) error {
	if a.force {
		return nil
	}
	owner, ok := a.Procs().Keeper(t.Path)
	switch {
	case !ok, owner.Life == procs.Dead, owner.Why == procs.NotSaved:
		return nil
	case owner.Life == procs.Alive:
		return t.OnPage(fail.Hinted(fail.Refusef("in use by %s (PID %d)", mist.EscapeName(owner.Process.Name), owner.Process.PID), forceWrites))
	case owner.PID != 0:
		return t.OnPage(fail.Hinted(fail.Refusef("may be in use by process %d: %s", owner.PID, owner.Why), forceWrites))
	}
	return t.OnPage(fail.Hinted(fail.Refusef("may be in use: %s", owner.Why), forceWrites))
}

// anothers returns an *OwnerError as a refusal with a hint, and any other error as it
// is.
func anothers(err error, hint string) error {
	var owner *relaccx.OwnerError
	if !errors.As(err, &owner) {
		return err
	}
	return fail.Hinted(fail.Refusef("it belongs to %s, and you are %s", userName(owner.UID), userName(os.Geteuid())), hint)
}

// replacedMeanwhile returns err, or the error of a command that wrote a page which has
// lost its name: readers no longer find what was written.
func replacedMeanwhile(w *relaccx.Writer, err error) error {
	if err == nil && w.Page().Replaced() {
		return fail.Hinted(relaccx.ErrReplaced, "look at the new page, and run the command again")
	}
	return err
}

// edit opens the page of t for writing, calls change, and closes the page.
func (a access) edit(t object.Target, change func(w *relaccx.Writer) error) error {
	w, err := a.open(t)
	if err != nil {
		return err
	}
	return errors.Join(change(w), w.Close())
}
