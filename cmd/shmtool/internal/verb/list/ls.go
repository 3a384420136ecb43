package list

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

func Ls() *cli.Command {
	return &cli.Command{
		Name:  "ls",
		Args:  "[PATTERN…]",
		Usage: "the pages there are",
		About: `Lists the RelAccX pages of the shared memory directory whose names match a shell
pattern, all without one: MistServer's by stream, and of a stream meta, tracks,
users, state; then all others by name. WRITER is the process that holds the
writer's lock, else the living one that MistServer means to own the object;
READERS is how many processes map it, as far as you may see; AGE is since it was
made.

What you are not allowed to read is counted on standard error, and --all lists it.
When nothing matches, ls says so there and exits with code 0.

--stream and --all also list what is no page: data, state, PIDs, semaphores.
STATUS is then the state, whether a PID lives, or whether a semaphore is held.
--all adds ALLOCATED, the memory that an object takes, which is much less than
its size where it has never been written. -o openmetrics is for Prometheus;
--to puts it where node_exporter finds it.`,
		Examples: []string{
			"shmtool ls",
			"shmtool ls 'MstTrak*' --fields name,rcount,endpos,writer",
			"shmtool ls --stream live",
			"shmtool ls --stream-pattern 'live+*' --fields +stream,allocated",
			"shmtool ls --all --where '.lock != null and .status == \"held\"'",
			"shmtool ls --where '.readers == 0' --names | xargs -n1 shmtool check",
			"shmtool ls --all --shm-dir /proc/4711/root/dev/shm",
			"shmtool ls -o openmetrics --to /var/lib/node_exporter/pages.prom",
		},
		Formats: out.MeasuredFormats,
		Columns: out.Keys(ListingColumns(true)),
		Flags: append([]cli.Flag{
			cli.ToFlag(),
			&cli.BoolFlag{Name: "all", Usage: "every object that is there, pages or not"},
		}, pages.StreamFlags(
			"list only the objects of the MistServer stream `NAME`; may be repeated",
			"list only the objects of streams whose names match the shell `PATTERN`; may be repeated")...),
		Run: runLs,
	}
}

func runLs(_ context.Context, c *cli.Call) error {
	patterns, err := pages.Names(c.World, c.Args)
	if err != nil {
		return err
	}
	wanted, err := pages.Flagged(c)
	if err != nil {
		return err
	}
	table := c.Procs()
	objects, err := listObjects(c, table)
	if err != nil {
		return err
	}
	noStream := false
	if len(wanted) > 0 {
		if objects, err = ofStreams(c, objects, wanted); err != nil {
			return err
		}
		noStream = len(objects) == 0
	}
	if len(c.Args) > 0 {
		objects = slices.DeleteFunc(objects, func(o object.Entry) bool { return !pattern.Any(patterns, o.Name) })
	}
	nouns, denied := "objects", 0
	if len(wanted) == 0 && !c.Bool("all") {
		nouns = "pages"
		objects, denied = onlyPages(c, objects)
	} else {
		denied = deniedOf(objects)
		c.Out.SayDenied(denied, 0)
	}
	why := c.Out.Empty(nouns, c.Args, denied)
	if noStream {
		why = fmt.Sprintf("no stream in %s matches %s", c.ShmDir, mist.EscapeName(strings.Join(wanted.Texts(), " ")))
	}
	slices.SortFunc(objects, compareObjects)
	l, sights := pageListing(c, objects, table, c.Bool("all"))
	return c.To(c.String("to"), func(c *cli.Call) error {
		if c.Out.Format == out.OpenMetrics {
			return printObjectMetrics(c, l, sights)
		}
		if err := c.Out.Listed(l, nouns, why); err != nil || !c.Bool("all") {
			return err
		}
		return printTotal(c, l)
	})
}

