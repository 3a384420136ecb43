package drill

import (
	"context"
	"fmt"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// processFaults are those of processes, locks and state.
var processFaults = []fault{
	{code: finding.InputLockOrphaned, stage: stageKillInput},
	{code: finding.InputUnsupervised, stage: stageKillAngel},
	{code: finding.StateStale, stage: stageKillBuffer},
	{code: finding.PullLockOrphaned, stage: stageKillPuller},
	{code: finding.ShortLockStuck, stage: stageKillHolder},
	{code: finding.ProcessStopped, adjust: keepIdle, stage: stageStopSource},
	{code: finding.NoInput, adjust: keepIdle, stage: stageLoseInput},
	{code: finding.WriterDead, adjust: keepIdle, stage: stageKillSource},
	{code: finding.ViewerDead, adjust: someViewer, stage: stageKillViewer},
	{code: finding.ReloadPending, adjust: dying(finding.ReloadPending), stage: stageDieReloading},
	{code: finding.PageNotReady, adjust: dying(finding.PageNotReady), stage: stageDieReloading},
	{code: finding.MetaReclaimed, adjust: crashing(finding.MetaReclaimed), stage: stageReclaim},
	{code: finding.ExitPending, adjust: crashing(finding.ExitPending), stage: stageDieClosing},
	{code: finding.SessionOrphaned, stage: stageKillSession},
	{code: finding.ControllerDead, stage: stageAbandonController},
	{code: finding.ControllerPageMissing, stage: stageRemoveController},
	{code: finding.UsersFull, stage: stageFillUsers},
	{code: finding.NamespaceMismatch, stage: stageJoinFromNamespace},
	{code: finding.VersionsMixed, stage: stageMixVersions},
	{code: finding.Waiting, stage: stageWaiting},
	{code: finding.StreamOffline, stage: stageOffline},
	{code: finding.DeletedMapping, stage: stageReplaceUsers},
	{code: finding.VoDPagePending, adjust: twoDataPages, stage: stageRequestPage},
}

// outlive lets a track outlive its source.
func outlive(o *simulate.Options) {
	keepIdle(o)
	o.Resume = true
}

// someViewer has a viewer that may die.
func someViewer(o *simulate.Options) { o.Viewers = max(o.Viewers, 1) }

// dying lets the first source die in what it does.
func dying(code string) func(*simulate.Options) {
	return func(o *simulate.Options) {
		outlive(o)
		o.Drill.Source = code
	}
}

// crashing lets the inputs do what one does that crashes.
func crashing(code string) func(*simulate.Options) {
	return func(o *simulate.Options) {
		keepIdle(o)
		o.Drill.Input = code
	}
}

// ended kills a process, and waits for its end.
func (d *drill) ended(ctx context.Context, c *simulate.Process) error {
	if err := c.Kill(); err != nil {
		return err
	}
	return d.await(ctx, func() bool { return !c.Running() })
}

func stageKillInput(ctx context.Context, d *drill) (string, error) {
	angel := d.input().Angel
	err := d.ended(ctx, angel)
	if err != nil {
		return "", err
	}
	buffer, err := d.KillBuffer(d.stream)
	return fmt.Sprintf("the input, process %d, and its buffer, process %d, were killed: the lock that the input takes for life stays taken", angel.PID, buffer), err
}

// stageLoseInput leaves what a development build of MistServer leaves when its buffer
// dies: the parent takes the lock, the state and its PID away, and ends.
func stageLoseInput(ctx context.Context, d *drill) (string, error) {
	did, err := stageKillInput(ctx, d)
	if err != nil {
		return did, err
	}
	for _, o := range []mist.Object{
		{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockInput, Stream: d.stream},
		{Kind: mist.KindState, Stream: d.stream},
		{Kind: mist.KindInputPID, Stream: d.stream},
	} {
		if err := d.remove(o.Name()); err != nil {
			return did, err
		}
	}
	return "the buffer was killed, and its input has taken lock, state and PID away and ended; the sources feed on", nil
}

func stageStopSource(ctx context.Context, d *drill) (string, error) {
	c, err := d.source()
	if err == nil {
		err = d.stop(ctx, c)
	}
	return fmt.Sprintf("source %d, process %d, was stopped (SIGSTOP); kill -CONT lets it go on", number(c), id(c)), err
}

func stageKillAngel(ctx context.Context, d *drill) (string, error) {
	angel := d.input().Angel
	err := d.ended(ctx, angel)
	return fmt.Sprintf("the input, process %d, was killed; its buffer, process %d, goes on alone", angel.PID, d.input().Buffer), err
}

func stageKillBuffer(ctx context.Context, d *drill) (string, error) {
	buffer, err := d.KillBuffer(d.stream)
	if err == nil {
		err = d.await(ctx, func() bool { return d.input().Crashed })
	}
	return fmt.Sprintf("the buffer, process %d, was killed; the input, process %d, does not start another one, and the state is what it was", buffer, d.input().Angel.PID), err
}

// actor starts a process that does what the drill's fault needs, and waits until
// it has.
func (d *drill) actor(ctx context.Context, change func(*simulate.Part)) (*simulate.Process, error) {
	p := d.Part(roleActor, d.stream)
	p.Fault = d.code
	if change != nil {
		change(&p)
	}
	c, err := d.Start(p)
	if err != nil {
		return nil, err
	}
	return c, d.await(ctx, func() bool { return c.Ready })
}

// ghost returns an actor that is killed when it has done it.
func (d *drill) ghost(ctx context.Context) (*simulate.Process, error) {
	c, err := d.actor(ctx, nil)
	if err == nil {
		err = d.ended(ctx, c)
	}
	return c, err
}

func stageKillPuller(ctx context.Context, d *drill) (string, error) {
	c, err := d.ghost(ctx)
	return fmt.Sprintf("process %d began to pull the stream, took the lock for that, and was killed", id(c)), err
}

// stageKillHolder lets a source wait for the lock that a dead process has taken.
func stageKillHolder(ctx context.Context, d *drill) (string, error) {
	c, err := d.ghost(ctx)
	if err != nil {
		return "", err
	}
	p := d.SourcePart(d.stream, d.Options().Tracks+1)
	p.Epoch = measure.Now()
	waiter, err := d.StartApart(p)
	if err != nil {
		return "", err
	}
	waiter.ExpectNothing() // while the lock is taken it never is ready
	err = d.await(ctx, func() bool {
		waiters, err := mistserver.Waiters(d.Place(), d.stream, mist.LockTracks)
		return err == nil && waiters > 0
	})
	return fmt.Sprintf("process %d took the lock of the tracks, and was killed with it in hand; process %d, a source that comes now, waits for it", id(c), waiter.PID), err
}

func stageKillSource(ctx context.Context, d *drill) (string, error) {
	c, err := d.source()
	if err != nil {
		return "", err
	}
	buffer, err := d.freeze(ctx)
	if err == nil {
		err = d.ended(ctx, c)
	}
	return fmt.Sprintf("the buffer, process %d, is stopped, and source %d, process %d, was killed: the buffer does not remove its track", buffer, number(c), id(c)), err
}

func stageKillViewer(ctx context.Context, d *drill) (string, error) {
	viewer := d.Viewers()[0]
	buffer, err := d.freeze(ctx)
	if err == nil {
		err = d.ended(ctx, viewer)
	}
	return fmt.Sprintf("the buffer, process %d, is stopped, and viewer %d, process %d, was killed: its slots are not freed. kill -CONT lets the buffer go on", buffer, viewer.Number, viewer.PID), err
}

func stageDieReloading(ctx context.Context, d *drill) (string, error) {
	c, err := d.tell()
	if err != nil {
		return "", err
	}
	c.ExpectEnd()
	if err = d.await(ctx, func() bool { return !c.Running() }); err == nil {
		err = d.pause(ctx, 4*simulate.LoopInterval)
	}
	where := "when it had told the readers to reload, and not yet made the new one"
	if d.code == finding.PageNotReady {
		where = "when the new one had the name, and was not filled yet"
	}
	return fmt.Sprintf("source %d, process %d, died while it made its page anew: %s", number(c), id(c), where), err
}

func stageReclaim(ctx context.Context, d *drill) (string, error) {
	buffer, err := d.KillBuffer(d.stream)
	if err == nil {
		err = d.await(ctx, func() bool { return d.input().Buffer != buffer })
	}
	return fmt.Sprintf("the buffer, process %d, was killed, and the input, process %d, has started another one, process %d, which took the pages that were there for its own", buffer, d.input().Angel.PID, d.input().Buffer), err
}

func stageDieClosing(ctx context.Context, d *drill) (string, error) {
	buffer := d.input().Buffer
	err := tellBuffer(buffer)
	if err == nil {
		err = d.await(ctx, func() bool { return d.input().Crashed })
	}
	if err == nil {
		err = d.await(ctx, func() bool {
			return allEnded(d.sources())
		})
	}
	return fmt.Sprintf("the buffer, process %d, was told to end the stream, told all to leave, removed the tracks, and died before it removed its page", buffer), err
}

func stageKillSession(ctx context.Context, d *drill) (string, error) {
	c, err := d.ghost(ctx)
	return fmt.Sprintf("process %d kept session %.12s… of a viewer, and was killed: its page and its lock are left", id(c), simulate.SessionID(d.ID())), err
}
