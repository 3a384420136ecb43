package simulate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
)

// loopInterval is how often the buffer looks at its stream.
const loopInterval = 250 * time.Millisecond

// angel holds the input's lock and has the buffer as its child. It ends when
// the stream has ended, or when it is told to; a buffer that crashes it only
// tells of.
func (p part) angel(ctx context.Context, r *reporter) error {
	input, err := mistserver.LockInput(p.place(), p.Stream, 0)
	if err != nil {
		return err
	}
	r.send(message{Kind: kindReady})
	child := p
	child.Role = roleBuffer
	cmd, ended, err := child.startBuffer()
	if err != nil {
		return errors.Join(err, input.Close())
	}
	if p.guard(ctx, r, cmd, ended) {
		err = input.SetState(mist.StateOff, 0)
	}
	return errors.Join(err, input.Close())
}

// startBuffer starts a buffer as a child of this process.
func (p part) startBuffer() (*exec.Cmd, <-chan error, error) {
	cmd, err := p.command(reportFile, lifelineFile)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return cmd, ended, nil
}

// guard waits until the buffer has ended and the angel may. It reports whether
// the buffer has ended well.
func (p part) guard(ctx context.Context, r *reporter, cmd *exec.Cmd, ended <-chan error) bool {
	select {
	case err := <-ended:
		if err == nil {
			return true
		}
		r.send(message{Kind: kindCrashed, PID: cmd.Process.Pid, Text: howEnded(cmd.ProcessState)})
		if p.restarts() {
			p.Role, p.Number = roleBuffer, restarted
			if again, ended, err := p.startBuffer(); err == nil {
				return p.guard(ctx, r, again, ended)
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

// buffer runs the stream's window until it is told to end, or the stream ends by
// itself.
func (p part) buffer(ctx context.Context, r *reporter) error {
	b, err := p.makeBuffer()
	if err != nil {
		return err
	}
	begin := p.toldToBegin()
	pid := syscall.Getpid()
	r.send(message{Kind: kindReady, PID: pid})
	second := every{interval: time.Second}
	for tick := time.Tick(loopInterval); ; {
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
			if p.Fault == finding.ExitPending {
				return dieClosing(b)
			}
			if err := p.hold(); err != nil {
				return fmt.Errorf("stream %q: %w", p.Stream, err)
			}
			continue
		case <-ctx.Done():
		}
		break
	}
	_ = mistserver.SetState(p.place(), p.Stream, mist.StateShutdown, 0) // without its angel the page may be gone
	return b.Close(context.Background())
}
