package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
)

// actor is a process that a drill needs besides those of its stream. It does what
// it is there for, and stays until it is ended: by the drill, as by a crash, or
// with all others.
func (p part) actor(ctx context.Context, r *reporter) (err error) {
	leave := func() error { return nil }
	count := 0
	switch p.Fault {
	case finding.PullLockOrphaned:
		err = mistserver.LockPull(p.place(), p.Stream)
	case finding.ShortLockStuck:
		err = mistserver.TakeLock(ctx, p.place(), p.Stream, mist.LockTracks)
	case finding.VersionsMixed:
		_, err = mistserver.OldLock(p.place(), p.Stream)
	case finding.SessionOrphaned:
		err = mistserver.StartSession(ctx, p.place(), sessionID(p.Simulation))
	case finding.UsersFull:
		var crowd *mistserver.Crowd
		if crowd, err = mistserver.FillUsers(ctx, p.place(), p.Stream, victim); err == nil {
			leave, count = crowd.Leave, crowd.Taken()
		}
	case finding.VoDPagePending, finding.ViewerBehind:
		leave, err = mistserver.Request(ctx, p.place(), p.Stream, victim, p.Key)
	default:
		err = fmt.Errorf("an actor does nothing for %s", p.Fault)
	}
	if err != nil {
		return err
	}
	r.send(message{Kind: kindReady, Count: count})
	<-ctx.Done()
	return leave()
}

// suicide ends this process as a crash does. It does not come back.
func suicide() error {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {}
}

// die ends a source inside a reload of its page, once it is told to.
func (m *misfeed) die(t *mistserver.Track) error {
	if m == nil || !m.begun || m.code != finding.ReloadPending && m.code != finding.PageNotReady {
		return nil
	}
	if err := t.BeginReload(m.code == finding.PageNotReady); err != nil {
		return err
	}
	return suicide()
}

// makeBuffer starts on new pages, or on those of one that has crashed.
func (p part) makeBuffer() (*mistserver.Buffer, error) {
	if p.Number == restarted {
		return mistserver.ReclaimBuffer(p.place(), p.Stream, p.Settings)
	}
	return mistserver.StartBuffer(p.place(), p.Stream, p.Settings)
}

// restarted is the number of a buffer that is not its stream's first.
const restarted = 2

// restarts reports whether the angel starts a buffer after one that has crashed,
// as MistServer's does; ours does it in that drill alone, once.
func (p part) restarts() bool { return p.Fault == finding.MetaReclaimed && p.Number != restarted }

// toldToBegin hears when a buffer is to begin with what it does wrong; it is nil where
// that is nothing.
func (p part) toldToBegin() <-chan os.Signal {
	if p.Fault != finding.ExitPending && p.Fault != finding.TriggerRunning {
		return nil
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, beginSignal)
	return told
}

// tellBuffer tells a buffer to begin with what it does wrong.
func tellBuffer(pid int) error { return syscall.Kill(pid, beginSignal) }

// dieClosing ends a buffer between the exit bit of its page and the removal.
func dieClosing(b *mistserver.Buffer) error {
	if err := b.BeginClose(context.Background()); err != nil {
		return err
	}
	return suicide()
}

// isolate gives a process a PID namespace of its own where its part is to have
// one; who is not root gets one of users as well, without which there is none.
func (p part) isolate(cmd *exec.Cmd) {
	if p.Fault != finding.NamespaceMismatch {
		return
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	if uid := os.Geteuid(); uid != 0 {
		gid := os.Getegid()
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
}

// sessionID returns the session that a simulation's drill leaves behind, so that it is
// known to be its.
func sessionID(simulation string) string {
	sum := sha256.Sum256([]byte(simulatedSession + simulation))
	return hex.EncodeToString(sum[:])
}

const simulatedSession = "shmtool simulate "

func (m *Manifest) sessionID() string { return sessionID(m.ID) }

// removeSession removes what there is of a session.
func removeSession(dir, id string) error {
	var errs []error
	page, lock := mistserver.SessionObjects(id)
	for _, o := range []mist.Object{page, lock} {
		if err := os.Remove(filepath.Join(dir, o.Name())); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
