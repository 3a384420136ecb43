package drill

import (
	"context"
	"fmt"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// trackFaults are those in which what is said of one track does not agree with what
// is said of another one, or of its viewer.
var trackFaults = []fault{
	{code: finding.TimeApart, adjust: spoil(finding.TimeApart), stage: stageClockRound},
	{code: finding.TrackPageShared, adjust: keepAll, stage: stageListAgain},
	{code: finding.SourceMissing, adjust: waitForSource, stage: stageLeaveAll},
	{code: finding.ViewerBehind, adjust: shortWindow, stage: stageLeaveBehind},
}

// clockRound is the range of the clock of a transport stream: 33 bits, of 90 kHz.
const clockRound = (1 << 33) / 90 * time.Millisecond

// stageClockRound lets the clock of one track go round, and not that of the others.
func stageClockRound(ctx context.Context, d *drill) (string, error) {
	c, err := d.tell()
	if err == nil {
		err = d.await(ctx, func() bool {
			ms, e := mistserver.LastKeyMS(d.Place(), d.stream, victim)
			return e == nil && ms > uint64(clockRound.Milliseconds())
		})
	}
	return fmt.Sprintf("the clock of source %d, process %d, has gone round: from here on its times are %s ahead of the other tracks', and it goes on", number(c), id(c), units.Long(clockRound.Truncate(time.Minute))), err
}

// keepAll keeps the buffer from withdrawing anything while a drill goes on.
func keepAll(o *simulate.Options) {
	keepIdle(o)
	o.DVR = max(o.DVR, o.Backlog+o.Duration+time.Hour)
}

// stageListAgain lets the victim's source be in the list twice, with one page, as
// MistServer's are that have added their tracks to a list, and add them once more to
// the one that a new input has taken over: they name their pages as before.
func stageListAgain(ctx context.Context, d *drill) (string, error) {
	again, err := mistserver.ListAgain(ctx, d.Place(), d.stream, victim)
	if err != nil {
		return "", err
	}
	follow := func() error { return mistserver.FollowShared(d.Place(), d.stream, again, victim) }
	if err := follow(); err != nil {
		return "", err
	}
	d.repeat(ctx, func() { _ = follow() }) // while the page is replaced it cannot be read
	return fmt.Sprintf("the source of track %d has added its track a second time, as track %d, with the page that it had: %s is that of both, and each has data pages of its own name", victim, again, d.entry().Page), nil
}

// shortWindow makes the window as short as it can be, so that a drill has not to wait
// long until keys leave it.
func shortWindow(o *simulate.Options) {
	o.DVR, o.GOP = time.Second, min(o.GOP, o.FPS)
	o.Backlog = max(o.Backlog, 20*time.Second)
}

// stageLeaveBehind lets a viewer come that reads nothing, and waits until the key that
// it stands at has left the window. MistServer would end it after 30 to 40 s.
func stageLeaveBehind(ctx context.Context, d *drill) (string, error) {
	key, err := mistserver.FirstKey(d.Place(), d.stream, victim)
	if err != nil {
		return "", err
	}
	key = max(key, 1) // at 0 stand those that have read nothing yet
	c, err := d.actor(ctx, func(p *simulate.Part) { p.Key = key })
	if err == nil {
		err = d.await(ctx, func() bool {
			first, e := mistserver.FirstKey(d.Place(), d.stream, victim)
			return e == nil && first > key
		})
	}
	return fmt.Sprintf("viewer process %d stands at key %d of track %d, as a paused player's does: it reads nothing, and the buffer has withdrawn that key", id(c), key, victim), err
}

// waitForSource makes the stream one that waits for its encoder to come back.
func waitForSource(o *simulate.Options) {
	keepIdle(o)
	o.Resume = true
}

// stageLeaveAll ends all sources of a stream that waits for its encoder.
func stageLeaveAll(ctx context.Context, d *drill) (string, error) {
	n := 0
	for _, c := range d.sources() {
		if !c.Running() {
			continue
		}
		if err := c.Kill(); err != nil {
			return "", err
		}
		n++
	}
	err := d.await(ctx, func() bool {
		state, e := mistserver.State(d.Place(), d.stream)
		return e == nil && state == mist.StateWait
	})
	return fmt.Sprintf("%s away: the stream is one that waits for its encoder (resume), keeps its tracks, and nothing feeds them", units.Counted(n, "source, which was killed, is", "sources, which were killed, are")), err
}
