// Package world is what a command finds around it: its streams, the terminal, the
// directories that it looks at, and how it speaks of what went wrong.
package world

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/unread"
	"shmtool/layout/mist"
)

// World is the surroundings of one run of a command. Nothing in it changes once the
// command runs. Tests make their own.
type World struct {
	In          io.Reader // standard input; a signal ends a Read
	Stdout      io.Writer // standard output, without a buffer
	Stderr      io.Writer
	Notes       *Notes // what Stderr writes to; nil in tests that have their own
	Getenv      func(string) string
	Interrupted <-chan struct{} // closed by a signal that ends the program
	MustFinish  *sync.Mutex     // held while there is what must be removed: a second signal waits for that

	Terminal bool // standard output is one
	NoPager  bool // long texts go to it by themselves: --no-pager
	Width    int  // its columns
	Color    bool

	Verb    string // for messages
	Page    string // the PAGE of the command line, for errors in JSON that name none
	Errors  Style  // how errors are told
	Secrets bool   // --show-secrets

	// Sandbox gives up the rights of this process that a command which only looks does not
	// need; with saves, those that it does not need to save files. Nil gives up nothing.
	Sandbox func(saves bool) error

	ShmDir     string
	ProcDir    string
	PlaceFlags string           // those that lead a command to the same place: a remedy needs them
	Snapshot   *snapshot.Opened // the one that --moment names; nil without

	tableUnread *sync.Once // tells of a table of processes that could not be read
}

// New returns the world around a process with these streams.
func New(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *World {
	notes := newNotes(stderr)
	w := &World{In: stdin, Stdout: stdout, Stderr: &safe.Writer{To: notes}, Notes: notes, Getenv: getenv, MustFinish: new(sync.Mutex), tableUnread: new(sync.Once)}
	if f, isFile := stdout.(*os.File); isFile && term.IsTerminal(int(f.Fd())) {
		w.Terminal = true
		w.Width, _ = w.TerminalSize()
	}
	return w
}

// TerminalSize returns the columns and rows that standard output has now. It returns
// Width and 0 if standard output is no terminal.
func (w *World) TerminalSize() (columns, rows int) {
	if f, isFile := w.Stdout.(*os.File); isFile {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil {
			return columns, rows
		}
	}
	return w.Width, 0
}

// Until makes the end of ctx end what waits for the streams.
func (w *World) Until(ctx context.Context) {
	w.In, w.Interrupted = Interruptible(ctx, w.In), ctx.Done()
}

// Dumb reports whether the terminal understands nothing but text.
func (w *World) Dumb() bool { return w.Getenv("TERM") == "dumb" }

// Procs returns the processes that use the shared memory.
func (w *World) Procs() *procs.Table { return w.ProcsOf(w.ShmDir) }

// ProcsOf returns what Procs does, for the shared memory in another directory. A table that
// the system fails to read is told of once.
func (w *World) ProcsOf(dir string) *procs.Table {
	t := procs.Open(w.ProcDir, dir)
	t.OnUnread(w.warnOfTable)
	return t
}

func (w *World) warnOfTable(err error) {
	if w.tableUnread == nil {
		return // a world made by hand
	}
	w.tableUnread.Do(func() { w.Warn("cannot read the processes: %v; some may be missing or unknown", err) })
}

// Clock returns the time by which the times since boot of the pages in a directory are
// told, "" for those that come through a pipe: now, or when the snapshot was saved that
// the pages belong to.
func (w *World) Clock(dir string) mist.Clock { return w.Procs().PageClock(dir) }

// PathOf returns the path of an object: the argument itself where it is a path, else that
// of the shared memory object of the name.
func (w *World) PathOf(arg string) string {
	if IsPath(arg) {
		return arg
	}
	return filepath.Join(w.ShmDir, arg)
}

// WarnOfHidden says that the snapshot does not tell of all processes, when that is so.
// It is for commands that show processes.
func (w *World) WarnOfHidden() {
	if w.Snapshot == nil || !w.Procs().Hides() {
		return
	}
	if w.Procs().Missing() {
		w.Warn("the copy has no processes: none is reported as dead")
		return
	}
	w.Warn("some processes could not be seen when the snapshot was saved: none of them is reported as dead")
}

// WarnOfUnread names the objects that could not be read when the snapshot was saved. It is
// for commands that list objects.
func (w *World) WarnOfUnread() {
	saved := w.Procs().Saved()
	if w.Snapshot == nil || saved == nil || len(saved.Unread) == 0 {
		return
	}
	var names []string
	for _, o := range saved.Unread {
		names = append(names, mist.EscapeName(string(o.Name)))
	}
	w.Warn("not in the snapshot, since they could not be read when it was saved: %s", units.Few(names, 3))
}

// EndUnread ends the program, as the next write would, when the reader of its output
// has gone: it may have nothing to write for long.
func (w *World) EndUnread() {
	if w.Stdout != io.Writer(os.Stdout) {
		return
	}
	go func() {
		if unread.Await(os.Stdout) {
			_, _ = os.Stdout.WriteString("\n")
		}
	}()
}

// Stopped reports whether a signal has come that ends the program.
func (w *World) Stopped() bool {
	select {
	case <-w.Interrupted:
		return true
	default:
		return false
	}
}

// NoDirectory returns err as one about the directory of shared memory.
func (w *World) NoDirectory(err error) error {
	return fail.Hinted(fmt.Errorf("shared memory directory %q: %w", w.ShmDir, fail.Bare(err)), "use --shm-dir to name another")
}
