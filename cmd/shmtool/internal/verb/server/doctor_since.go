package server

import (
	"context"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// since is an earlier moment that an examination is compared with.
type since struct {
	snapshot string
	before   *difference.Moment
	single   []finding.Finding // what one look tells now: the earlier moment is one look
	gone     []finding.Finding // findings of the earlier moment that are no longer there
}

// The words for a finding and an earlier moment.
const (
	sinceNew     = "new"
	sinceBefore  = "before"
	sinceUnknown = "unknown" // only movement tells it, which one look does not see
)

// lookAt looks at a snapshot.
func lookAt(ctx context.Context, c *cli.Call, path string, chosen pages.Streams) (before *difference.Moment, err error) {
	err = c.WithSnapshot(ctx, path, func(s *snapshot.Opened) (err error) {
		before, err = difference.Look(s.ShmDir, procs.Open(s.ProcDir, s.ShmDir), chosen.Wanted)
		return err
	})
	return before, err
}

// compareWith compares an examination with a snapshot, if there is one.
func (x *examination) compareWith(path string, before *difference.Moment) {
	if before == nil {
		return
	}
	s := &since{snapshot: path, before: before, single: doctor.Suspicions(nil, x.moment)}
	for _, j := range difference.Gone(before, slices.Concat(x.found, s.single)) {
		s.gone = append(s.gone, j.Finding)
	}
	x.since = s
}

// of tells what became of a finding; "" without an earlier moment.
func (s *since) of(f *finding.Finding) string {
	switch {
	case s == nil:
		return ""
	case difference.Has(s.before.Found, f) || difference.Has(s.before.Suspected, f):
		return sinceBefore
	case !difference.Has(s.single, f):
		return sinceUnknown
	}
	return sinceNew
}

// counting returns the findings that the exit code depends on: with --since those that the
// earlier moment does not have.
func (x *examination) counting() []finding.Finding {
	all := slices.Concat(x.found, x.hidden)
	return slices.DeleteFunc(all, func(f finding.Finding) bool { return x.since.of(&f) == sinceBefore })
}

// sinceHead returns what the listing of findings says of the earlier moment.
func sinceHead(s *since) []dump.Fact {
	if s == nil {
		return nil
	}
	return []dump.Fact{
		{Name: "since", Value: map[string]any{"snapshot": dump.Text(s.snapshot), "time": timeOrNil(s.before.Taken)}},
		{Name: "gone", Value: append([]finding.Finding{}, s.gone...)},
	}
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// sinceMark marks a finding in a tree.
func (s *since) mark(f *finding.Finding) string {
	switch s.of(f) {
	case sinceNew:
		return "  new"
	case sinceUnknown:
		return "  perhaps new: the snapshot cannot tell"
	}
	return ""
}

// manyGone is how many findings that have gone a tree names.
const manyGone = 5

// outlines tells what has gone since the earlier moment, or that nothing is new.
func (s *since) outlines(x *examination) (list []*out.Outline) {
	if s == nil {
		return nil
	}
	for i := range s.gone[:min(manyGone, len(s.gone))] {
		f := &s.gone[i]
		text := f.Code
		if f.Object != "" {
			text += "  " + mist.EscapeName(f.Object)
		}
		list = append(list, line("gone: "+titleOf(f.Stream)+"  "+text, dump.Good))
	}
	if more := len(s.gone) - manyGone; more > 0 {
		list = append(list, line(units.Counted(uint64(more), "finding", "findings")+" more gone; -j lists them", dump.Faint))
	}
	if len(x.counting()) == 0 {
		list = append(list, line("nothing new since "+mist.EscapeName(s.snapshot)+s.when(), dump.Good))
	}
	return list
}

// when says when the earlier moment was.
func (s *since) when() string {
	if s.before.Taken.IsZero() {
		return ""
	}
	return ", saved " + s.before.Taken.UTC().Format(time.RFC3339)
}

// refuseSince refuses --since where a format has no place for it.
func (o doctorOptions) refuseSince(c *cli.Call) error {
	if o.since != "" && (c.Out.Format == out.Nagios || c.Out.Format == out.OpenMetrics || c.Out.Format == out.Prometheus) {
		return fail.Usagef("-o %s has no place for --since", c.Out.Format)
	}
	return nil
}
