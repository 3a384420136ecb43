package simulate

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
)

// source feeds a track until it is told to end. It sends the packets that are due when
// it starts at once, as a server does that has kept a stream for a while. From there
// on a packet goes out when its time has come.
func (p part) source(ctx context.Context, r *reporter) error {
	wrong := p.misfeed()
	t, err := mistserver.AddTrack(ctx, p.place(), p.Stream, p.info())
	if err != nil {
		return err
	}
	if err := p.mask(t); err != nil {
		return errors.Join(err, t.Close())
	}
	r.send(message{Kind: kindReady, Track: t.Index()})
	f := &feed{p: p, track: t, r: r, clock: newClock(), packets: newGenerator(p.Media), wrong: wrong, second: every{interval: time.Second}}
	err = f.run(ctx)
	if errors.Is(err, mistserver.ErrDisconnected) || errors.Is(err, mistserver.ErrTrackGone) {
		r.send(message{Kind: kindTold, Track: t.Index(), Text: err.Error()})
		err = nil
	}
	return errors.Join(err, t.Close())
}

// feed is a source at work.
type feed struct {
	p       part
	track   *mistserver.Track
	r       *reporter
	clock   clock
	packets *generator
	wrong   *misfeed // nil: nothing is
	second  every
	live    bool // it has caught up with the time
	sent    uint64
	bytes   uint64
	reloads int // told of
}

func (f *feed) run(ctx context.Context) error {
	for ctx.Err() == nil {
		packet, n := f.packets.packet()
		due := f.p.Epoch + f.p.Media.due(n)
		if !f.live && due > f.clock.now() {
			f.live = true
			f.r.send(message{Kind: kindLive, Track: f.track.Index()})
		}
		if !f.clock.until(ctx, due) {
			break
		}
		f.wrong.spoil(&packet)
		if err := f.wrong.die(f.track); err != nil {
			return err
		}
		stamp(packet.Payload, f.clock.now(), n)
		if err := f.track.Write(packet); err != nil {
			return err
		}
		f.sent++
		f.bytes += uint64(len(packet.Payload))
		f.tell()
	}
	return nil
}

func (f *feed) tell() {
	for _, reload := range f.track.Reloads()[f.reloads:] {
		f.reloads++
		f.r.send(message{Kind: kindReload, Track: f.track.Index(), Reload: &reload})
	}
	if f.live && f.second.due() {
		f.r.send(message{Kind: kindProgress, Track: f.track.Index(), Packets: f.sent, Bytes: f.bytes})
	}
}
