package read

import (
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// printHex prints the annotated hex dump of a page, valid or not.
// Reader r has its records; it is nil for a page that cannot be read by records.
func printHex(c *cli.Call, p *relaccx.Page, r *relaccx.Reader, t object.Target, page []byte, base int, h layout.Header, s object.Selection) error {
	info := t.Within(object.Rules(c.World, t, p))
	o := dump.HexOptions{
		ShowHeader:  c.Bool("header"),
		ShowSchema:  c.Bool("schema"),
		ShowRecords: c.Bool("records"),
		Slots:       s.Slots,
		Depth:       c.Int("depth"),
		Color:       c.Out.Color,
		Width:       c.Out.Rendering().Width,
		Base:        base,
		Page:        info,
		Clock:       func() mist.Clock { return object.Clock(c.World, t) },
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
		if s.Slots {
			all = h.AllSlots(len(page))
		}
		w := all.Clamp(s.First, s.End).Last(s.Last)
		if r != nil && !s.Slots {
			var err error
			if w, err = s.Of(r); err != nil {
				return err
			}
		}
		o.Selected = &w
	}
	return dump.Hex(c.Out, page, h, o)
}
