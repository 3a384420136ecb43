package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

const cleanSchema = "shmtool.clean/1"

func Clean() *cli.Command {
	return &cli.Command{
		Name:  "clean",
		Args:  "[STREAM…]",
		Usage: "list orphaned objects, and remove them with --yes",
		About: `Lists the orphaned objects of MistServer and of simulations, with the evidence and
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
processes that a killed simulation has left.

--end ends the stream that --stream names. clean lists each process that uses the
stream, asks it to end, and kills it after six seconds; it continues a stopped
process first. Then it removes the stream at once, even while encoders and viewers
come back. It ends nothing when one of the processes also uses another stream or is
in another PID namespace. It never ends the controller, or a process that only uses
objects that belong to no stream.

When clean cannot see all processes it does not run (exit code 7): use sudo. It exits
with code 5, and says why, when processes of another PID namespace use the directory,
and when objects wait only for --min-age.
In a snapshot, clean lists what was orphaned then, and removes nothing.`,
		Examples: []string{
			"sudo shmtool clean",
			"sudo shmtool clean --yes",
			"sudo shmtool clean --stream-pattern 'live+*' --min-age 10m --yes",
			"sudo shmtool clean --stream live --end         # lists what it would end and remove",
			"sudo shmtool clean --stream live --end --yes",
			"sudo shmtool clean --all   # also what is kept, and why",
			"sudo shmtool clean -j | jq '[.rows[].allocated] | add'",
			"shmtool clean --moment stuck.tar.gz",
			"sudo shmtool clean --shm-dir /proc/4711/root/dev/shm",
		},
		Formats: out.PlainFormats,
		Flags: append(pages.StreamFlags(
			"only the objects of the stream `NAME`; may be repeated",
			"only the objects of streams whose names match the shell `PATTERN`; may be repeated"),
			&cli.BoolFlag{Name: "yes", Usage: "remove what is listed"},
			&cli.BoolFlag{Name: "end", Usage: "end the processes that use the --stream first, whether it lives or not"},
			&cli.DurationFlag{Name: "min-age", Value: time.Minute, Usage: "leave what has changed less than `D` ago"},
			&cli.BoolFlag{Name: "all", Usage: "also list what stays, and why"},
			&cli.BoolFlag{Name: "force", Usage: "run although not all processes can be seen: a hidden one may use what is removed"},
			cli.DryRunFlag(),
		),
		Access: cli.Cleans,
		Run:    runClean,
	}
}

func runClean(ctx context.Context, c *cli.Call) error {
	if c.Bool("end") {
		return runEnd(ctx, c)
	}
	o, err := cleanOptions(c)
	if err != nil {
		return err
	}
	yes := c.Bool("yes") && !c.Bool("dry-run")
	if yes && c.Snapshot != nil {
		return fail.Usagef("a snapshot is read-only: clean --yes takes no --moment")
	}
	plan, err := cleaning.Scan(ctx, o)
	if err != nil {
		return c.NoDirectory(err)
	}
	switch {
	case yes && !plan.Living:
		return fail.Usagef("%s is a snapshot: nothing in it is removed", c.ProcDir)
	case plan.Foreign != "":
		return foreignProcesses(c, plan.Foreign)
	case plan.Partial() && !c.Bool("force"):
		return blind(c, plan.Unseen)
	}
	shown := shownObjects(plan.Objects, c.Bool("all"))
	l := &dump.Listing{Schema: cleanSchema, Columns: cleanColumns(c.Bool("all") || yes)}
	for _, o := range shown {
		l.Rows = append(l.Rows, cleanRow(c, o, verdictOf(o), o.Evidence, 0))
	}
	if shown, err = out.KeepRows(c.Out, l, shown); err != nil { // what is removed, not what is printed only
		return err
	}
	waits := youngError(c, plan, o)
	if len(shown) == 0 && c.Out.Format == out.Table && !c.Out.NamesOnly {
		if waits != nil {
			return waits
		}
		return nothingToClean(c, plan, o)
	}
	if yes {
		if part := partChosen(plan.Objects, shown); part != "" {
			return fail.Refusef("nothing is removed: --where chooses a part of the dead stream %q, which goes as a whole or not at all", part)
		}
		plan.Objects = chosenObjects(plan.Objects, shown)
		err = removeListed(ctx, c, plan, shown, l)
	}
	if err == nil {
		err = waits
	}
	return errors.Join(printClean(c, l, shown, yes), err)
}

