package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/unread"
	"shmtool/relaccx"
)

// env is the world as the program sees it, and what the command line said
// about all of it. Tests make their own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	out            *bufio.Writer // standard output; run flushes it
	getenv         func(string) string
	interrupted    <-chan struct{} // a signal has come that ends the program
	mustFinish     *sync.Mutex     // held while there is what must be removed: a second signal waits for that
	terminal       bool            // standard output is one
	width          int             // its columns
	said           map[string]bool // warnings that are not said again

	verb         string
	pageArg      string // the PAGE of the command line, for JSON errors that name none
	jsonErrors   bool
	nagiosErrors bool // they are for a monitor
	secrets      bool // --show-secrets
	shmDir       string
	placeFlags   string // those that lead a command to the same place: a remedy needs them
	procDir      string
	moment       *openedMoment // --moment; nil without
	color        bool
	output       output
}

func newEnv(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *env {
	e := &env{stdin: stdin, stdout: stdout, stderr: &safe.Writer{To: stderr}, getenv: getenv, mustFinish: new(sync.Mutex)}
	e.out = bufio.NewWriterSize(stdout, 64<<10)
	f, isFile := stdout.(*os.File)
	if isFile {
		e.out = bufio.NewWriterSize(newStandardOutput(e, f), outputBuffer)
	}
	if isFile && term.IsTerminal(int(f.Fd())) {
		e.terminal = true
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			e.width = w
		}
	}
	return e
}

// endUnread ends the program, as the next write would, when nobody reads its output
// any more: it may have nothing to write for long.
func (e *env) endUnread() {
	if e.stdout != io.Writer(os.Stdout) {
		return
	}
	go func() {
		if unread.Await(os.Stdout) {
			_, _ = os.Stdout.WriteString("\n")
		}
	}()
}

// The environment variables that stand for flags.
const (
	shmDirVariable  = "SHMTOOL_SHM_DIR"
	procDirVariable = "SHMTOOL_PROC_DIR"
)

func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "shm-dir", Usage: "look for shared memory in `DIR` (default: $" + shmDirVariable + ", else " + relaccx.ShmDir + ")"},
		&cli.StringFlag{Name: "proc-dir", Usage: "look for processes in `DIR` (default: $" + procDirVariable + ", else /proc)"},
		&cli.IntFlag{Name: pidFlag, Usage: "look at the shared memory of process `PID`, and at PIDs as it counts them"},
		&cli.StringFlag{Name: containerFlag, Usage: "look into the container `NAME`, or the one whose ID begins so"},
		&cli.StringFlag{Name: "moment", Usage: "look at the moment that save --all has put into `PATH`, a folder or an archive of one, instead"},
		&cli.StringFlag{Name: "color", Value: "auto", Usage: "colour `WHEN`: auto (on a terminal, unless NO_COLOR is set), always or never"},
	}
}

// settle works out what the flags that all commands have say.
func (e *env) settle(c *cli.Context, cmd *command) error {
	if err := e.place(c, cmd); err != nil {
		return err
	}
	e.secrets = c.Bool("show-secrets")
	switch c.String("color") {
	case "always":
		e.color = true
	case "never":
		e.color = false
	case "auto":
		e.color = e.terminal && e.getenv("NO_COLOR") == "" && !e.dumb()
	default:
		return fail.Usagef("--color is auto, always or never, not %q", c.String("color"))
	}
	if len(cmd.formats) > 0 {
		if err := e.output.settle(c, cmd.formats); err != nil {
			return err
		}
	}
	e.guard(cmd)
	return nil
}

// guard makes what a terminal shows harmless where nothing of ours is meant for
// the terminal itself: in all but tables and hex, which have colours, and escape
// each value on their own. In a pipe every byte stays.
func (e *env) guard(cmd *command) {
	o := &e.output
	if !e.terminal || len(cmd.formats) > 0 && !o.names && (o.format == formatTable || o.format == formatHex) {
		return
	}
	to := e.stdout
	if f, isFile := to.(*os.File); isFile {
		to = newStandardOutput(e, f)
	}
	e.out = bufio.NewWriterSize(&safe.Writer{To: to}, 64<<10)
}

// dumb reports whether the terminal understands nothing but text.
func (e *env) dumb() bool { return e.getenv("TERM") == "dumb" }

func secretsFlag(usage string) cli.Flag {
	return &cli.BoolFlag{Name: "show-secrets", Usage: usage}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// interruptible is input that the end of ctx ends, though nothing comes.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

func (i interruptible) Read(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := i.in.Read(b)
		done <- result{n, err}
	}()
	select {
	case <-i.ctx.Done():
		return 0, i.ctx.Err() // whatever comes into b now, nobody looks at it
	case r := <-done:
		return r.n, r.err
	}
}
