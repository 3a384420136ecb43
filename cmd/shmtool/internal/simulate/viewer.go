package simulate

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// viewer reads its tracks of the stream, from what comes next on, until it is
// told to end or nothing is left to read.
func (p Part) viewer(ctx context.Context, r *reporter) error {
	pick := func(t mistserver.TrackView) bool { return reads(p.Number, p.Viewers, int(t.ID), p.Tracks) }
	v, err := mistserver.Join(ctx, p.Place(), p.Stream, mistserver.ViewerOptions{Poll: p.Poll, Pick: pick})
	if err != nil {
		return err
	}
	w := &watching{viewer: v, r: r, clock: measure.NewClock(), tally: measure.NewTally(), tracks: map[int]*trackSeen{}, second: every{interval: time.Second}}
	w.tally.Tracks = len(v.Tracks())
	r.send(message{Kind: kindReady, Count: w.tally.Tracks})
	err = w.run(ctx)
	whole, encodeErr := w.end()
	r.send(message{Kind: kindEnd, Seen: whole})
	return errors.Join(err, encodeErr, v.Close())
}

// watching is a viewer at work.
type watching struct {
	viewer *mistserver.Viewer
	r      *reporter
	clock  measure.Clock
	tally  *measure.Tally
	tracks map[int]*trackSeen
	second every
	missed uint64 // parts that the viewer says it has lost
}

// trackSeen is the last packet of a track, by the number that its source gave it.
type trackSeen struct{ last uint64 }

func (w *watching) run(ctx context.Context) error {
	for {
		seen, err := w.viewer.Next(ctx)
		now := w.clock.Now()
		var gone *mistserver.TrackGoneError
		switch {
		case err == nil:
			w.take(seen, now)
		case errors.As(err, &gone):
			w.r.send(message{Kind: kindGone, Track: gone.Index})
		case errors.Is(err, mistserver.ErrStreamGone), errors.Is(err, mistserver.ErrDisconnected):
			w.r.send(message{Kind: kindGone, Track: -1, Text: err.Error()})
			return nil
		case ctx.Err() != nil:
			return nil
		default:
			return err
		}
		w.tell()
	}
}

// take counts a packet, and what is missing before it: by the numbers that the
// source gave, which nothing in shared memory can hide.
func (w *watching) take(seen mistserver.Seen, now int64) {
	w.tally.Records++
	w.missed += seen.Lost
	published, number, ok := measure.ReadStamp(seen.Payload)
	if !ok {
		w.tally.Lost++ // it came, but not what was sent
		return
	}
	t := w.tracks[seen.Track]
	switch {
	case t == nil:
		w.tracks[seen.Track] = &trackSeen{number}
	case number > t.last:
		w.tally.Lost += number - t.last - 1
		t.last = number
	default:
		w.tally.Lost++ // it came again, in the place of another
	}
	w.tally.Measure(now - published)
}

func (w *watching) tell() {
	followed := w.viewer.Reloads()
	if followed != w.tally.Reloads {
		w.tally.Reloads = followed
		w.r.send(message{Kind: kindReload, Count: followed})
	}
	if w.second.due() {
		w.tally.Tracks = len(w.viewer.Tracks())
		w.r.send(message{Kind: kindProgress, Seen: w.tally.SoFar()})
	}
}

// end returns the whole tally. The viewer's own count of what it has lost is part of
// it where that is greater, as with the last parts of a track.
func (w *watching) end() (*measure.Tally, error) {
	w.tally.Lost = max(w.tally.Lost, w.missed)
	return w.tally.Whole()
}
