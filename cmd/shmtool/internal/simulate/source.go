package simulate

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// source feeds a track until it is told to end. It sends the packets that are due when
// it starts at once, as a server does that has kept a stream for a while. From there
// on a packet goes out when its time has come.
func (p Part) source(ctx context.Context, r *reporter, q Quirk) error {
	info := p.Media.info()
	if q.Describe != nil {
		q.Describe(&info)
	}
	t, err := mistserver.AddTrack(ctx, p.Place(), p.Stream, info)
	if err != nil {
		return err
	}
	if q.Added != nil {
		if err := q.Added(t); err != nil {
			return errors.Join(err, t.Close())
		}
	}
	r.send(message{Kind: kindReady, Track: t.Index()})
	f := &feed{p: p, track: t, r: r, clock: measure.NewClock(), packets: newGenerator(p.Media), quirk: q, second: every{interval: time.Second}}
	err = f.run(ctx)
	if errors.Is(err, mistserver.ErrDisconnected) || errors.Is(err, mistserver.ErrTrackGone) {
		r.send(message{Kind: kindTold, Track: t.Index(), Text: err.Error()})
		err = nil
	}
	return errors.Join(err, t.Close())
}

// feed is a source at work.
type feed struct {
	p       Part
	track   *mistserver.Track
	r       *reporter
	clock   measure.Clock
	packets *generator
	quirk   Quirk
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
		if !f.live && due > f.clock.Now() {
			f.live = true
			f.r.send(message{Kind: kindLive, Track: f.track.Index()})
		}
		if !f.clock.Until(ctx, due) {
			break
		}
		if f.quirk.Packet != nil {
			if err := f.quirk.Packet(f.track, &packet); err != nil {
				return err
			}
		}
		measure.Stamp(packet.Payload, f.clock.Now(), n)
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
