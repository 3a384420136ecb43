package drill

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// The parts that only drills have.
const (
	roleActor   simulate.Role = "actor"   // does what its fault needs, and stays until it is killed
	roleHandler simulate.Role = "handler" // plays a trigger's handler, a child of the buffer
)

// Quirk returns what a part does otherwise because of its fault.
func Quirk(p simulate.Part) simulate.Quirk {
	if p.Fault == "" {
		return simulate.Quirk{}
	}
	switch p.Role {
	case roleActor:
		return simulate.Quirk{Run: func(ctx context.Context, ready func(int)) error { return act(ctx, p, ready) }}
	case roleHandler:
		return simulate.Quirk{Run: func(ctx context.Context, _ func(int)) error { return handle(ctx, os.Stdin) }}
	case simulate.RoleSource:
		return spoiledSource(p.Fault)
	case simulate.RoleAngel:
		return simulate.Quirk{Restarts: p.Fault == finding.MetaReclaimed}
	case simulate.RoleBuffer:
		return spoiledBuffer(p)
	}
	return simulate.Quirk{}
}

// act does what an actor is there for, and stays until it is ended: by the drill, as by
// a crash, or with all others.
func act(ctx context.Context, p simulate.Part, ready func(count int)) (err error) {
	leave := func() error { return nil }
	count := 0
	switch p.Fault {
	case finding.PullLockOrphaned:
		err = mistserver.LockPull(p.Place(), p.Stream)
	case finding.ShortLockStuck:
		err = mistserver.TakeLock(ctx, p.Place(), p.Stream, mist.LockTracks)
	case finding.VersionsMixed:
		_, err = mistserver.OldLock(p.Place(), p.Stream)
	case finding.SessionOrphaned:
		err = mistserver.StartSession(ctx, p.Place(), simulate.SessionID(p.Simulation))
	case finding.UsersFull:
		var crowd *mistserver.Crowd
		if crowd, err = mistserver.FillUsers(ctx, p.Place(), p.Stream, victim); err == nil {
			leave, count = crowd.Leave, crowd.Taken()
		}
	case finding.VoDPagePending, finding.ViewerBehind:
		leave, err = mistserver.Request(ctx, p.Place(), p.Stream, victim, p.Key)
	default:
		err = fmt.Errorf("an actor does nothing for %s", p.Fault)
	}
	if err != nil {
		return err
	}
	ready(count)
	<-ctx.Done()
	return leave()
}

// spoiledBuffer returns what a buffer does once it is told to begin with it.
func spoiledBuffer(p simulate.Part) (q simulate.Quirk) {
	switch p.Fault {
	case finding.ExitPending:
		q.Begin = dieClosing
	case finding.TriggerRunning:
		q.Begin = func(*mistserver.Buffer) error { return hold(p) }
	}
	return q
}

// tellBuffer tells a buffer to begin with what it does wrong.
func tellBuffer(pid int) error { return kernel.Kill(pid, simulate.BeginSignal) }

// dieClosing ends a buffer between the exit bit of its page and the removal.
func dieClosing(b *mistserver.Buffer) error {
	if err := b.BeginClose(context.Background()); err != nil {
		return err
	}
	return suicide()
}

// suicide ends this process as a crash does. It does not come back.
func suicide() error {
	if err := kernel.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {}
}
