package object

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Open maps the page of a target, read-only.
func Open(w *world.World, t Target) (*relaccx.Page, error) {
	if t.Stdin {
		b, err := io.ReadAll(w.In)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if len(b) == 0 { // no writer makes a page there: the command before it in the pipe failed
			return nil, t.OnPage(fmt.Errorf("standard input is empty, %w", relaccx.ErrNotPage))
		}
		p, err := relaccx.FromBytes("-", b)
		return p, Explain(w, t, err)
	}
	p, err := relaccx.Open(t.Path)
	if err == nil && p.Size() == 0 && filepath.Dir(t.Path) != filepath.Clean(w.ShmDir) {
		// An object of 0 bytes is being made; a file of 0 bytes is a copy that failed.
		return nil, t.OnPage(errors.Join(fmt.Errorf("the file is empty, %w", relaccx.ErrNotPage), p.Close()))
	}
	if err == nil {
		if h, e := p.Header(); e == nil && mist.IsOldPage(filepath.Base(t.Path), h) {
			return nil, errors.Join(Explain(w, t, mist.ErrOldPage), p.Close())
		}
	}
	return p, Explain(w, t, err)
}

// Read opens the records of a page, or of the page nested in it, by MistServer's rules
// where it is one of MistServer's pages. The function that it returns closes the page.
func Read(w *world.World, t Target) (*relaccx.Reader, func() error, error) {
	return openReader(w, t, (*relaccx.Page).Reader, (*relaccx.Reader).Nested)
}

// Peek does what Read does, and also opens a page that is not ready.
func Peek(w *world.World, t Target) (*relaccx.Reader, func() error, error) {
	whole := (*relaccx.Page).Reader
	if len(t.Steps) == 0 {
		whole = readOrPeek
	}
	return openReader(w, t, whole, (*relaccx.Reader).PeekNested)
}

func readOrPeek(p *relaccx.Page) (*relaccx.Reader, error) {
	r, err := p.Reader()
	if errors.Is(err, relaccx.ErrNotReady) {
		return p.Peek()
	}
	return r, err
}

// openReader opens a target's page, its records by whole, and from there the nested
// page by nested.
func openReader(w *world.World, t Target, whole func(*relaccx.Page) (*relaccx.Reader, error), nested func(*relaccx.Reader, ...relaccx.Step) (*relaccx.Reader, error)) (*relaccx.Reader, func() error, error) {
	p, err := Open(w, t)
	if err != nil {
		return nil, nil, err
	}
	r, err := whole(p)
	if err == nil {
		r, err = nested(r.WithRules(Rules(t, p)), t.Steps...)
	}
	if err != nil {
		return nil, nil, errors.Join(Explain(w, t, err), p.Close())
	}
	return r, p.Close, nil
}

// Rules returns the rules for a page that was opened for a target: by its name, or by its
// fields when it is a copy or came through a pipe, and its name says nothing, or
// something else.
func Rules(t Target, p *relaccx.Page) *mist.PageInfo {
	var info *mist.PageInfo
	if !t.Stdin {
		info = mist.Lookup(filepath.Base(t.Path))
	}
	r, err := p.Peek()
	if err != nil {
		return info
	}
	return mist.RulesFor(info, r.Schema())
}

// Clock returns the time by which the times since boot of a target's page are told: now,
// or when the snapshot was saved that the page belongs to.
func Clock(w *world.World, t Target) mist.Clock {
	if t.Stdin {
		return w.Clock("")
	}
	return w.Clock(filepath.Dir(t.Path))
}

// OptionsFor returns the options of a rendering of a target's page at one time. A table
// says itself which of its times are raw; for all other formats a warning does.
func OptionsFor(w *world.World, p *out.Printer, t Target) dump.Options {
	o := p.Rendering()
	o.Clock = sync.OnceValue(func() mist.Clock {
		c := Clock(w, t)
		if c.Uptime <= 0 && p.Format != out.Table {
			w.Warn("times since boot are raw: no MstGlobalConfig beside the page says when the machine started")
		}
		return c
	})
	return o
}
