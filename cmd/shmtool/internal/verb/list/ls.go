package list

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/dump"
)

// lsOptions is what a command line of ls asks for.
type lsOptions struct {
	args     []string // the patterns as they were typed
	patterns []pattern.Pattern
	streams  pages.Streams
	all      bool
	to       string
}

// Ls returns the command that lists pages and other objects.
func Ls() *cli.Command {
	return &cli.Command{
		Name:  "ls",
		Paged: true,
		Args:  "[PATTERN…]",
		Usage: "list pages",
		About: `ls lists the RelAccX pages in the shared memory directory whose names match a shell
pattern, or all pages: first MistServer's by stream, and in a stream meta, tracks,
users, and state; then all others by name. WRITER is the process that holds the
writer's lock, or else the living owner that MistServer records for the object. READERS is how
many processes map the object, as far as you may see, or ? when nothing shows them. AGE is the time since it was made.

ls counts the objects that it cannot read on standard error, with the reason; --all
lists them. When nothing matches, ls says so there and exits with code 0.

--stream and --all also list objects that are not pages: data, state, PIDs, semaphores.
STATUS is then the state, whether the process of a PID is alive, or whether a semaphore
is held. --all adds ALLOCATED, the memory that an object takes, which is less than its
size when parts of it were never written. -o prometheus is for monitoring; --to writes
it where node_exporter finds it.`,
		Examples: []string{
			"shmtool ls",
			"shmtool ls 'MstTrak*' --fields name,rcount,endpos,writer",
			"shmtool ls --stream live",
			"shmtool ls --stream-pattern 'live+*' --fields +stream,allocated",
			"shmtool ls --sort -size",
			"shmtool ls --all --where '.lock != null and .status == \"held\"'",
			"shmtool ls --where '.readers == 0' --names | xargs -n1 shmtool check",
			`shmtool ls --format '{{.name}} {{.size}} {{join "," .pids}}'`,
			"shmtool ls --ssh edge1,edge2 --where '.readers == 0'",
			"shmtool ls --all --shm-dir /proc/4711/root/dev/shm",
			"shmtool ls -o prometheus --to /var/lib/node_exporter/pages.prom",
		},
		Formats: out.MeasuredFormats,
		Columns: func() []string { return (&dump.Listing{Columns: lsOptions{}.columns()}).Keys() },
		Flags: append([]cli.Flag{
			cli.ToFlag(),
			cli.SortFlag(),
			cli.SSHFlagOfMany(),
			&cli.BoolFlag{Name: "all", Usage: "list every object, pages or not"},
		}, pages.StreamFlags(
			"list only the objects of the MistServer stream `NAME`; may be repeated",
			"list only the objects of streams whose names match the shell `PATTERN`; may be repeated")...),
		Run:      runLs,
		Together: lsTogether,
	}
}

func lsOptionsOf(c *cli.Call) (o lsOptions, err error) {
	if o.patterns, err = pages.Names(c.World, c.Args); err != nil {
		return o, err
	}
	if o.streams, err = pages.Flagged(c); err != nil {
		return o, err
	}
	o.args, o.all, o.to = c.Args, c.Bool("all"), c.String("to")
	return o, nil
}

func runLs(_ context.Context, c *cli.Call) error {
	o, err := lsOptionsOf(c)
	if err != nil {
		return err
	}
	table := c.Procs()
	objects, err := listObjects(c.World, table)
	if err != nil {
		return err
	}
	chosen, err := o.choose(c.World, c.Out, objects, table)
	if err != nil {
		return err
	}
	c.WarnOfHidden()
	c.WarnOfUnread()
	return c.Out.To(o.to, func(p *out.Printer) error { return chosen.print(p, o) })
}
