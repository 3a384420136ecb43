package cli

import (
	"bytes"
	"context"
	"flag"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// Run runs the command that a line asks for: arguments in, exit code out.
func Run(ctx context.Context, w *world.World, all []*Command, args []string) int {
	w.Until(ctx)
	ordered, verb, err := Arrange(args, all)
	w.Verb, w.Page = verb, pageOf(ordered, verb, all)
	w.Errors = ErrorStyle(args, ordered, verb, all)
	var help bytes.Buffer
	if err == nil {
		err = app(w, &help, all, verb).RunContext(ctx, append([]string{"shmtool"}, ordered...))
	}
	if err == nil && help.Len() > 0 {
		err = printHelp(w, help.Bytes())
	}
	if w.Snapshot != nil {
		dieOfPipe(err)
	}
	return w.Report(ctx, err)
}

func printHelp(w *world.World, text []byte) error {
	p := out.New(w, out.Options{})
	_, _ = p.Write(text) // an error comes again with Flush
	return p.Flush()
}

// Version returns the version of the program.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// Help prints flags in our form. The two flags that all command lines of a process share
// are not written to, so that several may run at once.
func init() {
	urfave.FlagStringer = flagText
	urfave.HelpFlag = sharedFlag{urfave.HelpFlag.(*urfave.BoolFlag)}
	urfave.VersionFlag = sharedFlag{urfave.VersionFlag.(*urfave.BoolFlag)}
}

// sharedFlag is a flag whose Apply, which keeps the default in the flag, writes to a copy.
type sharedFlag struct{ *urfave.BoolFlag }

func (f sharedFlag) Apply(set *flag.FlagSet) error {
	own := *f.BoolFlag
	return own.Apply(set)
}

// app returns the command line as urfave/cli knows it. It prints help; everything else
// it could get wrong is settled before it sees the arguments. It knows the command of the
// verb, or without a verb what the help prints of each: to make all flags of all commands
// took a twelfth of a short run.
func app(w *world.World, help io.Writer, all []*Command, verb string) *urfave.App {
	a := &urfave.App{
		Name:                      "shmtool",
		Usage:                     "look at, follow, make and repair RelAccX pages, the shared memory of MistServer",
		UsageText:                 "shmtool COMMAND [FLAGS] [ARGUMENTS]",
		Writer:                    help,
		ErrWriter:                 w.Stderr,
		Reader:                    w.In,
		DisableSliceFlagSeparator: true,
		CustomAppHelpTemplate:     appHelp,
		HideHelpCommand:           true,                            // Arrange makes "help VERB" of "VERB --help"
		ExitErrHandler:            func(*urfave.Context, error) {}, // Run turns errors into messages and codes
		OnUsageError:              func(_ *urfave.Context, err error, _ bool) error { return fail.As(fail.Usage, err) },
		Flags:                     GlobalFlags(),
		Action:                    func(c *urfave.Context) error { return urfave.ShowAppHelp(c) },
	}
	if verb == "" {
		a.Version = Version()
	}
	for _, cmd := range all {
		switch verb {
		case "":
			a.Commands = append(a.Commands, &urfave.Command{Name: cmd.Name, Usage: cmd.Usage})
		case cmd.Name:
			a.Commands = append(a.Commands, cmd.urfave(w))
		}
	}
	return a
}

func (cmd *Command) urfave(w *world.World) *urfave.Command {
	return &urfave.Command{
		Name:               cmd.Name,
		Usage:              cmd.Usage,
		UsageText:          strings.TrimSpace("shmtool " + cmd.Name + " [FLAGS] " + cmd.Args),
		Description:        cmd.description(),
		Flags:              cmd.AllFlags(),
		HideHelpCommand:    true,
		CustomHelpTemplate: commandHelp,
		OnUsageError:       func(_ *urfave.Context, err error, _ bool) error { return valueError(err, cmd.AllFlags()) },
		Action:             func(c *urfave.Context) error { return cmd.call(w, c) },
	}
}

// call settles the world, and runs the command in it.
func (cmd *Command) call(w *world.World, c *urfave.Context) (err error) {
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
