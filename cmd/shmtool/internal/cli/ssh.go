package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/remote"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/world"
)

const sshFlag = "ssh"

// SSHFlag returns the flag of commands that can run on another machine.
func SSHFlag() Flag {
	return &StringFlag{Name: sshFlag, Usage: "run on `HOST`, where shmtool is too, through your ssh program"}
}

// SSHFlagOfMany returns the flag of commands that can ask several machines at once.
func SSHFlagOfMany() Flag {
	return &StringFlag{Name: sshFlag, Usage: "run on `HOST`, where shmtool is too, through your ssh program; on several at once as A,B,C"}
}

// callElsewhere runs the command on the hosts that --ssh names. Words are the whole command
// line, as Arrange has put it.
func (cmd *Command) callElsewhere(w *world.World, c *urfave.Context, words []string) error {
	hosts, err := remote.Hosts(c.String(sshFlag))
	if err != nil {
		return err
	}
	o, err := settle(w, c, cmd)
	if err != nil {
		return err
	}
	for _, f := range cmd.Flags {
		if placeholder, _ := About(f); placeholder == "FILE" && c.IsSet(f.Names()[0]) {
			hint := "send standard output to a file"
			if f.Names()[0] == plotFlag {
				hint = "use ssh to run shmtool there, and scp to copy the picture"
			}
			return fail.Hinted(fail.Usagef("--%s cannot be combined with --ssh", f.Names()[0]), hint)
		}
	}
	call := &Call{World: w, Out: out.New(w, o), Args: c.Args().Slice(), flags: c}
	switch {
	case len(hosts) > 1:
		return cmd.askMany(c.Context, call, hosts, words)
	case cmd.SavesTo != nil:
		return cmd.saveHere(c.Context, call, hosts[0], words)
	}
	run := &remote.Run{Host: hosts[0], Words: wordsFor(call, words), Stdout: w.Stdout, Stderr: w.Stderr, Getenv: w.Getenv}
	run.Terminal = w.Terminal && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
	if run.Terminal || slices.ContainsFunc(call.Args, readsInput) {
		run.Stdin = os.Stdin
	}
	if w.Terminal && !run.Terminal { // shmtool there does not know that it prints to one
		run.Stdout = &safe.Writer{To: w.Stdout, JSON: o.Template == nil && (o.Format == out.JSON || o.Format == out.NDJSON)}
	}
	return runOn(c.Context, run)
}

// readsInput reports whether an argument is standard input, or a page nested in that.
func readsInput(arg string) bool { return arg == "-" || strings.HasPrefix(arg, "-:") }

// runOn runs shmtool on another machine, and ends as it has ended there.
func runOn(ctx context.Context, run *remote.Run) error {
	code, err := run.Do(ctx)
	if err != nil {
		return err
	}
	switch ending := syscall.Signal(code - endedBy); ending {
	case syscall.SIGINT, syscall.SIGPIPE:
		signal.Reset(ending)
		world.DieOf(ending)
	}
	if code != fail.ExitOK {
		return fail.Status(code)
	}
	return nil
}

// endedBy is what a shell adds to the number of the signal that has ended a program.
const endedBy = 128

// saveHere writes what the command saves on another machine to a file of this one.
func (cmd *Command) saveHere(ctx context.Context, c *Call, host string, words []string) error {
	args, file, err := cmd.SavesTo(c)
	if err != nil {
		return err
	}
	words = append(slices.Clone(wordsFor(c, words[:slices.Index(words, "--")+1])), args...)
	if file == "-" && c.Out.Terminal {
		return out.ToTerminal("a copy of a page")
	}
	return out.WriteFile(c.World, file, out.OwnersAlone, func(to *os.File) error {
		return runOn(ctx, &remote.Run{Host: host, Words: words, Stdout: to, Stderr: c.Stderr, Getenv: c.Getenv})
	})
}

// wordsFor returns a command line without --ssh. Color is for the terminal of this process.
func wordsFor(c *Call, words []string) []string {
	words = slices.DeleteFunc(slices.Clone(words), isFlagOf(words, sshFlag))
	if c.Getenv("NO_COLOR") != "" && !c.IsSet("color") {
		words = slices.Insert(words, 1, "--color=never")
	}
	return words
}

// isFlagOf returns a function that reports whether a word of an arranged line is one of some
// flags. It is asked for each word, in order.
func isFlagOf(words []string, names ...string) func(word string) bool {
	flags := max(0, slices.Index(words, "--"))
	at := -1
	return func(word string) bool {
		at++
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		return at < flags && IsFlag(word) && slices.Contains(names, name)
	}
}

// askMany asks several hosts, and prints their answers together. If a host could not be
// asked, that is the exit code, since the answer is not whole.
func (cmd *Command) askMany(ctx context.Context, c *Call, hosts, words []string) error {
	if cmd.Together == nil {
		return fail.Usagef("--ssh: %s runs on one HOST", cmd.Name)
	}
	if !slices.Contains(out.PlainFormats, c.Out.Format) {
		return fail.Usagef("-o %s cannot be combined with several hosts: use %s", c.Out.Format, list(out.PlainFormats))
	}
	if given := c.Given("watch", "interval", "count", "for"); len(given) > 0 {
		return fail.Usagef("--%s cannot be combined with several hosts", given[0])
	}
	names := []string{sshFlag, "sort", "color"}
	for _, f := range OutputFlags(nil) {
		if name := f.Names()[0]; name != "show-secrets" {
			names = append(names, f.Names()...)
		}
	}
	words = slices.Insert(slices.DeleteFunc(slices.Clone(words), isFlagOf(words, names...)), 1, "--json")
	answers := remote.Ask(ctx, hosts, words, c.Getenv)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	exit := tell(ctx, c, answers)
	if exit.none {
		return fail.Status(exit.code)
	}
	if err := cmd.Together(c, answers); err != nil {
		return err
	}
	if err := c.Out.Flush(); err != nil || exit.code == fail.ExitOK {
		return err
	}
	return fail.Status(exit.code)
}

// told is what the exit codes of several hosts come to.
type told struct {
	code int
	none bool // there is no answer to print
}

// tell prints what the hosts have said on standard error, and what is wrong with each.
func tell(ctx context.Context, c *Call, answers []remote.Answer) told {
	exit := told{none: true}
	failed, missing := false, false
	for i := range answers {
		a := &answers[i]
		for _, line := range a.Said {
			c.Warn("%s", fmt.Sprintf("host %q: %s", a.Host, line))
		}
		if a.Err != nil {
			c.Report(ctx, a.Err)
		}
		switch {
		case a.NotFound():
			missing = true
		case a.Err != nil:
			failed = true
		default:
			exit.none = false
			exit.code = worse(exit.code, a.Code)
		}
	}
	switch {
	case failed:
		exit.code = fail.ExitLoss
	case missing && exit.none:
		exit.code = fail.ExitNotFound
	}
	return exit
}

// worse returns the exit code of two: findings come before anything else that a host can say
// about itself.
func worse(a, b int) int {
	if a == fail.ExitFindings || b == fail.ExitOK {
		return a
	}
	if a == fail.ExitOK || b == fail.ExitFindings {
		return b
	}
	return max(a, b)
}
