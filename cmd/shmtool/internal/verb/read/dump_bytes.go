package read

import (
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// dumpBytes prints the formats that look at a page as bytes, valid or not.
func dumpBytes(c *cli.Call, t object.Target, s object.Selection) error {
	p, err := object.Open(c.World, t)
	if err != nil {
		return err
	}
	defer p.Close()
	inspect, base := p.Inspect, 0
	r, err := p.Reader()
	if err == nil {
		r, err = r.WithRules(object.Rules(c.World, t, p)).PeekNested(t.Steps...)
	}
	switch {
	case len(t.Steps) == 0: // shown as far as it goes
	case err != nil:
		return object.Explain(c.World, t, err)
	default:
		inspect, base = r.Inspect, r.Base()
	}
	ready := false
	err = inspect(func(page []byte, h layout.Header) error {
		ready = h.Status.Ready()
		if c.Out.Format == out.Rax {
			page, err := untouched(p, page, base)
			if err != nil {
				return err
			}
			return dump.Rax(c.Out, raxTitle(t), page, h, func(line string) { c.Warn("%s", line) })
		}
		return printHex(c, p, r, t, page, base, h, s)
	})
	if err == nil && !ready {
		object.NotReady(c.World, t)
	}
	return object.Explain(c.World, t, err)
}

// untouched returns the bytes of page, which begin at base, in a copy where they have
// holes: to look at a hole would fill it.
func untouched(p *relaccx.Page, page []byte, base int) ([]byte, error) {
	start, end := p.NextData(base)
	if start == base && end >= base+len(page) {
		return page, nil
	}
	b := make([]byte, len(page))
	for start < base+len(page) {
		part := b[start-base : min(end-base, len(b))]
		if n, err := p.ReadAt(part, int64(start)); n < len(part) {
			return nil, err
		}
		start, end = p.NextData(end)
	}
	return b, nil
}

// raxTitle is how MistServer's tool calls the page: with one leading slash, or
// as it was typed where that is no shared memory name.
func raxTitle(t object.Target) string {
	if t.Stdin || len(t.Steps) > 0 || t.Path == t.Arg {
		return t.Arg
	}
	if t.Arg[0] == '/' {
		return t.Arg
	}
	return "/" + t.Arg
}
