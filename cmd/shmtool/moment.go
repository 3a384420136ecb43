package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/snapshot"
)

// openedMoment is the saved moment that --moment names.
type openedMoment struct {
	*snapshot.Opened
	hangup chan os.Signal
	pipe   chan os.Signal
	ended  chan struct{}
}

// openMoment makes a saved moment the place that the command looks at.
func (e *env) openMoment(c *cli.Context, cmd *command) error {
	path := c.String("moment")
	switch {
	case !c.IsSet("moment"):
		return nil
	case path == "":
		return fail.Usagef("--moment is empty")
	case c.IsSet("shm-dir") || c.IsSet("proc-dir"):
		return fail.Usagef("--moment is a place to look at, and so are --shm-dir and --proc-dir: they cannot be combined")
	case c.IsSet(pidFlag) || c.IsSet(containerFlag):
		return fail.Usagef("--moment is a place to look at, and so are --pid and --container: they cannot be combined")
	case cmd.writes && !cmd.lists:
		return fail.Usagef("a saved moment is only looked at: %s takes no --moment", cmd.name)
	case cmd.living:
		return notInMoment(cmd.name)
	}
	m := &openedMoment{hangup: make(chan os.Signal, 1), pipe: make(chan os.Signal, 1), ended: make(chan struct{})}
	// What an archive was unpacked into must not stay when the terminal goes, or
	// nobody reads our output any more: then to write is an error, and no death.
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signal.Notify(m.hangup, syscall.SIGHUP)
	}
	signal.Notify(m.pipe, syscall.SIGPIPE)
	opened, err := snapshot.Open(c.Context, path)
	m.Opened = opened
	go m.guard()
	if err != nil {
		m.close()
		return momentError(path, err)
	}
	e.moment, e.shmDir, e.procDir = m, opened.ShmDir, opened.ProcDir
	return nil
}

// guard removes what was unpacked when the terminal goes, and dies of it.
func (m *openedMoment) guard() {
	defer close(m.ended)
	if _, caught := <-m.hangup; !caught {
		return
	}
	m.remove()
	signal.Reset(syscall.SIGHUP)
	_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
	time.Sleep(time.Second) // it comes to any of our threads, in a moment
}

func (m *openedMoment) remove() {
	if m.Opened != nil {
		_ = m.Opened.Close() // a temporary folder; there is nobody to tell
	}
}

// close removes what was unpacked. A signal that came before is still heeded, but
// for that of a pipe, which must be had again.
func (m *openedMoment) close() {
	if m == nil {
		return
	}
	signal.Stop(m.hangup)
	close(m.hangup)
	<-m.ended
	m.remove()
	signal.Stop(m.pipe)
}

// dieOfPipe ends the program as any other ends whose output nobody reads, where
// that is what went wrong: it writes once more to what is broken.
func (m *openedMoment) dieOfPipe(err error) {
	if m == nil || !errors.Is(err, syscall.EPIPE) {
		return
	}
	broken := os.Stdout
	var about *fs.PathError
	if errors.As(err, &about) && about.Path == os.Stderr.Name() {
		broken = os.Stderr
	}
	_, _ = broken.WriteString("\n")
}

// notInMoment refuses what makes no sense where nothing moves.
func notInMoment(what string) error {
	return fail.Usagef("nothing moves in a saved moment: %s takes no --moment", what)
}

// livingOnly refuses flags that make no sense in a saved moment.
func (e *env) livingOnly(c *cli.Context, flags ...string) error {
	for _, name := range flags {
		if e.moment != nil && c.IsSet(name) {
			return notInMoment("--" + name)
		}
	}
	return nil
}

// momentError is about a moment that could not be opened, or saved.
func momentError(path string, err error) error {
	return fail.Output(fmt.Errorf("moment %q: %w", path, cause.OfFile(err)))
}

// momentDirs are the folders of a moment, for the completion of a command line: it
// unpacks nothing.
func momentDirs(path string) (shmDir, procDir string) {
	shmDir, procDir, ok := snapshot.Dirs(filepath.Clean(path))
	if !ok {
		return "", ""
	}
	return shmDir, procDir
}
