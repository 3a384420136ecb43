// Package cli turns a command line into a call of a command: it knows what a command is,
// arranges its words, reads flags, settles the world that the command finds, and prints
// help.
package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/remote"
	"shmtool/cmd/shmtool/internal/world"
)

// Command is one verb: everything that the program, its help and its manual know
// about it.
type Command struct {
	Name     string
	Args     string // "PAGE NAME=VALUE…"
	Usage    string // one line
	About    string // the rest, as paragraphs
	Task     string // what it is for, in the words over its part of the list in the help
	Examples []string
	Access   Access
	ApartBy  string          // the flag with which it looks at no shared memory at all; "" has none
	Paged    bool            // on a terminal a pager shows its output
	Confines bool            // it enters the sandbox itself, once it has what the sandbox refuses
	Finishes bool            // it has something to finish when a signal ends it, though it does not write
	Formats  []string        // of its output; none where it prints none
	Columns  func() []string // of its listing, as --fields takes them; nil where they depend on the page
	Flags    []Flag
	Run      func(ctx context.Context, c *Call) error

	// Together prints what several hosts have answered; nil is for commands that run on one.
	Together func(c *Call, answers []remote.Answer) error
	// SavesTo returns the arguments with which the command saves to standard output what it
	// would save to a file, and that file; nil is for commands that save nothing.
	SavesTo func(c *Call) (args []string, file string, err error)
}

// For returns commands that are for the same task.
func For(task string, commands ...*Command) []*Command {
	for _, cmd := range commands {
		cmd.Task = task
	}
	return commands
}

// Access is what a command does to what it looks at.
type Access int

const (
	// Reads: it maps read-only, also in a snapshot.
	Reads Access = iota
	// Follows: it reads, and makes no sense in a snapshot, where nothing moves.
	Follows
	// Writes: it writes, and so takes no snapshot.
	Writes
	// Cleans: it writes only when told to, and also lists in a snapshot.
	Cleans
	// Apart: it looks at no shared memory at all.
	Apart
)

// Writes reports whether a command may write.
func (a Access) Writes() bool { return a == Writes || a == Cleans }

// Call is one run of a command.
type Call struct {
	*world.World
	Out  *out.Printer
	Args []string

	flags *urfave.Context
}

// Arg returns an argument, "" when there are fewer.
func (c *Call) Arg(i int) string {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return ""
}

// IsSet reports whether a flag was given.
func (c *Call) IsSet(flag string) bool { return c.flags.IsSet(flag) }

// Bool returns the value of a flag.
func (c *Call) Bool(flag string) bool { return c.flags.Bool(flag) }

// String returns the value of a flag.
func (c *Call) String(flag string) string { return c.flags.String(flag) }

// Strings returns the values of a flag that may be repeated.
func (c *Call) Strings(flag string) []string { return c.flags.StringSlice(flag) }

// Int returns the value of a flag.
func (c *Call) Int(flag string) int { return c.flags.Int(flag) }

// Uint returns the value of a flag.
func (c *Call) Uint(flag string) uint { return c.flags.Uint(flag) }

// Uint64 returns the value of a flag.
func (c *Call) Uint64(flag string) uint64 { return c.flags.Uint64(flag) }

// Float64 returns the value of a flag.
func (c *Call) Float64(flag string) float64 { return c.flags.Float64(flag) }

// Duration returns the value of a flag.
func (c *Call) Duration(flag string) time.Duration { return c.flags.Duration(flag) }

// Positive refuses durations that are given, and last no time.
func (c *Call) Positive(flags ...string) error {
	for _, name := range flags {
		if c.IsSet(name) && c.Duration(name) <= 0 {
			return fail.Invalid("--"+name, c.Duration(name), "a duration above 0")
		}
	}
	return nil
}

// Given returns those of some flags that were given.
func (c *Call) Given(flags ...string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(name string) bool { return !c.IsSet(name) })
}

// LivingOnly refuses flags that make no sense in a snapshot.
func (c *Call) LivingOnly(flags ...string) error {
	if given := c.Given(flags...); c.Snapshot != nil && len(given) > 0 {
		return NotInSnapshot("--" + given[0])
	}
	return nil
}

// AllFlags returns the command's own flags and those that all have.
func (cmd *Command) AllFlags() []Flag {
	return slices.Concat(cmd.Flags, cmd.printFlags(), GlobalFlags())
}

// printFlags returns the flags that say how the command prints.
func (cmd *Command) printFlags() []Flag {
	if len(cmd.Formats) > 0 {
		return OutputFlags(cmd.Formats)
	}
	return []Flag{&BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "report errors as JSON"}}
}

// isCommand reports whether there is a command of that name.
func isCommand(name string, all []*Command) bool {
	return slices.ContainsFunc(all, func(cmd *Command) bool { return cmd.Name == name })
}

// Find returns the verb of that name, or an error with the one that may have been meant.
func Find(all []*Command, name string) (*Command, error) {
	var names []string
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	hint := cmp.Or(fail.DidYouMean(name, names), "run shmtool --help to list the commands")
	if command := meant[name]; isCommand(command, all) {
		hint = "did you mean " + command + "?"
	}
	return nil, fail.Hinted(fail.Usagef("unknown command %q", name), hint)
}

// ArgumentKind returns what the n-th argument of a command is, as its synopsis calls it:
// "PAGE", "NAME=VALUE" or "a|b". The last of those that repeat goes on.
func (cmd *Command) ArgumentKind(n int) string {
	var kinds []string
	repeats := false
	for _, word := range strings.Fields(cmd.Args) {
		word = strings.Trim(word, "[]")
		if strings.HasPrefix(word, "-") || word == "|" {
			break
		}
		kind, many := strings.CutSuffix(word, "…")
		kinds, repeats = append(kinds, strings.Trim(kind, "[]")), many
	}
	switch {
	case n < len(kinds):
		return kinds[n]
	case repeats:
		return kinds[len(kinds)-1]
	}
	return ""
}
