package bench

import (
	"context"
	"errors"
	"io"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/layout"
	"shmtool/relaccx"
)

const (
	// pauses are what a writer sleeps between records: not all alike, so that no reader
	// that looks at fixed times is lucky.
	pauseFirst = 300 * time.Microsecond
	pauseStep  = 97 * time.Microsecond
	pauseSteps = 7

	// burst is how often a flood publishes what is due.
	burst = 100 * time.Microsecond
)

// tickSchema is a record that says when it was published.
const tickSchema = "at:uint64\nn:uint64\nname:string:48\n"

// publisher publishes records with the time.
type publisher struct {
	w     *relaccx.Writer
	rec   []byte
	at, n *layout.Field
	clock measure.Clock
	count uint64
}

func newPublisher(path string) (*publisher, error) {
	w, err := relaccx.OpenWriter(path, relaccx.WriterOptions{})
	if err != nil {
		return nil, err
	}
	s := w.Schema()
	return &publisher{w: w, rec: make([]byte, s.RecordSize()), at: s.Lookup("at"), n: s.Lookup("n"), clock: measure.NewClock()}, nil
}

func (p *publisher) publish() error {
	_ = p.n.PutUint(p.rec, p.count)
	_ = p.at.PutUint(p.rec, uint64(p.clock.Now()))
	if err := p.w.AppendOverwrite(p.rec); err != nil {
		return err
	}
	p.count++
	return nil
}

// write publishes a record, pauses, and so on.
func (p part) write(ctx context.Context) (uint64, error) {
	to, err := newPublisher(p.Page)
	if err != nil {
		return 0, err
	}
	defer to.w.Close()
	ready()
	for ctx.Err() == nil {
		if err := to.publish(); err != nil {
			return to.count, err
		}
		if p.Wake {
			to.w.Wake()
		}
		_ = kernel.Sleep(pauseFirst + time.Duration(to.count%pauseSteps)*pauseStep)
	}
	return to.count, nil
}

// flood publishes so many records a second.
func (p part) flood(ctx context.Context) (uint64, error) {
	to, err := newPublisher(p.Page)
	if err != nil {
		return 0, err
	}
	defer to.w.Close()
	ready()
	for begun := to.clock.Now(); ctx.Err() == nil; {
		due := uint64(to.clock.Now()-begun) * uint64(p.Count) / uint64(time.Second)
		for to.count < due {
			if err := to.publish(); err != nil {
				return to.count, err
			}
		}
		to.w.Wake()
		_ = kernel.Sleep(burst)
	}
	return to.count, nil
}

// read follows the page and takes how old each record is when it is seen.
func (p part) read(ctx context.Context) (*measure.Tally, error) {
	f := relaccx.Follow(p.Page, relaccx.FollowOptions{Start: relaccx.FromOldest(), Spin: p.Spin})
	defer f.Close()
	seen, clock := measure.NewFineTally(), measure.NewClock()
	var at *layout.Field
	ready()
	for {
		e, err := f.Next(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return seen.Whole()
		case err != nil:
			return nil, err
		case e.Kind == relaccx.EventLapped:
			seen.Lost += e.Lost
		case e.Kind == relaccx.EventRecord:
			now := clock.Now()
			if at == nil {
				at = e.Record.Schema().Lookup("at")
			}
			seen.Records++
			seen.Measure(now - int64(at.Uint(e.Record.Bytes())))
		}
	}
}

// follow follows the page many times over.
func (p part) follow(ctx context.Context) error {
	var all relaccx.Group
	for range p.Count {
		all.Add(relaccx.Follow(p.Page, relaccx.FollowOptions{}))
	}
	ready()
	for {
		_, _, err := all.Next(ctx)
		if errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) {
			return all.Close()
		}
		if err != nil {
			return errors.Join(err, all.Close())
		}
	}
}
