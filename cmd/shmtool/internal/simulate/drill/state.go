package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// controls reports that the controller's pages are this simulation's.
func (d *drill) controls() error {
	if d.Controller() == nil {
		return errors.New("the controller here is a MistServer's, which no drill touches; --shm-dir names another place")
	}
	return nil
}

func stageAbandonController(_ context.Context, d *drill) (string, error) {
	if err := d.controls(); err != nil {
		return "", err
	}
	mine, err := d.Controller().Abandon()
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
	return fmt.Sprintf("process %d has taken all of the %d slots that were free", c.PID, c.Count), nil
}

// stageJoinFromNamespace starts a viewer that sees itself as process 1.
func stageJoinFromNamespace(ctx context.Context, d *drill) (string, error) {
	c, err := d.viewer(ctx, kernel.OwnPIDs)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return "", fmt.Errorf("the kernel refuses a PID namespace to this user (%w): run the drill as root, or where users may have namespaces of their own", err)
	}
	return fmt.Sprintf("viewer %d, process %d, runs in a PID namespace of its own, as in a container that shares the memory alone: it calls itself process 1", number(c), id(c)), err
}

// viewer starts one viewer more.
func (d *drill) viewer(ctx context.Context, prepare ...func(*exec.Cmd) error) (*simulate.Process, error) {
	p := d.Part(simulate.RoleViewer, d.stream)
	p.Number, p.Viewers = len(d.Viewers())+1, 1
	c, err := d.Start(p, prepare...)
	if err != nil {
		return nil, err
	}
	return c, d.await(ctx, func() bool { return c.Ready })
}

func stageMixVersions(ctx context.Context, d *drill) (string, error) {
	c, err := d.actor(ctx, nil)
	o := mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockUsers, Stream: d.stream, Old: true}
	return fmt.Sprintf("process %d uses %s, as a MistServer before 3.8 calls the lock of the users: it and the others do not keep each other out", id(c), o.Name()), err
}

// stageWaiting: wait is what the buffer's state is while a process that the configuration
// asks for does not run. Ours writes the state only when it changes.
func stageWaiting(_ context.Context, d *drill) (string, error) {
	err := mistserver.SetState(d.Place(), d.stream, mist.StateWait, 255)
	return "the state is wait, as if a process that the configuration asks for did not come up; all sources send", err
}

// offlineSize is that of the state of a stream that a fork of MistServer sets offline.
const offlineSize = 16

// stageOffline leaves of the stream what the fork FrameWorks leaves of one that it sets
// offline: its configuration, and the state.
func stageOffline(ctx context.Context, d *drill) (string, error) {
	d.killAll()
	if err := d.await(ctx, func() bool { return allEnded(d.parts()) }); err != nil {
		return "", err
	}
	objects, err := mistserver.Objects(d.Place(), d.stream)
	for _, name := range objects {
		if o, _ := mist.ParseName(name); o.Kind != mist.KindConfig {
			err = errors.Join(err, d.remove(name))
		}
	}
	state := make([]byte, offlineSize)
	state[0] = byte(mist.StateOffline)
	name := mist.Object{Kind: mist.KindState, Stream: d.stream}.Name()
	err = errors.Join(err, os.WriteFile(filepath.Join(d.Options().ShmDir, name), state, 0o600))
	return "the stream has ended, and its state is offline, as the fork FrameWorks writes it when a start shows that the stream is not to be served now", err
}

func stageReplaceUsers(ctx context.Context, d *drill) (string, error) {
	name, err := mistserver.ReplaceUsers(d.Place(), d.stream)
	if err != nil {
		return "", err
	}
	c, err := d.viewer(ctx)
	return fmt.Sprintf("%s was replaced by a copy, and no process was told: all that had it in memory go on with the old one, and viewer %d, process %d, which has come since, is in the new one, where the buffer does not see it", name, number(c), id(c)), err
}

// stageRequestPage lets the input of a file hang before it has read what a viewer
// waits for.
func stageRequestPage(ctx context.Context, d *drill) (string, error) {
	buffer, err := d.freeze(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range d.sources() {
		err = errors.Join(err, d.stop(ctx, c))
	}
	if err != nil {
		return "", err
	}
	key, err := mistserver.Unload(d.Place(), d.stream, victim)
	if err != nil {
		return "", err
	}
	c, err := d.actor(ctx, func(p *simulate.Part) { p.Key = key })
	return fmt.Sprintf("the stream was made one of a file, and its input hangs: process %d and the sources are stopped. Viewer process %d waits for key %d of track %d, which is not in memory", buffer, id(c), key, victim), err
}
