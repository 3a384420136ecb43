package read

import (
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// printHex prints the annotated hex dump of a page, valid or not.
func printHex(c *cli.Call, o dumpOptions, b *bytesOf) error {
	t := o.target
	info := t.Within(object.Rules(t, b.whole))
	h := dump.HexOptions{
		ShowHeader:  o.sections.header,
		ShowSchema:  o.sections.schema,
		ShowRecords: o.sections.records,
		Slots:       o.selection.Slots,
		Depth:       o.depth,
		Color:       c.Out.Color,
		Width:       c.Out.Rendering().Width,
		Base:        b.base,
		Page:        info,
		Clock:       func() mist.Clock { return object.Clock(c.World, t) },
		Memory: func(from int) (start, end int) {
			start, end = b.whole.NextData(b.base + from)
			return min(start-b.base, len(b.bytes)), min(end-b.base, len(b.bytes))
		},
	}
	if info != nil {
		h.UnkeptCounters = !info.CountersKept
	}
	if !c.Secrets {
		h.Secrets = dump.HexSecrets
	}
	var err error
	if h.Selected, err = b.selected(o, info); err != nil {
		return err
	}
	return dump.Hex(b.unloading(c.Out), b.bytes, b.header, h)
}

// selected returns the records or slots that --range and --last choose; nil without them.
func (b *bytesOf) selected(o dumpOptions, info *mist.PageInfo) (*layout.Window, error) {
	s := o.selection
	if !o.bounded {
		return nil, nil
	}
	if b.records != nil && !s.Slots {
		w, err := s.Of(b.records)
		return &w, err
	}
	all := info.Rows(b.header, len(b.bytes))
	if s.Slots {
		all = b.header.AllSlots(len(b.bytes))
	}
	w := all.Clamp(s.First, s.End).Last(s.Last)
	return &w, nil
}
