package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	moments "shmtool/cmd/shmtool/internal/moment"
)

// openedMoment is the saved moment that --moment names.
type openedMoment struct {
	*moments.Opened
	signals chan os.Signal
	ended   chan struct{}
}

// openMoment makes a saved moment the place that the command looks at.
func (e *env) openMoment(c *cli.Context, cmd *command) error {
	path := c.String("moment")
	switch {
	case !c.IsSet("moment"):
		return nil
	case path == "":
		return usagef("--moment is empty")
	case c.IsSet("shm-dir") || c.IsSet("proc-dir"):
		return usagef("--moment is a place to look at, and so are --shm-dir and --proc-dir: they cannot be combined")
	case cmd.writes:
		return usagef("a saved moment is only looked at: %s takes no --moment", cmd.name)
	case cmd.living:
		return notInMoment(cmd.name)
	}
	m := &openedMoment{signals: make(chan os.Signal, 1), ended: make(chan struct{})}
	// What an archive was unpacked into must not stay when nobody reads our output
	// any more, or the terminal goes.
	signal.Notify(m.signals, syscall.SIGPIPE, syscall.SIGHUP)
	opened, err := moments.Open(c.Context, path)
	m.Opened = opened
	go m.guard()
	if err != nil {
		m.close()
		return momentError(path, err)
	}
	e.moment, e.shmDir, e.procDir = m, opened.ShmDir, opened.ProcDir
	return nil
}

// guard removes what was unpacked when one of the signals comes, and dies of it.
func (m *openedMoment) guard() {
	defer close(m.ended)
	caught, ok := (<-m.signals).(syscall.Signal)
	if !ok {
		return
	}
	m.remove()
	signal.Reset(caught)
	_ = syscall.Kill(os.Getpid(), caught)
	time.Sleep(time.Second) // it comes to any of our threads, in a moment
}

func (m *openedMoment) remove() {
	if m.Opened != nil {
		_ = m.Opened.Close() // a temporary folder; there is nobody to tell
	}
}

// close removes what was unpacked. A signal that came before is still heeded.
func (m *openedMoment) close() {
	if m == nil {
		return
	}
	signal.Stop(m.signals)
	close(m.signals)
	<-m.ended
	m.remove()
}

// notInMoment refuses what makes no sense where nothing moves.
func notInMoment(what string) error {
	return usagef("nothing moves in a saved moment: %s takes no --moment", what)
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
	return inputError{fmt.Errorf("moment %q: %w", path, inMoment(err))}
}

// inMoment is what went wrong, without the names of what is temporary.
func inMoment(err error) error {
	var about *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &about):
		return about.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// momentDirs are the folders of a moment, for the completion of a command line: it
// unpacks nothing.
func momentDirs(path string) (shmDir, procDir string) {
	shmDir, procDir, ok := moments.Dirs(filepath.Clean(path))
	if !ok {
		return "", ""
	}
	return shmDir, procDir
}
