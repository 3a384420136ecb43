package read

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/dump"
)

// diffMoments compares two snapshots, or a snapshot with what is there now.
func diffMoments(ctx context.Context, c *cli.Call, o diffOptions) error {
	var both [2]*difference.Moment
	for i, path := range o.args {
		err := c.WithSnapshot(ctx, path, func(s *snapshot.Opened) (err error) {
			both[i], err = difference.Look(s.ShmDir, procs.Open(s.ProcDir, s.ShmDir), nil)
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(o.args) == 1 {
		now, err := difference.Look(c.ShmDir, c.Procs(), nil)
		if err != nil {
			return c.NoDirectory(err)
		}
		both[1] = now
	}
	d := difference.Compare(both[0], both[1], streams.RowOptions{ShowSecrets: c.Secrets})
	if c.Out.IsUsual() {
		list, differs := momentOutlines(c.Out, o, d)
		if err := c.Out.Outlines(list); err != nil {
			return err
		}
		return different(differs)
	}
	return printDifferences(c.Out, o, "snapshot", timesOf(d), d.All())
}

// timesOf returns when the moments were.
func timesOf(d *difference.Moments) (facts []dump.Fact) {
	for i, m := range []*difference.Moment{d.Before, d.Now} {
		if !m.Taken.IsZero() {
			facts = append(facts, dump.Fact{Name: []string{"a_time", "b_time"}[i], Value: m.Taken.UTC()})
		}
	}
	return facts
}
