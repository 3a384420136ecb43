package read

import (
	"io"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// byteForms are the formats that show a page as bytes, valid or not.
var byteForms = map[string]func(c *cli.Call, o dumpOptions, b *bytesOf) error{
	out.Hex: printHex,
	out.Rax: printRax,
}

// bytesOf is the bytes of a page, or of one nested in it.
type bytesOf struct {
	whole   *relaccx.Page
	records *relaccx.Reader // nil when the page cannot be read by records
	bytes   []byte
	base    int // where the bytes begin in the whole page
	header  layout.Header
}

// dumpBytes prints a page in one of the formats that show it as bytes.
func dumpBytes(c *cli.Call, o dumpOptions, print func(*cli.Call, dumpOptions, *bytesOf) error) error {
	t := o.target
	p, err := object.Open(c.World, t)
	if err != nil {
		return err
	}
	defer p.Close()
	inspect, base := p.Inspect, 0
	r, err := p.Reader()
	if err == nil {
		r, err = r.WithRules(object.Rules(t, p)).PeekNested(t.Steps...)
	}
	switch {
	case len(t.Steps) == 0: // printed as far as it goes
	case err != nil:
		return object.Explain(c.World, t, err)
	default:
		inspect, base = r.Inspect, r.Base()
	}
	ready := false
	err = inspect(func(page []byte, h layout.Header) error {
		ready = h.Status.Ready()
		return print(c, o, &bytesOf{whole: p, records: r, bytes: page, base: base, header: h})
	})
	if err == nil && !ready {
		object.NotReady(c.World, t)
	}
	return object.Explain(c.World, t, err)
}

// printRax prints a page as MistServer's own tool does.
func printRax(c *cli.Call, o dumpOptions, b *bytesOf) error {
	page, err := b.copied()
	if err != nil {
		return err
	}
	return dump.Rax(b.unloading(c.Out), raxTitle(o.target), page, b.header, func(line string) { c.Warn("%s", line) })
}

// unloadEvery is how many bytes are printed between two times that the memory is let go of
// in which the page was read.
const unloadEvery = 16 << 20

// unloading returns a writer to w for what is printed of the page from its beginning to its
// end: the memory that the page takes does not grow with it.
func (b *bytesOf) unloading(w io.Writer) io.Writer { return &unloader{w: w, page: b.whole} }

type unloader struct {
	w    io.Writer
	page *relaccx.Page
	left int // bytes until the next time
}

// Write implements io.Writer.
func (u *unloader) Write(b []byte) (int, error) {
	if u.left -= len(b); u.left < 0 {
		u.left = unloadEvery
		u.page.Unload()
	}
	return u.w.Write(b)
}

// mostCopied is more than a page has that anything real makes. A file of holes may be larger
// than memory.
const mostCopied = 1 << 30

// copied returns the bytes, in a copy when they have holes, because to look at a hole
// would fill it. Zeros stand after the end of the file.
func (b *bytesOf) copied() ([]byte, error) {
	size := len(b.bytes)
	start, end := b.whole.NextData(b.base)
	if start == b.base && end >= b.base+size {
		return b.bytes, nil
	}
	if size > mostCopied {
		return nil, fail.Hinted(fail.Refusef("it has %d bytes and holes, and -o rax copies at most %d", size, mostCopied), "use -o hex")
	}
	filled := make([]byte, size)
	for start < end && start < b.base+size {
		part := filled[start-b.base : min(end-b.base, size)]
		if n, err := b.whole.ReadAt(part, int64(start)); n < len(part) {
			return nil, err
		}
		start, end = b.whole.NextData(end)
	}
	return filled, nil
}

// raxTitle returns the name of a page as MistServer's tool prints it: with one leading
// slash, or as it was typed when that is no shared memory name.
func raxTitle(t object.Target) string {
	if t.Stdin || len(t.Steps) > 0 || t.Path == t.Arg {
		return t.Arg
	}
	if t.Arg[0] == '/' {
		return t.Arg
	}
	return "/" + t.Arg
}
