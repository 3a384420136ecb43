package recording

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// PageContents is what a recording has of a page.
type PageContents struct {
	Page    string
	Records uint64 // messages of records; one that was written again counts again
	Lost    uint64 // records that were withdrawn before the recorder saw them
	Reloads int    // times that the page was made again, with its records or without
	Exited  bool   // its writer has set exit
	First   time.Time
	Last    time.Time
	Fields  string // a schema, as a schema file has it, of the page as it was last
}

// ReadContents reads recordings of the same pages one after the other, and returns what
// they have of each page, in the order of their names. When one is damaged, it returns
// what stands before the damage, and a *DamageError; ctx.Err() when ctx ends first.
func ReadContents(ctx context.Context, r *Reader, into map[string]*PageContents) error {
	return r.each(ctx, func(m message, n Note) {
		p := into[m.page]
		if p == nil {
			p = &PageContents{Page: m.page, First: m.at}
			into[m.page] = p
		}
		p.Last = m.at
		if m.events {
			p.add(n)
		} else {
			p.Records++
		}
	})
}

// each runs do on all messages of a recording, in order, with the note that one of events
// holds. It returns a *DamageError after what stands before a damage; ctx.Err() when ctx ends
// first.
func (r *Reader) each(ctx context.Context, do func(m message, n Note)) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		m, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var n Note
		if m.events {
			if n, err = parseNote(m.text); err != nil {
				return damaged(r.where(), err)
			}
		}
		do(m, n)
	}
}

func (p *PageContents) add(n Note) {
	switch n.Event {
	case "lapped":
		p.Lost += n.Lost
	case "reload", "restart":
		p.Reloads++
	case "exit":
		p.Exited = true
	}
	if n.Page != nil {
		p.Fields = n.Page.Fields
	}
}

// Sorted returns contents in the order of their pages.
func Sorted(contents map[string]*PageContents) []*PageContents {
	return slices.SortedFunc(maps.Values(contents), func(a, b *PageContents) int { return strings.Compare(a.Page, b.Page) })
}
