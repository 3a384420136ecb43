package server

import (
	"context"
	"time"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
)

// cleanOptions is what a command line of clean asks for.
type cleanOptions struct {
	find    cleaning.Options
	named   []string // streams that --end ends
	end     bool
	remove  bool // and not only list
	all     bool
	force   bool
	streams pages.Streams
}

// Clean returns the command that lists and removes orphaned objects.
func Clean() *cli.Command {
	return &cli.Command{
		Name:  "clean",
		Args:  "[STREAM…]",
		Usage: "list orphaned objects, and remove them with --yes",
		About: cleanAbout,
		Examples: []string{
			"sudo shmtool clean",
			"sudo shmtool clean --yes",
			"sudo shmtool clean --stream-pattern 'live+*' --min-age 10m --yes",
			"sudo shmtool clean --stream live --end  # lists what it would end and remove",
			"sudo shmtool clean --stream live --end --yes",
			"sudo shmtool clean --all   # also lists what it keeps, and why",
			"sudo shmtool clean -j | jq '[.rows[].allocated] | add'",
			"shmtool clean --moment stuck.tar.gz",
			"sudo shmtool clean --shm-dir /proc/4711/root/dev/shm",
		},
		Formats: out.PlainFormats,
		Columns: func() []string { return new(cleanTable).listing(false).Keys() },
		Flags: append(pages.StreamFlags(
			"clean only the stream `NAME`; may be repeated",
			"clean only streams whose names match the shell `PATTERN`; may be repeated"),
			&cli.BoolFlag{Name: cli.YesFlag, Usage: "remove what clean lists"},
			&cli.BoolFlag{Name: "end", Usage: "first end the processes that use the --stream, whether it is live or not"},
			&cli.DurationFlag{Name: "min-age", Value: time.Minute, Usage: "keep objects that have changed less than `D` ago"},
			&cli.BoolFlag{Name: "all", Usage: "also list what clean keeps, and why"},
			&cli.BoolFlag{Name: "force", Usage: "run even when processes are hidden; they may use what clean removes"},
			cli.DryRunFlag(),
			cli.SortFlag(),
		),
		Access: cli.Cleans,
		Run:    runClean,
	}
}

const cleanAbout = `Lists the orphaned objects of MistServer and of simulations, with the evidence and
the memory that each gives back. An object is orphaned when no process maps it or
has it open, no living process refers to it, the processes that it names are dead,
and it has not changed for --min-age, nor between two looks. shmtool's own readers,
such as top and tail, keep nothing.

With --yes clean removes what it lists. A dead stream goes as a whole or stays as a
whole: when a process takes up one of its objects while clean runs, all of them stay
(exit code 5). When a stream lives, clean removes only its tracks and data to which
nothing leads. Objects that belong to no stream go when no process of MistServer
lives, and only when you name no STREAM. clean never touches a running simulation,
or an object whose contents do not match its name. simulate --clean also ends the
processes that a killed simulation has left. clean --yes, create, replay, resize and rm also
remove the hidden objects that a killed shmtool has left (.shmtool-…).

--end ends the stream that --stream names. clean lists each process that uses the
stream, asks it to end, and kills it after six seconds; it continues a stopped
process first. Then it removes the stream at once, even while encoders and viewers
come back. It ends nothing when one of the processes also uses another stream or is
in another PID namespace. It never ends the controller, or a process that only uses
objects that belong to no stream.

When clean cannot see all processes it does not run (exit code 7): use sudo. It exits
with code 5, and says why, when processes of another PID namespace use the directory,
and when objects wait only for --min-age.
In a snapshot, clean lists what was orphaned then, and removes nothing.`

func cleanOptionsOf(c *cli.Call) (o cleanOptions, err error) {
	flagged, err := pages.Flagged(c)
	if err != nil {
		return o, err
	}
	o = cleanOptions{
		find: cleaning.Options{ShmDir: c.ShmDir, ProcDir: c.ProcDir},
		end:  c.Bool("end"), remove: c.Bool(cli.YesFlag) && !c.Bool("dry-run"), all: c.Bool("all"), force: c.Bool("force"),
	}
	if o.end {
		o.named, err = streamsToEnd(c, flagged)
		return o, err
	}
	if o.streams, err = pages.NewStreams(c.World, c.Args); err != nil {
		return o, err
	}
	o.streams = append(o.streams, flagged...)
	if len(o.streams) > 0 {
		o.find.Streams = o.streams.Wanted
	}
	o.find.MinAge = c.Duration("min-age")
	o.find.Pause = min(lookAgain, max(o.find.MinAge, shortestPause))
	switch {
	case o.find.MinAge < 0:
		return o, fail.Invalid("--min-age", o.find.MinAge, "a duration from 0 up")
	case o.remove && c.Snapshot != nil:
		return o, fail.Usagef("a snapshot is read-only: clean --yes takes no --moment")
	}
	return o, nil
}

// streamsToEnd returns the streams that --end ends.
func streamsToEnd(c *cli.Call, flagged pages.Streams) ([]string, error) {
	names := flagged.Exact()
	switch {
	case len(names) == 0 || len(names) < len(flagged) || len(c.Args) > 0:
		return nil, fail.Usagef("--end takes --stream NAME, and no other way to choose streams")
	case c.Out.Predicate != nil:
		return nil, fail.Usagef("--end removes whole streams: it takes no --where")
	case c.Snapshot != nil:
		return nil, fail.Usagef("a snapshot is read-only: clean --end takes no --moment")
	}
	return names, nil
}

// How far apart the two looks of a scan are: a reload takes microseconds, and a buffer
// looks at its pages four times per second.
const (
	lookAgain     = time.Second
	shortestPause = 50 * time.Millisecond
)

func runClean(ctx context.Context, c *cli.Call) error {
	o, err := cleanOptionsOf(c)
	switch {
	case err != nil:
		return err
	case o.end:
		return endStreams(ctx, c.World, c.Out, o)
	}
	return cleanOrphans(ctx, c.World, c.Out, o)
}
