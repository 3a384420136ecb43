package main

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"

	"github.com/urfave/cli/v2"
)

// command is one verb: everything that the program, its help and its manual
// know about it.
type command struct {
	name     string
	args     string // "PAGE NAME=VALUE…"
	usage    string // one line
	about    string // the rest, as paragraphs
	examples []string
	writes   bool // [rw]; else it maps read-only
	lists    bool // it writes only when it is told to, and may look at a saved moment
	living   bool // it makes no sense where nothing moves, in a saved moment
	formats  []string
	flags    []cli.Flag
	run      func(ctx context.Context, e *env, c *cli.Context) error
}

// commands are all verbs, in the order of the help.
func commands() []*command {
	return []*command{
		createCommand(), appendCommand(), setCommand(), deleteCommand(), resizeCommand(), markCommand(), rmCommand(),
		lsCommand(), dumpCommand(), getCommand(), tailCommand(), rateCommand(), waitCommand(), saveCommand(), checkCommand(),
		recordCommand(), replayCommand(), streamsCommand(), doctorCommand(), explainCommand(), cleanCommand(), topCommand(), watchCommand(), simulateCommand(), completionCommand(),
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// app is the command line as urfave/cli knows it. It prints help; everything
// else it could get wrong is settled before it sees the arguments.
func app(e *env, all []*command) *cli.App {
	cli.FlagStringer = flagText
	a := &cli.App{
		Name:                      "shmtool",
		Usage:                     "look at, follow, make and repair RelAccX pages, the shared memory of MistServer",
		UsageText:                 "shmtool COMMAND [FLAGS] [ARGUMENTS]",
		Version:                   version(),
		Writer:                    e.out,
		ErrWriter:                 e.stderr,
		Reader:                    e.stdin,
		DisableSliceFlagSeparator: true,
		CustomAppHelpTemplate:     appHelp,
		HideHelpCommand:           true,                         // arrange makes "help VERB" of "VERB --help"
		ExitErrHandler:            func(*cli.Context, error) {}, // run turns errors into messages and codes
		OnUsageError:              func(_ *cli.Context, err error, _ bool) error { return fail.As(fail.Usage, err) },
		Flags:                     globalFlags(),
		Action:                    func(c *cli.Context) error { return cli.ShowAppHelp(c) },
	}
	for _, cmd := range all {
		a.Commands = append(a.Commands, cmd.cli(e))
	}
	return a
}

func (cmd *command) cli(e *env) *cli.Command {
	return &cli.Command{
		Name:               cmd.name,
		Usage:              cmd.usage,
		UsageText:          strings.TrimSpace("shmtool " + cmd.name + " [FLAGS] " + cmd.args),
		Description:        cmd.description(),
		Flags:              cmd.allFlags(),
		HideHelpCommand:    true,
		CustomHelpTemplate: commandHelp,
		OnUsageError:       func(_ *cli.Context, err error, _ bool) error { return valueError(err, cmd.allFlags()) },
		Action: func(c *cli.Context) error {
			defer func() { e.moment.close() }()
			if err := e.settle(c, cmd); err != nil {
				return err
			}
			return cmd.run(c.Context, e, c)
		},
	}
}

func (cmd *command) description() string {
	harm := "[ro] It only looks: it maps pages read-only and can harm nothing."
	if cmd.writes {
		harm = "[rw] It writes."
	}
	text := harm
	if cmd.about != "" {
		text += "\n\n" + cmd.about
	}
	if len(cmd.examples) > 0 {
		text += "\n\nEXAMPLES:\n  " + strings.Join(cmd.examples, "\n  ")
	}
	return text
}

// allFlags are the command's own flags and those that all have.
func (cmd *command) allFlags() []cli.Flag {
	flags := slices.Clone(cmd.flags)
	if len(cmd.formats) > 0 {
		flags = append(flags, outputFlags(cmd.formats)...)
	} else {
		flags = append(flags, &cli.BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "report errors as JSON"})
	}
	return append(flags, globalFlags()...)
}

// run is the whole program but for its process: arguments in, exit code out.
func run(ctx context.Context, e *env, args []string) int {
	all := commands()
	if len(args) > 0 && args[0] == completeVerb {
		return e.report(ctx, errors.Join(e.complete(args[1:]), e.out.Flush()))
	}
	e.stdin, e.interrupted = interruptible{ctx, e.stdin}, ctx.Done()
	ordered, verb, err := arrange(args, all)
	e.verb, e.jsonErrors = verb, wantsJSON(args) || wantsJSON(ordered)
	e.nagiosErrors = !e.jsonErrors && (wantsNagios(args, verb, all) || wantsNagios(ordered, verb, all))
	e.pageArg = pageOf(ordered, verb, all)
	if err == nil {
		err = app(e, all).RunContext(ctx, append([]string{"shmtool"}, ordered...))
	}
	if flush := e.out.Flush(); err == nil || flush != nil && fail.Has[fail.Status](err) {
		err = flush
	}
	e.moment.dieOfPipe(err)
	return e.report(ctx, err)
}

// pageOf returns the first PAGE of an arranged line, "" where its command takes none.
func pageOf(ordered []string, verb string, all []*command) string {
	cmd, err := findCommand(all, verb)
	if err != nil || !strings.HasPrefix(cmd.args, "PAGE") {
		return ""
	}
	at := slices.Index(ordered, "--") + 1
	if at == 0 || at == len(ordered) {
		return ""
	}
	return ordered[at]
}

// valueError says in our words that package flag could not read a flag's value:
// `invalid value "x" for flag -n: parse error`.
func valueError(err error, flags []cli.Flag) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "invalid value "), "invalid boolean value ")
	value, quoteErr := strconv.QuotedPrefix(text)
	_, name, found := strings.Cut(text[len(value):], "for ")
	name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "flag "), "-"), ":")
	if quoteErr != nil || !found {
		return fail.As(fail.Usage, err)
	}
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return fail.Usagef("%s %s is not %s", strings.Repeat("-", min(len(name), 2))+name, value, valueKind(f))
		}
	}
	return fail.As(fail.Usage, err)
}

