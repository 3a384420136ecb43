package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// Run runs the command that a line asks for: arguments in, exit code out.
func Run(ctx context.Context, w *world.World, all []*Command, args []string) int {
	w.Until(ctx)
	ordered, verb, err := Arrange(args, all)
	w.Verb, w.Page = verb, pageOf(ordered, verb, all)
	w.Errors = ErrorStyle(args, ordered, verb, all)
	w.NoPager = slices.Contains(args, "--"+pagerFlag)
	switch {
	case err != nil:
	case verb == "" && asks(ordered, "--version", "-v"):
		err = show(w, "shmtool version "+Version()+"\n")
	case verb == "":
		err = show(w, helpOfAll(all))
	case verb == topicVerb:
		var text string
		if text, err = topic(ordered[1], all); err == nil {
			err = show(w, text)
		}
	default:
		if err = enoughFiles(); err == nil {
			err = runVerb(ctx, w, all, verb, ordered)
		}
	}
	if w.Snapshot != nil {
		dieOfPipe(err)
	}
	return w.Report(ctx, err)
}

// leastFiles is how many files a process must be allowed to open. With less, the runtime of
// Go ends the process in its own words.
const leastFiles = 16

// enoughFiles returns an error if the limit of open files is too low to run a command.
func enoughFiles() error {
	if most := kernel.MostFiles(); most < leastFiles {
		return fail.Hinted(fmt.Errorf("the limit of open files is %d, and at least %d are needed: %w", most, leastFiles, syscall.EMFILE), "raise it with ulimit -n")
	}
	return nil
}

// runVerb runs the command of the verb, or prints its help.
func runVerb(ctx context.Context, w *world.World, all []*Command, verb string, ordered []string) error {
	cmd, err := Find(all, verb)
	if err != nil {
		return err
	}
	if asks(ordered[1:2], "--help") {
		return show(w, cmd.help())
	}
	return app(w, cmd, ordered).RunContext(ctx, append([]string{"shmtool"}, ordered...))
}

// asks reports whether one of the words is among those of a command line.
func asks(ordered []string, words ...string) bool {
	return slices.ContainsFunc(ordered, func(word string) bool { return slices.Contains(words, word) })
}

// show prints a text that is all that was asked for.
func show(w *world.World, text string) error {
	return paged(w, func() error {
		p := out.New(w, out.Options{})
		_, _ = io.WriteString(p, text) // an error comes again with Flush
		return p.Flush()
	})
}

// version is what the linker was told, by who builds outside of git: -X with the path of
// this package.
var version string

// Version returns the version of the program.
func Version() string {
	var built string
	if info, ok := debug.ReadBuildInfo(); ok {
		built = info.Main.Version
	}
	return cmp.Or(version, built, "(devel)")
}

// app returns a command as urfave/cli knows it. Everything that it could get wrong is
// settled before it sees the words, and help is printed without it.
func app(w *world.World, cmd *Command, words []string) *urfave.App {
	onUsageError := func(_ *urfave.Context, err error, _ bool) error { return valueError(err, cmd.AllFlags()) }
	return &urfave.App{
		Name:                      "shmtool",
		Writer:                    w.Stderr,
		ErrWriter:                 w.Stderr,
		Reader:                    w.In,
		DisableSliceFlagSeparator: true,
		HideHelp:                  true,
		HideVersion:               true,
		ExitErrHandler:            func(*urfave.Context, error) {}, // Run turns errors into messages and codes
		OnUsageError:              onUsageError,
		Commands: []*urfave.Command{{
			Name:         cmd.Name,
			Flags:        cmd.AllFlags(),
			HideHelp:     true,
			OnUsageError: onUsageError,
			Action: func(c *urfave.Context) error {
				if !cmd.pages(c) {
					return cmd.call(w, c, words)
				}
				return paged(w, func() error { return cmd.call(w, c, words) })
			},
		}},
	}
}

// call settles the world, and runs the command in it.
func (cmd *Command) call(w *world.World, c *urfave.Context, words []string) (err error) {
	if c.IsSet(sshFlag) {
		return cmd.callElsewhere(w, c, words)
	}
	if err := confine(w, c, cmd); err != nil {
		return err
	}
	snapshot, err := openSnapshot(w, c, cmd)
	if err != nil {
		return err
	}
	defer snapshot.close()
	if err := elsewhere(w, c, cmd); err != nil {
		return err
	}
	if snapshot == nil {
		if err := place(w, c, cmd); err != nil {
			return err
		}
	}
	o, err := settle(w, c, cmd)
	if err != nil {
		return err
	}
	call := &Call{World: w, Out: out.New(w, o), Args: c.Args().Slice(), flags: c}
	err = cmd.Run(c.Context, call)
	if flush := call.Out.Flush(); err == nil || flush != nil && fail.Has[fail.Status](err) {
		err = flush
	}
	return err
}

// pageOf returns the first PAGE of an arranged line, "" where its command takes none.
func pageOf(ordered []string, verb string, all []*Command) string {
	cmd, err := Find(all, verb)
	if err != nil || !strings.HasPrefix(cmd.Args, "PAGE") {
		return ""
	}
	at := slices.Index(ordered, "--") + 1
	if at == 0 || at == len(ordered) {
		return ""
	}
	return ordered[at]
}
