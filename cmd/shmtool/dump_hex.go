package main

import (
	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// printHex prints the annotated hex dump of a page, valid or not.
// Reader r has its records; it is nil for a page that cannot be read by records.
func printHex(c *cli.Call, p *relaccx.Page, r *relaccx.Reader, t target, page []byte, base int, h layout.Header, s selection) error {
	info := t.within(rulesOf(c, t, p))
	o := dump.HexOptions{
		ShowHeader:  c.Bool("header"),
		ShowSchema:  c.Bool("schema"),
		ShowRecords: c.Bool("records"),
		Slots:       s.slots,
		Depth:       c.Int("depth"),
		Color:       c.Out.Color,
		Width:       c.Out.Rendering().Width,
		Base:        base,
		Page:        info,
		Clock:       func() mist.Clock { return clockOf(c, t) },
		Memory: func(from int) (start, end int) {
			start, end = p.NextData(base + from)
			return min(start-base, len(page)), min(end-base, len(page))
		},
	}
	if info != nil {
		o.UnkeptCounters = !info.CountersKept
	}
	if !c.Secrets {
		o.Secrets = dump.HexSecrets
	}
	if c.IsSet("range") || c.IsSet("last") {
		all := info.Rows(h, len(page))
		if s.slots {
			all = h.AllSlots(len(page))
		}
		w := all.Clamp(s.first, s.end).Last(s.last)
		if r != nil && !s.slots {
			var err error
			if w, err = s.of(r); err != nil {
				return err
			}
		}
		o.Selected = &w
	}
	return dump.Hex(c.Out, page, h, o)
}