// youngError is an error when objects stay for nothing but their age, and nothing else is
// free, or their stream was asked for: the command has not done what it was run for.
func youngError(c *cli.Call, plan *cleaning.Plan, o cleaning.Options) error {
	young, waits := plan.Waits()
	if !waits || o.Streams == nil && slices.ContainsFunc(plan.Objects, func(o cleaning.Object) bool { return o.Free() }) {
		return nil
	}
	what := fmt.Sprintf("object %q", young.Name)
	if young.Is.Stream != "" {
		what = fmt.Sprintf("stream %q", young.Is.Stream)
	}
	wait := young.Waits.Truncate(time.Second) + time.Second
	age := max(0, o.MinAge-young.Waits).Truncate(100 * time.Millisecond)
	return fail.Hinted(fail.Refusef("%s changed %v ago, and --min-age is %v", what, age, o.MinAge),
		fmt.Sprintf("run it again in %v, or with --min-age %v", wait, max(0, age).Truncate(time.Second)))
}

// foreignProcesses says that objects are in use by processes that cannot be seen from
// here, so that none can be said to be free.
func foreignProcesses(c *cli.Call, object string) error {
	return fail.Hinted(fail.Refusef("object %q is in use by a process that %s does not show: a process of another PID namespace or machine uses %s, and nothing of it is known to be free",
		object, c.ProcDir, c.ShmDir), "run clean where MistServer's processes show: in their container, or on the host")
}

// nothingToClean says so, and what keeps the first object that stays.
func nothingToClean(c *cli.Call, plan *cleaning.Plan, wanted cleaning.Options) error {
	kept := ""
	if i := slices.IndexFunc(plan.Objects, func(o cleaning.Object) bool { return !o.Free() }); i >= 0 {
		o := plan.Objects[i]
		more := "--all lists what else does"
		if wanted.Streams != nil && o.Is.Stream != "" {
			more += "; --end ends the stream"
		}
		kept = fmt.Sprintf("; %s stays: %s (%s)", mist.EscapeName(o.Name), mist.EscapeName(o.Keep), more)
	}
	_, err := fmt.Fprintf(c.Out, "nothing to clean in %s%s\n", c.ShmDir, kept)
	return err
}

// lookAgain is how long the two looks of a scan are apart: a reload takes
// microseconds, and a buffer looks at its pages four times a second.
const lookAgain = time.Second

func cleanOptions(c *cli.Call) (cleaning.Options, error) {
	o := cleaning.Options{ShmDir: c.ShmDir, ProcDir: c.ProcDir, MinAge: c.Duration("min-age"), Pause: min(lookAgain, max(c.Duration("min-age"), 50*time.Millisecond))}
	patterns, err := pages.NewStreams(c.World, c.Args)
	if err != nil {
		return o, err
	}
	flagged, err := pages.Flagged(c)
	if err != nil {
		return o, err
	}
	patterns = append(patterns, flagged...)
	if o.MinAge < 0 {
		return o, fail.Usagef("--min-age %v is below 0", o.MinAge)
	}
	if len(patterns) > 0 {
		o.Streams = patterns.Wanted
	}
	return o, nil
}

// blind says that a process that cannot be seen may use what seems to be free.
func blind(c *cli.Call, unseen []procs.Process) error {
	hint := "use sudo, or --force where they are none of MistServer's"
	if c.Snapshot != nil {
		hint = "the user who saved the snapshot could not see them; --force lists its objects all the same"
	} else if os.Geteuid() == 0 {
		hint = "not even root may here; --force where they are none of MistServer's"
	}
	if len(unseen) == 0 {
		return fail.Hinted(fmt.Errorf("not all processes show in %s, and may hold objects: %w", c.ProcDir, fs.ErrPermission), hint)
	}
	p := unseen[0]
	return fail.Hinted(fmt.Errorf("%s cannot be looked into and may hold objects, such as %s: %w",
		units.Counted(uint64(len(unseen)), "process", "processes"), object.ProcessText(p), fs.ErrPermission), hint)
}

func shownObjects(objects []cleaning.Object, all bool) []cleaning.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o cleaning.Object) bool { return !all && !o.Free() })
}

// chosenObjects are those of a plan that are shown.
func chosenObjects(objects, shown []cleaning.Object) []cleaning.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o cleaning.Object) bool {
		return !slices.ContainsFunc(shown, func(s cleaning.Object) bool { return s.Name == o.Name })
	})
}

