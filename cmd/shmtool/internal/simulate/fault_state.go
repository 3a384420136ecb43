package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
)

// controls reports that the controller's pages are this simulation's.
func (d *drill) controls() error {
	if d.s.control == nil {
		return errors.New("the controller here is a MistServer's, which no drill touches; --shm-dir names another place")
	}
	return nil
}

func stageAbandonController(_ context.Context, d *drill) (string, error) {
	if err := d.controls(); err != nil {
		return "", err
	}
	mine, err := d.s.control.Abandon()
	if err == nil && !mine {
		err = errors.New("another simulation is the controller here; --shm-dir names another place")
	}
	return fmt.Sprintf("process %d, which was the controller, has let go of MstGlobalConfig as its death does: no MistController lives", os.Getpid()), err
}

func stageRemoveController(_ context.Context, d *drill) (string, error) {
	if err := d.controls(); err != nil {
		return "", err
	}
	name := mist.Object{Kind: mist.KindGlobal}.Name()
	return name + " was removed by hand: a process that starts now waits for it for ten seconds", d.remove(name)
}

func stageFillUsers(ctx context.Context, d *drill) (string, error) {
	c, err := d.actor(ctx, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("process %d has taken all of the %d slots that were free", c.pid, c.tracks), nil
}

// stageJoinFromNamespace starts a viewer that sees itself as process 1.
func stageJoinFromNamespace(ctx context.Context, d *drill) (string, error) {
	c, err := d.viewer(ctx, finding.NamespaceMismatch)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return "", fmt.Errorf("the kernel refuses a PID namespace to this user (%w): run the drill as root, or where users may have namespaces of their own", err)
	}
	return fmt.Sprintf("viewer %d, process %d, runs in a PID namespace of its own, as in a container that shares the memory alone: it calls itself process 1", c.number(), c.id()), err
}

// viewer starts one viewer more.
func (d *drill) viewer(ctx context.Context, fault string) (*process, error) {
	p := d.s.part(roleViewer, d.stream)
	p.Number, p.Viewers, p.Fault = len(d.s.viewers)+1, 1, fault
	c, err := d.s.start(p)
	if err != nil {
		return nil, err
	}
	d.s.viewers = append(d.s.viewers, c)
	return c, d.await(ctx, func() bool { return c.ready })
}

func stageMixVersions(ctx context.Context, d *drill) (string, error) {
	c, err := d.actor(ctx, nil)
	o := mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockUsers, Stream: d.stream, Old: true}
	return fmt.Sprintf("process %d uses %s, as a MistServer before 3.8 calls the lock of the users: it and the others do not keep each other out", c.id(), o.Name()), err
}

// stageWaiting: wait is what the buffer's state is while a process that the configuration
// asks for does not run. Ours writes the state only when it changes.
func stageWaiting(_ context.Context, d *drill) (string, error) {
	err := mistserver.SetState(d.place(), d.stream, mist.StateWait, 255)
	return "the state is wait, as if a process that the configuration asks for did not come up; all sources send", err
}

func stageReplaceUsers(ctx context.Context, d *drill) (string, error) {
	name, err := mistserver.ReplaceUsers(d.place(), d.stream)
	if err != nil {
		return "", err
	}
	c, err := d.viewer(ctx, "")
	return fmt.Sprintf("%s was replaced by a copy, and no process was told: all that had it in memory go on with the old one, and viewer %d, process %d, which has come since, is in the new one, where the buffer does not see it", name, c.number(), c.id()), err
}

// stageRequestPage lets the input of a file hang before it has read what a viewer
// waits for.
func stageRequestPage(ctx context.Context, d *drill) (string, error) {
	buffer, err := d.freeze(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range d.s.sources {
		if c.Stream == d.stream {
			err = errors.Join(err, d.stop(ctx, c))
		}
	}
	if err != nil {
		return "", err
	}
	key, err := mistserver.Unload(d.place(), d.stream, victim)
	if err != nil {
		return "", err
	}
	c, err := d.actor(ctx, func(p *part) { p.Key = key })
	return fmt.Sprintf("the stream was made one of a file, and its input hangs: process %d and the sources are stopped. Viewer process %d waits for key %d of track %d, which is not in memory", buffer, c.id(), key, victim), err
}
