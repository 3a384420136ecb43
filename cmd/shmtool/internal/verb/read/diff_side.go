package read

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/relaccx"
)

// diffSide is one of two things that are compared: a page, or an object that is none.
type diffSide struct {
	target object.Target
	page   difference.Page
	json   []byte // of an object that is no page
	noun   string // what that is
	close  func() error
}

// openSide opens what an argument leads to. It opens a copy of this moment when a page
// may change.
func openSide(c *cli.Call, arg string, copied bool) (s *diffSide, err error) {
	t, err := object.Address(c.World, arg)
	if err != nil {
		return nil, err
	}
	s = &diffSide{target: t, close: func() error { return nil }}
	named, err := object.OpenNamed(c.World, t)
	if err != nil {
		return nil, err
	}
	if named != nil {
		defer named.Close(&err)
		if err := named.Suits(c.Out.Format, c.Given("header", "schema", "records", "range")); err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = named.WriteJSON(&b, c.Out)
		s.json, s.noun = b.Bytes(), named.Kind.Noun
		return s, err
	}
	var r *relaccx.Reader
	if copied || c.Snapshot == nil && inShm(c.ShmDir, t) {
		r, s.close, err = copyOf(c, t)
	} else {
		r, s.close, err = object.Peek(c.World, t)
	}
	if err != nil {
		return nil, err
	}
	if h, err := r.Page().Header(); err == nil && !h.Status.Ready() {
		object.NotReady(c.World, t)
	}
	s.page = difference.Page{Reader: r, Options: object.OptionsFor(c.World, c.Out, t)}
	return s, nil
}

// copyOf opens a copy of a page in memory.
func copyOf(c *cli.Call, t object.Target) (*relaccx.Reader, func() error, error) {
	if t.Stdin {
		return nil, nil, fail.Usagef("standard input does not change: --ago takes a page of shared memory")
	}
	p, err := object.Open(c.World, t)
	if err != nil {
		return nil, nil, err
	}
	var m memory
	err = errors.Join(p.SaveTo(&m), p.Close())
	if err == nil {
		p, err = relaccx.FromBytes(filepath.Base(t.Path), m.bytes)
	}
	if err != nil {
		return nil, nil, t.OnPage(err)
	}
	r, err := p.Peek()
	if err == nil {
		r, err = r.WithRules(object.Rules(t, p)).PeekNested(t.Steps...)
	}
	if err != nil {
		return nil, nil, errors.Join(object.Explain(c.World, t, err), p.Close())
	}
	return r, p.Close, nil
}

// memory takes the copy of a page.
type memory struct{ bytes []byte }

// Truncate gives the copy its size.
func (m *memory) Truncate(size int64) error {
	if size > maxCopy {
		return fail.Hinted(fmt.Errorf("it has %d bytes, which is too much to keep in memory", size), "save it twice, and compare the copies")
	}
	m.bytes = append(m.bytes[:min(int64(len(m.bytes)), size)], make([]byte, max(0, size-int64(len(m.bytes))))...)
	return nil
}

// WriteAt writes into the copy.
func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	if end := at + int64(len(b)); end > int64(len(m.bytes)) {
		if err := m.Truncate(end); err != nil {
			return 0, err
		}
	}
	return copy(m.bytes[at:], b), nil
}

// ReadAt reads from the copy.
func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	return io.NewSectionReader(bytes.NewReader(m.bytes), 0, int64(len(m.bytes))).ReadAt(b, at)
}

// openSides opens both sides: A and B, or A before and after --ago.
func openSides(ctx context.Context, c *cli.Call, o diffOptions) (before, now *diffSide, err error) {
	before, err = openSide(c, o.args[0], o.ago > 0)
	if err != nil {
		return nil, nil, err
	}
	if o.ago > 0 {
		err = pause.For(ctx, o.ago)
	}
	if err == nil {
		now, err = openSide(c, o.args[len(o.args)-1], o.ago > 0)
	}
	if err == nil && (before.json == nil) != (now.json == nil) {
		err = errors.Join(fail.Usagef("%s and %s cannot be compared: %q and %q", before.what(), now.what(), before.target.Arg, now.target.Arg), now.close())
	}
	if err != nil {
		return nil, nil, errors.Join(err, before.close())
	}
	return before, now, nil
}

func (s *diffSide) what() string {
	if s.json != nil {
		return s.noun
	}
	return "a page"
}

// diffPages compares two pages, or two objects that are none.
func diffPages(ctx context.Context, c *cli.Call, o diffOptions) (err error) {
	before, now, err := openSides(ctx, c, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, before.close(), now.close()) }()
	var sections []*difference.Section
	if before.json != nil {
		if s := difference.Objects(before.json, now.json, o.choice.Few); len(s.All()) > 0 {
			sections = append(sections, s)
		}
	} else if sections, err = difference.Pages(before.page, now.page, o.choice); err != nil {
		return now.target.OnPage(err)
	}
	if c.Out.IsUsual() {
		if err := c.Out.Outlines(pageOutlines(c.Out, o, sections)); err != nil {
			return err
		}
		return different(len(sections) > 0)
	}
	var all []difference.Difference
	for _, s := range sections {
		all = append(all, s.All()...)
	}
	return printDifferences(c.Out, o, "page", nil, all)
}
