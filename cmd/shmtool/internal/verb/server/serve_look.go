package server

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/world"
)

const (
	freshLook = 500 * time.Millisecond
	apartMin  = time.Second     // between two looks that tell what moves
	apartFull = 4 * time.Second // and between two that tell all there is to tell
	oldLook   = 2 * time.Minute // one from before that tells nothing any longer
	manyHang  = 4               // looks that do not end, and keep their memory
)

// The errors of a look for a client.
var (
	errLookLate = errors.New("the look took too long")
	errLookHang = errors.New("several looks hang")
)

// watcher looks at streams when it is asked. Who asks while it looks gets the same look.
type watcher struct {
	world   *world.World
	chosen  pages.Streams
	fresh   time.Duration // how long a look is given again
	hangs   time.Duration // how long a look takes that hangs
	look    func() (*streams.Moment, error)
	kept    *streams.Kept
	flights singleflight.Group

	mu      sync.Mutex // guards what follows
	running int        // looks that have not ended
	begun   time.Time  // when the newest of them began
	looks   []*timed   // those that a later one is compared with, oldest first
	last    *sighting
	tracks  trackHistory
}

type timed struct {
	at     time.Time
	moment *streams.Moment
}

func newWatcher(w *world.World, chosen pages.Streams, hangs time.Duration) *watcher {
	kept := streams.NewKept()
	kept.OnLooker = true
	return &watcher{
		world: w, chosen: chosen, fresh: freshLook, hangs: hangs, tracks: trackHistory{}, kept: kept,
		look: func() (*streams.Moment, error) { return kept.Look(w.ShmDir, w.Procs(), chosen.Wanted) },
	}
}

// see returns how things are now. It gives up when ctx ends. The next who asks waits for the
// same look, or begins another if that one hangs.
func (w *watcher) see(ctx context.Context) (*sighting, error) {
	const one = ""
	flight := w.flights.DoChan(one, func() (any, error) { return w.sight() })
	select {
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*sighting), nil
	case <-ctx.Done():
		if w.takes() >= w.hangs {
			w.flights.Forget(one)
		}
		return nil, errLookLate
	}
}

// sight looks, and judges by an earlier look what moves.
func (w *watcher) sight() (*sighting, error) {
	if s := w.again(); s != nil {
		return s, nil
	}
	begun := time.Now()
	if !w.begins(begun) {
		return nil, errLookHang
	}
	defer w.ends()
	now, err := w.look()
	if err != nil {
		return nil, w.world.NoDirectory(err)
	}
	took := time.Since(begun)
	if !w.compares(begun) && now.Living && len(now.Streams) > 0 {
		w.keep(&timed{begun, now})
		_ = pause.For(context.Background(), apartMin)
		begun = time.Now()
		if now, err = w.look(); err != nil {
			return nil, w.world.NoDirectory(err)
		}
		took = time.Since(begun)
	}
	return w.judge(&timed{begun, now}, took), nil
}

// begins counts a look that begins, unless many hang.
func (w *watcher) begins(at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running >= manyHang {
		return false
	}
	w.running++
	w.begun = at
	return true
}

func (w *watcher) ends() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
}

// takes returns for how long the newest look has been under way.
func (w *watcher) takes() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.begun)
}

// hanging returns how many looks have not ended.
func (w *watcher) hanging() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running
}

// again returns the last look while it is fresh.
func (w *watcher) again() *sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != nil && time.Since(w.last.at) < w.fresh {
		return w.last
	}
	return nil
}

// compares reports whether there is a look to compare with one that begins now.
func (w *watcher) compares(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.before(now) != nil
}

// before returns the look to compare with: the newest that tells all, else the oldest that
// tells something.
func (w *watcher) before(now time.Time) *streams.Moment {
	w.looks = slices.DeleteFunc(w.looks, func(l *timed) bool { return now.Sub(l.at) > oldLook })
	for _, l := range slices.Backward(w.looks) {
		if now.Sub(l.at) >= apartFull {
			return l.moment
		}
	}
	if len(w.looks) > 0 && now.Sub(w.looks[0].at) >= apartMin {
		return w.looks[0].moment
	}
	return nil
}

// keep keeps a look for later ones. Those are dropped that no later look is compared with.
func (w *watcher) keep(l *timed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(l)
}

func (w *watcher) add(l *timed) {
	if n := len(w.looks); n > 0 && l.at.Sub(w.looks[n-1].at) < apartMin {
		return
	}
	w.looks = append(w.looks, l)
	for len(w.looks) > 1 && l.at.Sub(w.looks[1].at) >= apartFull {
		w.looks = w.looks[1:]
	}
	w.looks = slices.Clip(w.looks)
}

// judge says what a look has found.
func (w *watcher) judge(l *timed, took time.Duration) *sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := &examination{moment: l.moment, looks: 1, chosen: w.chosen.Texts()}
	before := w.before(l.at)
	if before != nil {
		x.looks = 2
	}
	x.found = doctor.Judge(before, l.moment)
	leadHere(w.world.PlaceFlags, x.found)
	w.add(l)
	m := w.metrics(x)
	m.Gauge("shmtool_look_duration_seconds", "How long the look took that the metrics are from.", took.Seconds(), nil)
	w.last = &sighting{at: l.at, texts: map[textForm][]byte{}, set: m}
	return w.last
}

// metrics returns all that is known.
func (w *watcher) metrics(x *examination) *metrics.Set {
	m := new(metrics.Set)
	m.Look("serve", x.chosen, x.moment.Time())
	m.Gauge("shmtool_build_info", "1, with the version of shmtool.", 1, metrics.Labels{"version", cli.Version()})
	findingMetrics(m, x)
	w.tracks.begin()
	for _, s := range x.moment.Streams {
		if s.Configured() && !w.chosen.Named(s.Name) {
			continue
		}
		row := x.moment.Row(s, x.of(s.Name), streams.RowOptions{})
		streamMetrics(m, &row)
		if row.Live {
			w.tracks.take(m, w.parts, s)
		}
	}
	w.tracks.end()
	return m
}

// parts returns the packets that have come on a track.
func (w *watcher) parts(o *streams.Object, from uint64) (streams.Parts, error) {
	return w.kept.PartsSince(w.world.ShmDir, o, from)
}
