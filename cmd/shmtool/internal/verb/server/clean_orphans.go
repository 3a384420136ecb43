package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// cleanOrphans lists the orphaned objects, and removes them when it is told to.
func cleanOrphans(ctx context.Context, w *world.World, p *out.Printer, o cleanOptions) error {
	plan, err := cleaning.Scan(ctx, o.find)
	if err != nil {
		return w.NoDirectory(err)
	}
	switch {
	case o.remove && !plan.Living:
		return fail.Usagef("%s is a snapshot: clean removes nothing from it", w.ProcDir)
	case plan.Foreign != "":
		return foreignProcesses(w, plan.Foreign)
	case plan.Partial() && !o.force:
		return hiddenProcesses(w, plan.Unseen)
	}
	t := &cleanTable{verdicts: o.all || o.remove, removes: o.remove, none: nothingToClean(w, plan, o)}
	for _, found := range plan.Objects {
		if o.all || found.Free() {
			t.add(found)
		}
	}
	if t.lines, err = out.KeepRows(p, t.listing(p.Bytes), t.lines); err != nil { // --where chooses what is removed
		return err
	}
	waits := youngError(plan, o)
	if waits != nil {
		t.none = ""
	}
	if o.remove {
		relaccx.Sweep(w.ShmDir)
		if part := partChosen(plan.Objects, t.lines); part != "" {
			return fail.Refusef("nothing is removed: --where chooses a part of the dead stream %q, which goes as a whole or not at all", part)
		}
		plan.Objects = slices.DeleteFunc(slices.Clone(plan.Objects), func(o cleaning.Object) bool { return t.line(o.Name) == nil })
		err = t.remove(ctx, w, plan)
	}
	if err == nil {
		err = waits
	}
	return errors.Join(t.print(p), err)
}

// remove removes the objects of a plan, and puts the result into their lines. The error is
// the last one; those before are reported.
func (t *cleanTable) remove(ctx context.Context, w *world.World, plan *cleaning.Plan) error {
	var last error
	err := plan.Remove(ctx, func(o *cleaning.Object, err error) {
		if err = t.line(o.Name).become(o, err); err == nil {
			return
		}
		if last != nil {
			w.Report(ctx, last)
		}
		last = err
	})
	if last == nil {
		return err
	}
	return last
}

// become puts into a line what came of the removal of its object, and returns the error as
// it is reported.
func (l *cleanLine) become(o *cleaning.Object, err error) error {
	var kept *cleaning.KeptError
	switch {
	case errors.As(err, &kept) && kept.Gone():
		l.object, l.verdict, l.why, l.freed = o, "removed", []string{"another process has removed it"}, 0
		return nil
	case errors.As(err, &kept):
		l.object, l.verdict, l.why, l.freed = o, "refused", []string{kept.Reason}, 0
		return fail.As(fail.Refused, err)
	case err != nil:
		l.object, l.verdict, l.why, l.freed = o, "failed", []string{fail.Bare(err).Error()}, 0
		return fail.OnPage(o.Name, err)
	}
	l.object, l.verdict, l.why, l.freed = o, "removed", o.Evidence, o.Allocated
	return nil
}

// youngError returns an error when objects stay for nothing but their age, and nothing else
// is free or their stream was asked for: then clean has not done what it was run for.
func youngError(plan *cleaning.Plan, o cleanOptions) error {
	young, waits := plan.Waits()
	if !waits || len(o.streams) == 0 && slices.ContainsFunc(plan.Objects, func(o cleaning.Object) bool { return o.Free() }) {
		return nil
	}
	what := fmt.Sprintf("object %q", young.Name)
	if young.Is.Stream != "" {
		what = fmt.Sprintf("stream %q", young.Is.Stream)
	}
	minAge := o.find.MinAge
	wait := young.Waits.Truncate(time.Second) + time.Second
	age := max(0, minAge-young.Waits).Truncate(100 * time.Millisecond)
	return fail.Hinted(fail.Refusef("%s changed %v ago, and --min-age is %v", what, age, minAge),
		fmt.Sprintf("run it again in %v, or with --min-age %v", wait, max(0, age).Truncate(time.Second)))
}

// foreignProcesses returns the error about objects in use by processes that cannot be seen
// from here, so that no object is known to be free.
func foreignProcesses(w *world.World, object string) error {
	return fail.Hinted(fail.Refusef("object %q is in use by a process that %s does not show: a process of another PID namespace or machine uses %s, so no object is known to be free",
		object, w.ProcDir, w.ShmDir), "run clean where MistServer's processes show: in their container, or on the host")
}

// nothingToClean returns the line that says so, with the reason why the first object stays.
func nothingToClean(w *world.World, plan *cleaning.Plan, wanted cleanOptions) string {
	text := "nothing to clean in " + w.ShmDir
	i := slices.IndexFunc(plan.Objects, func(o cleaning.Object) bool { return !o.Free() })
	if i < 0 {
		return text
	}
	o := plan.Objects[i]
	more := "--all lists all reasons"
	if len(wanted.streams) > 0 && o.Is.Stream != "" {
		more += "; --end ends the stream"
	}
	return text + fmt.Sprintf("; %s stays: %s (%s)", mist.EscapeName(o.Name), mist.EscapeName(o.Keep), more)
}

// hiddenProcesses returns the error about processes that cannot be seen and may use objects
// that seem to be free.
func hiddenProcesses(w *world.World, unseen []procs.Process) error {
	hint := "use sudo, or --force when none of them is MistServer's"
	if w.Snapshot != nil {
		hint = "the user who saved the snapshot could not see them; use --force to list its objects anyway"
	} else if os.Geteuid() == 0 {
		hint = "not even root may see them here; use --force when none of them is MistServer's"
	}
	if w.Snapshot != nil && w.Procs().Missing() {
		return fail.Hinted(fmt.Errorf("the copy has no processes, and a process may use any of its objects: %w", fs.ErrPermission), "use --force to list its objects anyway")
	}
	if len(unseen) == 0 {
		return fail.Hinted(fmt.Errorf("%s does not show all processes, and a hidden one may use objects: %w", w.ProcDir, fs.ErrPermission), hint)
	}
	p := unseen[0]
	return fail.Hinted(fmt.Errorf("%s cannot be looked into and may use objects, such as %s: %w",
		units.Counted(uint64(len(unseen)), "process", "processes"), object.ProcessText(p), fs.ErrPermission), hint)
}

// partChosen returns a dead stream of which some objects are chosen, and others are not.
func partChosen(objects []cleaning.Object, chosen []cleanLine) string {
	names, whole := map[string]bool{}, map[string]bool{}
	for _, l := range chosen {
		names[l.object.Name] = true
		whole[l.object.Is.Stream] = whole[l.object.Is.Stream] || l.object.Whole
	}
	for _, o := range objects {
		if o.Whole && o.Free() && whole[o.Is.Stream] && !names[o.Name] {
			return o.Is.Stream
		}
	}
	return ""
}
