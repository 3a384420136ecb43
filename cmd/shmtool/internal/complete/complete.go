package complete

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/manual"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// The scripts ask the program itself, by the verb that is not in the help.
var (
	//go:embed completions/shmtool.bash
	bashCompletion string
	//go:embed completions/shmtool.zsh
	zshCompletion string
	//go:embed completions/shmtool.fish
	fishCompletion string
)

// Verb is what the scripts call, with the words of the command line up
// to the cursor. It prints what may stand there: a candidate a line, behind a
// tab what it is.
const Verb = "__complete"

func Command() *cli.Command {
	return &cli.Command{
		Name:  "completion",
		Args:  "bash|zsh|fish",
		Usage: "the shell's completion script",
		About: `Prints a script that makes the shell complete commands, flags, the names of
pages, of the pages nested in them, of streams and of fields.`,
		Examples: []string{
			"source <(shmtool completion bash)",
			"shmtool completion bash > /etc/bash_completion.d/shmtool",
			`shmtool completion zsh > "${fpath[1]}/_shmtool"`,
			"shmtool completion fish > ~/.config/fish/completions/shmtool.fish",
		},
		Access: cli.Apart,
		Run:    runCompletion,
	}
}

func runCompletion(_ context.Context, c *cli.Call) error {
	scripts := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	script, ok := scripts[c.Arg(0)]
	if !ok || len(c.Args) != 1 {
		return fail.Usagef("SHELL is required: use bash, zsh, or fish")
	}
	_, err := io.WriteString(c.Out, script)
	return err
}

// candidate is something that may stand at the cursor.
type candidate struct{ text, about string }

// Line prints what the last of the words may become. It has nothing to say
// about what is wrong: the command itself says it.
func Line(w *world.World, words []string, all []*cli.Command) error {
	if len(words) == 0 {
		words = []string{""}
	}
	p := out.New(w, out.Options{})
	c := &cli.Call{World: w, Out: p}
	l := parseLine(c, words, all)
	for _, c := range l.candidates() {
		if !strings.HasPrefix(c.text, l.current) || mist.EscapeText(c.text) != c.text {
			continue // what cannot be typed, or acts on the terminal
		}
		if _, err := fmt.Fprintf(p, "%s\t%s\n", c.text, mist.EscapeText(c.about)); err != nil {
			return err
		}
	}
	return p.Flush()
}

// commandLine is a line that is being typed.
type commandLine struct {
	c         *cli.Call
	all       []*cli.Command
	cmd       *cli.Command      // nil until there is one
	verb      string            // as it was typed
	arguments []string          // those before the cursor
	given     map[string]string // values of flags, by their first name
	flag      cli.Flag          // whose value is at the cursor
	ended     bool              // "--" has ended the flags
	current   string            // the word at the cursor
}

// parseLine takes a line apart as far as it goes: unlike arrange it finds
// nothing wrong.
func parseLine(c *cli.Call, words []string, all []*cli.Command) *commandLine {
	l := &commandLine{c: c, all: all, given: map[string]string{}, current: words[len(words)-1]}
	for _, word := range words[:len(words)-1] {
		switch {
		case l.flag != nil:
			l.give(word)
		case word == "--" && !l.ended:
			l.ended = true
		case !l.ended && cli.IsFlag(word):
			l.readFlag(word)
		case l.verb == "":
			l.verb = word
			name := cli.Aliased(word, all)
			if i := slices.IndexFunc(all, func(c *cli.Command) bool { return c.Name == name }); i >= 0 {
				l.cmd = all[i]
			}
		default:
			l.arguments = append(l.arguments, word)
		}
	}
	c.ShmDir, c.ProcDir = cli.Directories(l.given["shm-dir"], l.given["proc-dir"], c.Getenv)
	if path := l.given["moment"]; path != "" {
		c.ShmDir, c.ProcDir, _ = snapshot.Dirs(filepath.Clean(path)) // it unpacks nothing
	}
	return l
}

// flags returns the flags that may stand here.
func (l *commandLine) flags() []cli.Flag {
	if l.cmd != nil {
		return l.cmd.AllFlags()
	}
	return cli.GlobalFlags()
}

func (l *commandLine) lookup(name string) cli.Flag {
	for _, f := range l.flags() {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// readFlag notes a flag, and its value where it has one, or that it comes next.
func (l *commandLine) readFlag(word string) {
	name, long := strings.CutPrefix(word, "--")
	if !long {
		name = word[len(word)-1:] // the last of a cluster
	}
	name, value, hasValue := strings.Cut(name, "=")
	f := l.lookup(name)
	_, isBool := f.(*cli.BoolFlag)
	switch {
	case f == nil:
		return
	case isBool:
		l.given[f.Names()[0]] = value
		return
	}
	l.flag = f
	if hasValue {
		l.give(value)
	}
}

func (l *commandLine) give(value string) {
	l.given[l.flag.Names()[0]] = value
	l.flag = nil
}

// candidates returns what may stand at the cursor, whatever stands there so far.
func (l *commandLine) candidates() []candidate {
	name, _, hasValue := strings.Cut(l.current, "=")
	switch {
	case l.flag != nil:
		return l.values(l.flag, l.current)
	case !l.ended && strings.HasPrefix(name, "--") && hasValue:
		return l.joinedValues(name)
	case !l.ended && strings.HasPrefix(l.current, "-"):
		return l.flagNames()
	case l.verb == "", l.verb == "help":
		return l.verbs()
	case l.cmd == nil:
		return nil
	}
	_, all := l.given["all"]
	_, stream := l.given["stream"]
	_, pattern := l.given["stream-pattern"]
	if l.cmd.Name == "save" && (all || stream || pattern) {
		return l.argument("DIR")
	}
	return l.argument(l.cmd.ArgumentKind(len(l.arguments)))
}

func (l *commandLine) verbs() []candidate {
	var found []candidate
	for _, c := range l.all {
		found = append(found, candidate{c.Name, c.Usage})
	}
	if l.verb == "" {
		return append(found, candidate{"help", "the help of a command, or on a topic"})
	}
	for _, t := range manual.Topics() {
		found = append(found, candidate{t.Name, t.About})
	}
	return found
}

func (l *commandLine) flagNames() []candidate {
	found := []candidate{{"--help", "the command's flags, and examples"}}
	for _, f := range l.flags() {
		_, about := cli.About(f)
		found = append(found, candidate{"--" + f.Names()[0], about})
	}
	return found
}

// joinedValues returns values behind an equals sign, with the flag before them.
func (l *commandLine) joinedValues(name string) []candidate {
	f := l.lookup(name[2:])
	if f == nil {
		return nil
	}
	found := l.values(f, strings.TrimPrefix(l.current, name+"="))
	for i := range found {
		found[i].text = name + "=" + found[i].text
	}
	return found
}