// valueKind is what a flag's value must be.
func valueKind(f cli.Flag) string {
	switch f.(type) {
	case *cli.BoolFlag:
		return "true or false"
	case *cli.DurationFlag:
		return "a duration such as 1.5s or 250ms"
	case *cli.UintFlag, *cli.Uint64Flag:
		return "a number from 0 up"
	case *cli.IntFlag:
		return "a whole number"
	case *cli.Float64Flag:
		return "a number"
	}
	return "what it takes"
}

// flagText is a flag's line in a help: names, placeholder, what it does, and
// its default where it has one that says something.
func flagText(f cli.Flag) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	placeholder, usage := cutPlaceholder(d.GetUsage())
	var names []string
	for _, name := range f.Names() {
		names = append(names, strings.Repeat("-", min(len(name), 2))+name)
	}
	text := strings.Join(names, ", ")
	if d.TakesValue() {
		text += " " + placeholder
	}
	if v := d.GetValue(); d.TakesValue() && !slices.Contains([]string{"", "0", "0s", "[]"}, v) {
		usage += " (default: " + v + ")"
	}
	return text + "\t" + usage
}

// cutPlaceholder finds the word in backquotes that stands for a flag's value.
func cutPlaceholder(usage string) (placeholder, text string) {
	before, rest, _ := strings.Cut(usage, "`")
	word, after, found := strings.Cut(rest, "`")
	if !found {
		return "VALUE", usage
	}
	return word, before + word + after
}

// findCommand is the verb of that name, or an error with the one that may have
// been meant.
func findCommand(all []*command, name string) (*command, error) {
	var names []string
	for _, c := range all {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	hint := cmp.Or(fail.DidYouMean(name, names), "shmtool --help lists the commands")
	return nil, fail.Hinted(fail.Usagef("unknown command %q", name), hint)
}

const appHelp = `{{.Name}}: {{.Usage}}

USAGE:
  {{.UsageText}}

COMMANDS:
{{range .VisibleCommands}}  {{printf "%-12s" .Name}}{{.Usage}}
{{end}}
Each command's --help ends with examples. Flags may stand before or after the
page. A PAGE is a name in /dev/shm, a path with a slash or a leading dot, or -
for standard input; PAGE:FIELD[@REC] is a page nested in it.

FLAGS:
{{range .VisibleFlags}}  {{.}}
{{end}}
EXIT CODES:
  0 done  1 findings  2 usage or wrong input  3 no such page, record or field
  4 not a valid page  5 refused because of the page's state  6 timeout
  7 no permission  8 done, but with loss  70 anything unforeseen
`

const commandHelp = `{{.HelpName}}: {{.Usage}}

USAGE:
  {{.UsageText}}

{{.Description}}

FLAGS:
{{range .VisibleFlags}}  {{.}}
{{end}}`
