package main

import (
	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// hex prints the annotated hex dump of a page, valid or not.
// Reader r has its records; it is nil for a page that cannot be read by records.
func (e *env) hex(p *relaccx.Page, r *relaccx.Reader, t target, page []byte, base int, h layout.Header, c *cli.Call, s selection) error {
	info := t.within(e.rules(t, p))
	o := dump.HexOptions{
		ShowHeader:  c.Bool("header"),
		ShowSchema:  c.Bool("schema"),
		ShowRecords: c.Bool("records"),
		Slots:       s.slots,
		Depth:       c.Int("depth"),
		Color:       e.Out.Color,
		Width:       e.Out.Rendering().Width,
		Base:        base,
		Page:        info,
		Clock:       func() mist.Clock { return e.clock(t) },
		Memory: func(from int) (start, end int) {
			start, end = p.NextData(base + from)
			return min(start-base, len(page)), min(end-base, len(page))
		},
	}
	if info != nil {
		o.UnkeptCounters = !info.CountersKept
	}
	if !e.Secrets {
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
	return dump.Hex(e.Out, page, h, o)
}
