package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
)

// opened is the saved moment that --moment names.
type opened struct {
	*snapshot.Opened
	hangup chan os.Signal
	pipe   chan os.Signal
	ended  chan struct{}
}

// openMoment makes a saved moment the place that the command looks at.
func openSnapshot(w *world.World, c *urfave.Context, cmd *Command) (*opened, error) {
	path := c.String("moment")
	switch {
	case !c.IsSet("moment"):
		return nil, nil
	case path == "":
		return nil, fail.Usagef("--moment is empty")
	case c.IsSet("shm-dir") || c.IsSet("proc-dir"):
		return nil, fail.Usagef("--moment cannot be combined with --shm-dir or --proc-dir")
	case c.IsSet(pidFlag) || c.IsSet(containerFlag):
		return nil, fail.Usagef("--moment cannot be combined with --pid or --container")
	case cmd.Access == Writes:
		return nil, fail.Usagef("a snapshot is read-only: %s takes no --moment", cmd.Name)
	case cmd.Access == Follows:
		return nil, NotInSnapshot(cmd.Name)
	}
	o, err := openGuarded(c.Context, w, path)
	if err != nil {
		return nil, err
	}
	w.Snapshot, w.ShmDir, w.ProcDir = o.Opened, o.ShmDir, o.ProcDir
	return o, nil
}

// WithSnapshot opens a snapshot beside the place that the command looks at, and removes
// what was unpacked of it when look has ended.
func (c *Call) WithSnapshot(ctx context.Context, path string, look func(s *snapshot.Opened) error) error {
	o, err := openGuarded(ctx, c.World, path)
	if err != nil {
		return err
	}
	defer o.close()
	return look(o.Opened)
}

// openGuarded opens a snapshot that a signal does not leave unpacked.
func openGuarded(ctx context.Context, w *world.World, path string) (*opened, error) {
	o := &opened{hangup: make(chan os.Signal, 1), pipe: make(chan os.Signal, 1), ended: make(chan struct{})}
	// The folder that an archive was unpacked into must not stay when the terminal goes,
	// or the reader of our output ends: then to write is an error, and no death.
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signal.Notify(o.hangup, syscall.SIGHUP)
	}
	signal.Notify(o.pipe, syscall.SIGPIPE)
	s, err := snapshot.Open(ctx, path)
	o.Opened = s
	go o.guard()
	if err != nil {
		o.close()
		return nil, SnapshotError(path, err)
	}
	if n := len(s.Unnamed); n > 0 {
		w.Warn("%s left out: this system takes no file of such a name: %q", units.Counted(n, "object is", "objects are"), s.Unnamed[0])
	}
	return o, nil
}

// guard removes what was unpacked when the terminal goes, and dies of it.
func (m *opened) guard() {
	defer close(m.ended)
	if _, caught := <-m.hangup; !caught {
		return
	}
	m.remove()
	signal.Reset(syscall.SIGHUP)
	kernel.Die(syscall.SIGHUP)
	time.Sleep(time.Second) // it comes to any of our threads, in a moment
}

func (m *opened) remove() {
	if m.Opened != nil {
		_ = m.Opened.Close() // a temporary folder: the command has ended
	}
}

// close removes what was unpacked. A signal that came before is still heeded, but
// for that of a pipe, which must be had again.
func (m *opened) close() {
	if m == nil {
		return
	}
	signal.Stop(m.hangup)
	close(m.hangup)
	<-m.ended
	m.remove()
	signal.Stop(m.pipe)
}

// dieOfPipe ends the program as any other ends whose output has lost its reader, where
// that is what went wrong: it writes once more to what is broken.
func dieOfPipe(err error) {
	if !errors.Is(err, syscall.EPIPE) {
		return
	}
	broken := os.Stdout
	var about *fs.PathError
	if errors.As(err, &about) && about.Path == os.Stderr.Name() {
		broken = os.Stderr
	}
	_, _ = broken.WriteString("\n")
}

// NotInSnapshot refuses what makes no sense where nothing moves.
func NotInSnapshot(what string) error {
	return fail.Usagef("nothing moves in a snapshot: %s takes no --moment", what)
}

// SnapshotError returns err as one about a snapshot that could not be opened, or saved.
func SnapshotError(path string, err error) error {
	return fail.Output(fmt.Errorf("snapshot %q: %w", path, cause.OfFile(err)))
}
