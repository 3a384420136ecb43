package simulate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
)

// LoopInterval is how often the buffer looks at its stream.
const LoopInterval = 250 * time.Millisecond

// angel holds the input's lock and has the buffer as its child. It ends when
// the stream has ended, or when it is told to; a buffer that crashes it only
// tells of, unless its quirk is that it restarts it.
func (p Part) angel(ctx context.Context, r *reporter, q Quirk) error {
	input, err := mistserver.LockInput(p.Place(), p.Stream, 0)
	if err != nil {
		return err
	}
	r.send(message{Kind: kindReady})
	child := p
	child.Role = RoleBuffer
	cmd, ended, err := child.startBuffer()
	if err != nil {
		return errors.Join(err, input.Close())
	}
	if p.guard(ctx, r, q, cmd, ended) {
		err = input.SetState(mist.StateOff, 0)
	}
	return errors.Join(err, input.Close())
}

// startBuffer starts a buffer as a child of this process.
func (p Part) startBuffer() (*exec.Cmd, <-chan error, error) {
	cmd, err := p.StartChild()
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return cmd, ended, nil
}

// guard waits until the buffer has ended and the angel may. It reports whether
// the buffer has ended well.
func (p Part) guard(ctx context.Context, r *reporter, q Quirk, cmd *exec.Cmd, ended <-chan error) bool {
	select {
	case err := <-ended:
		if err == nil {
			return true
		}
		r.send(message{Kind: kindCrashed, PID: cmd.Process.Pid, Text: howEnded(cmd.ProcessState)})
		if q.Restarts && p.Number != restarted {
			p.Role, p.Number = RoleBuffer, restarted
			if again, ended, err := p.startBuffer(); err == nil {
				return p.guard(ctx, r, q, again, ended)
			}
		}
		<-ctx.Done()
		return false
	case <-ctx.Done():
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may be dead already
	select {
	case err := <-ended:
		return err == nil
	case <-time.After(killAfter):
		_ = cmd.Process.Kill()
		<-ended
		return false
	}
}

// killAfter is how long a process that is told to end has for it.
const killAfter = 5 * time.Second

// restarted is the number of a buffer that is not its stream's first.
const restarted = 2

// makeBuffer starts on new pages, or on those of one that has crashed.
func (p Part) makeBuffer() (*mistserver.Buffer, error) {
	if p.Number == restarted {
		return mistserver.ReclaimBuffer(p.Place(), p.Stream, p.Settings)
	}
	return mistserver.StartBuffer(p.Place(), p.Stream, p.Settings)
}

// buffer runs the stream's window until it is told to end, or the stream ends by
// itself.
func (p Part) buffer(ctx context.Context, r *reporter, q Quirk) error {
	b, err := p.makeBuffer()
	if err != nil {
		return err
	}
	begin := q.toldToBegin()
	pid := syscall.Getpid()
	r.send(message{Kind: kindReady, PID: pid})
	second := every{interval: time.Second}
	for tick := time.Tick(LoopInterval); ; {
		report, err := b.Loop()
		if err != nil {
			return fmt.Errorf("stream %q: %w", p.Stream, err)
		}
		switch {
		case report.Ended != "" || len(report.Dead) > 0 || len(report.Removed) > 0 || report.KeysCut > 0:
			r.send(message{Kind: kindLoop, PID: pid, Loop: &report})
		case second.due():
			r.send(message{Kind: kindProgress, PID: pid, Loop: &report})
		}
		if report.Ended != "" {
			break
		}
		select {
		case <-tick:
			continue
		case <-begin:
			if err := q.Begin(b); err != nil {
				return fmt.Errorf("stream %q: %w", p.Stream, err)
			}
			continue
		case <-ctx.Done():
		}
		break
	}
	_ = mistserver.SetState(p.Place(), p.Stream, mist.StateShutdown, 0) // without its angel the page may be gone
	return b.Close(context.Background())
}