// partChosen names a dead stream of which some objects are chosen, and others are not.
func partChosen(objects, shown []cleaning.Object) string {
	chosen := map[string]bool{}
	for _, o := range shown {
		chosen[o.Name] = true
	}
	some := map[string]bool{}
	for _, o := range shown {
		some[o.Is.Stream] = some[o.Is.Stream] || o.Whole
	}
	for _, o := range objects {
		if o.Whole && o.Free() && some[o.Is.Stream] && !chosen[o.Name] {
			return o.Is.Stream
		}
	}
	return ""
}

// removeListed removes, and puts into the rows what came of it. The error is the first
// of the most serious.
func removeListed(ctx context.Context, c *cli.Call, plan *cleaning.Plan, shown []cleaning.Object, l *dump.Listing) error {
	var all error
	err := plan.Remove(ctx, func(o *cleaning.Object, err error) {
		i := slices.IndexFunc(shown, func(s cleaning.Object) bool { return s.Name == o.Name })
		verdict, why, freed := "removed", o.Evidence, o.Allocated
		var kept *cleaning.KeptError
		switch {
		case errors.As(err, &kept):
			verdict, why, freed = "refused", []string{kept.Reason}, 0
			err = fail.As(fail.Refused, err)
		case err != nil:
			verdict, why, freed = "failed", []string{fail.Bare(err).Error()}, 0
			err = fail.OnPage(o.Name, err)
		}
		l.Rows[i] = cleanRow(c, *o, verdict, why, freed)
		if err != nil && all != nil {
			c.Report(ctx, all) // the last one is reported by run
		}
		if err != nil {
			all = err
		}
	})
	if all == nil {
		return err
	}
	return all
}

func cleanColumns(verdict bool) []dump.Column {
	return []dump.Column{
		{Name: "NAME"},
		{Name: "KIND", Minor: true},
		{Name: "STREAM", Extra: true},
		{Name: "ALLOCATED", Right: true},
		{Name: "AGE", Right: true},
		{Name: "VERDICT", Extra: !verdict},
		{Name: "FREED", Right: true, Extra: true},
		{Name: "WHY"},
	}
}

func verdictOf(o cleaning.Object) string {
	if o.Free() {
		return "free"
	}
	return "kept"
}

func cleanRow(c *cli.Call, o cleaning.Object, verdict string, why []string, freed int64) []dump.Cell {
	tone := dump.Attention
	if verdict == "removed" || verdict == "kept" {
		tone = dump.Good
	}
	if !o.Free() {
		why = []string{o.Keep}
	}
	age := dump.Cell{}
	if o.Age >= 0 {
		age = dump.Cell{Value: int64(o.Age.Seconds()), Text: units.Age(o.Age)}
	}
	return []dump.Cell{
		{Value: o.Name, Text: mist.EscapeName(o.Name)},
		{Value: o.Kind, Text: strings.TrimSpace(o.Kind + " " + string(o.Is.Lock))},
		{Value: object.TextOrNull(o.Is.Stream), Text: mist.EscapeName(o.Is.Stream)},
		{Value: o.Allocated, Text: dump.SizeOrBytes(o.Allocated, c.Out.Bytes)},
		age,
		{Value: verdict, Tone: tone},
		{Value: freed, Text: dump.SizeOrBytes(freed, c.Out.Bytes)},
		{Value: why, Text: mist.EscapeName(strings.Join(why, "; "))},
	}
}

// printClean prints the rows; on a terminal, what they come to.
func printClean(c *cli.Call, l *dump.Listing, shown []cleaning.Object, yes bool) error {
	at := slices.IndexFunc(l.Columns, func(c dump.Column) bool { return c.Name == "FREED" })
	sum, count := int64(0), uint64(0)
	for i, o := range shown {
		if freed := l.Rows[i][at].Value.(int64); yes && l.Rows[i][at-1].Value == "removed" {
			sum, count = sum+freed, count+1
		} else if !yes && o.Free() {
			sum, count = sum+o.Allocated, count+1
		}
	}
	if err := c.Out.PrintList(l); err != nil || !c.Out.Terminal || c.Out.Format != out.Table || c.Out.NamesOnly {
		return err
	}
	text := fmt.Sprintf("%s, %s to give back; --yes removes them", units.Counted(count, "object", "objects"), dump.SizeOrBytes(sum, c.Out.Bytes))
	if yes {
		text = fmt.Sprintf("%s removed, %s given back", units.Counted(count, "object", "objects"), dump.SizeOrBytes(sum, c.Out.Bytes))
	}
	return c.Out.Line(text, dump.Faint)
}
