package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/relaccx"
)

// PlayOptions say how a recording is played.
type PlayOptions struct {
	Dir    string                   // where the pages are made
	Rename func(name string) string // what a page is called there; nil keeps its name
	Force  bool                     // replace pages that exist
	Lock   relaccx.WriterOptions    // how to wait for the writer of such a page

	// Speed is how much faster than it happened; 1 is as it was, +Inf does not
	// wait at all.
	Speed float64
	// Step, where it is not nil, is called before each record, instead of waiting
	// for its time; false ends the play.
	Step func() (bool, error)

	// Tell is called for each message with the records that have been played, and when the
	// message was recorded, unless it is nil.
	Tell func(records uint64, at time.Time)
}

// Player makes pages as recordings tell. It plays one after the other: files
// that a recording was split into, in their order.
type Player struct {
	o       PlayOptions
	pages   map[string]*played
	touched map[*played]bool // has readers that sleep
	first   time.Time        // of the first message of all
	started time.Time        // when it was played
	records uint64
	made    []string
}

// NewPlayer makes a Player. Nothing happens before Play.
func NewPlayer(o PlayOptions) *Player {
	if o.Rename == nil {
		o.Rename = func(name string) string { return name }
	}
	return &Player{o: o, pages: map[string]*played{}, touched: map[*played]bool{}}
}

// Records returns how many records have been played.
func (p *Player) Records() uint64 { return p.records }

// Made returns the names of the pages that were made, in their order.
func (p *Player) Made() []string { return p.made }

func (p *Player) note(name string) {
	if !p.isOurs(name) {
		p.made = append(p.made, name)
	}
}

func (p *Player) isOurs(name string) bool { return slices.Contains(p.made, name) }

// Check refuses a recording of these pages before any of them is made: a
// *PageError about a name that is taken, or that would hide a nested page.
func (p *Player) Check(pages []string) error {
	will := map[string]bool{}
	for _, page := range pages {
		will[p.o.Rename(page)] = true
	}
	for _, page := range pages {
		if p.pages[page] != nil {
			continue
		}
		next := &played{name: p.o.Rename(page), o: &p.o, ours: func(name string) bool { return p.isOurs(name) || will[name] && p.o.Force }}
		if err := next.shadows(); err != nil {
			return &PageError{next.name, err}
		}
		if _, err := os.Lstat(next.path()); err == nil && !p.o.Force {
			return &PageError{next.name, syscall.EEXIST}
		}
	}
	return nil
}

// errDisorder is a file that another program has rewritten.
var errDisorder = errors.New("the messages are not in the order of their times, so what happened first is not known: sort the file, as mcap sort does")

// errEnough is the end that Step asked for.
var errEnough = errors.New("enough")

// Play plays a recording to its end. A *DamageError comes where it ends early,
// when all before that was played; ctx.Err() when ctx ends first. Pages stay as
// they are then.
func (p *Player) Play(ctx context.Context, r *Reader) (more bool, err error) {
	for _, page := range p.pages {
		page.messages = 0
	}
	var last time.Time
	for err == nil {
		var m message
		if m, err = r.next(); err != nil {
			break
		}
		if m.at.Before(last) {
			err = damaged(r.where(), errDisorder)
			break
		}
		last = m.at
		if err = p.message(ctx, r, m); err == nil && p.o.Tell != nil {
			p.o.Tell(p.records, m.at)
		}
	}
	if shown := p.showAll(); shown != nil && (errors.Is(err, io.EOF) || errors.Is(err, errEnough)) {
		err = shown
	}
	p.wake()
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, errEnough):
		return false, nil
	}
	return false, err
}

// Close lets go of the pages, which stay, and removes those in the making.
func (p *Player) Close() error {
	var err error
	for _, page := range p.pages {
		err = errors.Join(err, page.close())
	}
	return err
}

// message plays one message when it is time.
func (p *Player) message(ctx context.Context, r *Reader, m message) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	note, err := noteIn(m)
	if err != nil {
		return damaged(r.where(), err)
	}
	page := p.pages[m.page]
	if page == nil {
		if note == nil || note.Event != noteBegin {
			return damaged(r.where(), fmt.Errorf("page %q: nothing says what page it is: its channel %q, or the beginning of the recording, is missing", m.page, m.page+eventSuffix))
		}
		page = &played{name: p.o.Rename(m.page), o: &p.o, made: p.note, ours: p.isOurs}
		if err := checkName(page.name); err != nil {
			return err
		}
		for _, other := range p.pages {
			if other.name == page.name {
				return &NameError{page.name, "two pages would have it"}
			}
		}
		p.pages[m.page] = page
	}
	if m.at.Before(page.last) {
		return damaged(r.where(), fmt.Errorf("page %q: it begins before the end of the file before it: name the files in their order", m.page))
	}
	page.last = m.at
	if err := p.wait(ctx, m, page); err != nil {
		return err
	}
	p.touched[page] = true
	if note == nil {
		p.records++
		err = page.record(m.text)
	} else {
		err = page.note(*note)
	}
	if err == nil {
		return nil
	}
	var bad *contentError
	if errors.As(err, &bad) {
		return damaged(r.where(), &PageError{page.name, bad.error})
	}
	return &PageError{page.name, err}
}

// noteIn returns the note in a message; nil for one that is a record.
func noteIn(m message) (*Note, error) {
	if !m.events {
		return nil, nil
	}
	note, err := parseNote(m.text)
	return &note, err
}

// contentError is a message that cannot be true of its page.
type contentError struct{ error }

func (c *contentError) Unwrap() error { return c.error }

func bad(format string, a ...any) error { return &contentError{fmt.Errorf(format, a...)} }

// where returns the byte at which what is being read stands.
func (r *Reader) where() int64 {
	if r.chunk != nil {
		return r.started
	}
	return r.at
}

// wait sleeps until it is time for a message, and wakes the readers of what was
// written before it does.
func (p *Player) wait(ctx context.Context, m message, page *played) error {
	if p.o.Step != nil {
		if m.events || page.making() {
			return nil // they come with the record behind them
		}
		if err := p.show(); err != nil {
			return err
		}
		p.wake()
		more, err := p.o.Step()
		if err == nil && !more {
			err = errEnough
		}
		return err
	}
	if p.started.IsZero() {
		p.first, p.started = m.at, time.Now()
	}
	if math.IsInf(p.o.Speed, 1) {
		return nil
	}
	behind := float64(m.at.Sub(p.first)) / p.o.Speed
	left := time.Duration(min(behind, math.MaxInt64/2)) - time.Since(p.started)
	if left <= 0 {
		return nil
	}
	if err := p.show(); err != nil {
		return err
	}
	p.wake()
	return pause.Exactly(ctx, left)
}

// wake wakes the readers of all pages on which something happened.
func (p *Player) wake() {
	for page := range p.touched {
		page.wake()
	}
	clear(p.touched)
}

// show shows the pages that are whole.
func (p *Player) show() error {
	for _, page := range p.pages {
		if page.making() {
			continue
		}
		if err := page.show(); err != nil {
			return &PageError{page.name, err}
		}
	}
	return nil
}

// showAll also shows the pages whose records have all come.
func (p *Player) showAll() error {
	for _, page := range p.pages {
		if err := page.show(); err != nil {
			return &PageError{page.name, err}
		}
	}
	return nil
}