// onlyPages returns the pages among objects, and says how many of those that are
// left out may be pages that you are not allowed to read.
func onlyPages(c *cli.Call, objects []object.Entry) (pages []object.Entry, denied int) {
	leftOut := 0
	for _, o := range objects {
		switch {
		case o.IsPage:
			pages = append(pages, o)
		case o.Denied && !o.Known:
			leftOut++
		}
	}
	denied = deniedOf(pages) + leftOut
	c.Out.SayDenied(denied, leftOut)
	return pages, denied
}

func deniedOf(objects []object.Entry) (count int) {
	for _, o := range objects {
		if o.Denied {
			count++
		}
	}
	return count
}

// printObjectMetrics prints the metrics of a listing's rows.
func printObjectMetrics(c *cli.Call, l *dump.Listing, sights []ObjectSight) (err error) {
	if sights, err = out.KeepRows(c.Out, l, sights); err != nil {
		return err
	}
	var s metrics.Set
	for i := range sights {
		ObjectMetrics(&s, &sights[i])
	}
	return s.Write(c.Out)
}

// listObjects are what the shared memory directory holds, each looked into.
func listObjects(c *cli.Call, table *procs.Table) ([]object.Entry, error) {
	entries, err := os.ReadDir(c.ShmDir)
	if err != nil {
		return nil, c.NoDirectory(err)
	}
	var objects []object.Entry
	for _, entry := range entries {
		if o, ok := object.Inspect(c.World, entry, table); ok {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// compareObjects puts MistServer's objects first, in its own order; all others
// follow by name.
func compareObjects(a, b object.Entry) int {
	switch {
	case a.Known && b.Known:
		return mist.Compare(a.Sorted, b.Sorted)
	case a.Known != b.Known:
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Name, b.Name)
}

// ofStreams returns the objects of the chosen streams, and the configuration that
// each has. That is found under the part of the name that streams share, and stands
// among the stream's own objects when one stream alone is chosen. A stream that was
// named and has no object is an error.
func ofStreams(c *cli.Call, objects []object.Entry, wanted pages.Streams) ([]object.Entry, error) {
	mine, bases := []object.Entry{}, map[string]bool{}
	there := map[string]bool{}
	for _, name := range wanted.Exact() {
		bases[mist.BaseName(name)] = true
	}
	for _, o := range objects {
		if o.Of.Stream != "" && wanted.Wanted(o.Of.Stream) {
			bases[mist.BaseName(o.Of.Stream)] = true
			there[o.Of.Stream] = true
			mine = append(mine, o)
		}
	}
	alone := ""
	if exact := wanted.Exact(); len(wanted) == 1 && len(exact) == 1 {
		alone = exact[0]
	}
	for _, o := range objects {
		if o.Of.Kind != mist.KindConfig || !bases[o.Of.Stream] {
			continue
		}
		for _, name := range wanted.Exact() {
			there[name] = there[name] || mist.BaseName(name) == o.Of.Stream
		}
		if slices.ContainsFunc(mine, o.Is) {
			continue
		}
		if alone != "" {
			o.Sorted.Stream = alone
		}
		mine = append(mine, o)
	}
	for _, name := range wanted.Exact() {
		if !there[name] {
			return nil, pages.NoSuchStream(c.World, name)
		}
	}
	return mine, nil
}

// printTotal says on a terminal what all that is listed takes.
func printTotal(c *cli.Call, l *dump.Listing) error {
	if !c.Out.Terminal || len(l.Rows) == 0 || c.Out.Format != out.Table || c.Out.NamesOnly || c.Out.Fields != nil {
		return nil
	}
	at := slices.IndexFunc(l.Columns, func(c dump.Column) bool { return c.Name == allocatedColumn })
	sum := int64(0)
	for _, row := range l.Rows {
		sum += row[at].Value.(int64)
	}
	text := fmt.Sprintf("%s, %s allocated", units.Counted(uint64(len(l.Rows)), "object", "objects"), dump.SizeOrBytes(sum, c.Out.Bytes))
	return c.Out.Line(text, dump.Faint)
}
