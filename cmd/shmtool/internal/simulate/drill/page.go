package drill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// pageFaults are those of pages, rings and data pages. They befall the first track,
// which is video, if it matters which.
var pageFaults = []fault{
	{code: finding.PresentDrift, stage: stageDrift},
	{code: finding.RingOverfull, adjust: keepIdle, stage: stageOverrun},
	{code: finding.TrackPageMissing, adjust: settle, stage: stageRemoveTrackPage},
	{code: finding.DataPageMissing, adjust: twoDataPages, stage: stageRemoveOldData},
	{code: finding.DataPageUnlinked, adjust: keepIdle, stage: stageRemoveNewData},
	{code: finding.OrphanObject, stage: stageNuke},
	{code: finding.DataStaleBytes, adjust: reuseData, stage: stageUseAgain},
	{code: finding.DataStalled, refuse: refuseSmall, adjust: spoil(finding.DataStalled), stage: stageFillData},
	{code: finding.TrackStale, adjust: keepIdle, stage: stageSilence},
	{code: finding.TimeBlocked, adjust: spoil(finding.TimeBlocked), stage: stageJumpAhead},
	{code: finding.NoKeyframe, adjust: spoil(finding.NoKeyframe), stage: stageKeyless},
	{code: finding.TrackHidden, stage: stageHide},
	{code: finding.TrackListOverflow, adjust: fullList, stage: stageOverflowList},
	{code: finding.ValueWrapped, adjust: manyFrames, stage: stageWrapped},
	{code: finding.InvalidPage, adjust: settle, stage: stageScribble},
	{code: finding.ShmFull, refuse: refuseLarge, stage: stageFill},
}

// keepIdle keeps the buffer from removing a track that nothing comes for: a drill
// may be longer than MistServer's 50 s.
func keepIdle(o *simulate.Options) { o.Idle = max(o.Idle, time.Hour) }

// settle lets the window be full before the viewers come, so that no page of a
// track is made anew, which would put things right.
func settle(o *simulate.Options) { o.Backlog = max(o.Backlog, min(o.DVR+15*time.Second, time.Hour)) }

// twoDataPages makes the window so long that it has more than one data page,
// which has a minute, and that the older one stays.
func twoDataPages(o *simulate.Options) {
	o.Backlog = max(o.Backlog, 75*time.Second)
	o.DVR = max(o.DVR, o.Backlog+o.Duration+10*time.Minute)
}

// spoil lets the first source do wrong.
func spoil(code string) func(*simulate.Options) {
	return func(o *simulate.Options) {
		keepIdle(o)
		o.Drill.Source = code
	}
}

// fullList has a track for each slot that the list begins with.
func fullList(o *simulate.Options) { o.Tracks = max(o.Tracks, mist.DefaultTracks) }

// victim is the index of the track that a fault befalls.
const victim = 0

// source returns the process that feeds the victim.
func (d *drill) source() (*simulate.Process, error) {
	for _, c := range d.sources() {
		if c.Track == victim && c.Running() {
			return c, nil
		}
	}
	return nil, fmt.Errorf("stream %q: track %d has no source", d.stream, victim)
}

// entry returns the victim as the list has it, zero when it cannot be read now.
func (d *drill) entry() mistserver.TrackEntry {
	e, _ := mistserver.Entry(d.Place(), d.stream, victim)
	return e
}

// silent reports whether nothing has come for the victim for longer than a time.
func (d *drill) silent(than time.Duration) func() bool {
	return func() bool {
		age := time.Duration(measure.Now()) - time.Duration(d.entry().Updated)*time.Second
		return age > than+time.Second // the list has whole seconds
	}
}

// The doctor's limits: when a track is idle, and when a key frame is overdue.
const (
	idleAfter = 5 * time.Second
	keyAfter  = 2 * time.Second
)

// stopped stops the victim's source, as a machine does that has no time for it.
func (d *drill) stopped(ctx context.Context) (*simulate.Process, error) {
	c, err := d.source()
	if err == nil {
		err = d.stop(ctx, c)
	}
	return c, err
}

// remove removes an object by its name, as rm does.
func (d *drill) remove(name string) error {
	if _, ok := mist.ParseName(name); !ok {
		return fmt.Errorf("%q is no object of MistServer's", name)
	}
	return os.Remove(filepath.Join(d.Options().ShmDir, name))
}

// driftedRing is the ring whose counters are changed least often. This package's
// processes reckon present anew whenever they change a ring, where MistServer's add
// to it: what is lost there stays lost.
const driftedRing = "pages"

func stageDrift(ctx context.Context, d *drill) (string, error) {
	lose := func() error {
		_, err := mistserver.LosePresent(d.Place(), d.stream, victim, driftedRing)
		return err
	}
	if err := lose(); err != nil {
		return "", err
	}
	d.repeat(ctx, func() { _ = lose() }) // while the page is replaced it cannot be read
	return fmt.Sprintf("present of the %s of track %d has lost an update: source and buffer changed it at once. MistServer's buffer ends itself, with the stream, when it deletes the last one that is counted; ours reckons, and lives", driftedRing, victim), nil
}

func stageOverrun(ctx context.Context, d *drill) (string, error) {
	c, err := d.stopped(ctx)
	if err == nil {
		err = mistserver.Overrun(d.Place(), d.stream, victim, "keys")
	}
	return fmt.Sprintf("source %d, process %d, has counted one key more than track %d has slots for, without a larger page, and hangs. kill -CONT lets it go on", number(c), id(c), victim), err
}

func stageRemoveTrackPage(_ context.Context, d *drill) (string, error) {
	name := d.entry().Page
	err := d.remove(name)
	return fmt.Sprintf("%s was removed by hand. Source and viewers that have it in memory go on; a process that joins now does not find it", name), err
}

func stageRemoveOldData(_ context.Context, d *drill) (string, error) {
	names, err := mistserver.DataPages(d.Place(), d.stream, victim)
	if err == nil && len(names) < 2 {
		err = fmt.Errorf("track %d has %s, and it takes two", victim, units.Counted(len(names), "data page", "data pages"))
	}
	if err == nil {
		err = d.remove(names[0])
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s was removed by hand: a minute of packets that the track says are there. A viewer that goes back that far waits for 10 s, and fails", names[0]), nil
}

func stageRemoveNewData(ctx context.Context, d *drill) (string, error) {
	c, err := d.stopped(ctx)
	if err != nil {
		return "", err
	}
	names, err := mistserver.DataPages(d.Place(), d.stream, victim)
	if err == nil && len(names) == 0 {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = d.remove(names[len(names)-1])
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, which source %d writes, was removed by hand while the source, process %d, was stopped. kill -CONT lets it go on: it finds out, and ends itself", names[len(names)-1], number(c), id(c)), nil
}

func stageOverflowList(_ context.Context, d *drill) (string, error) {
	slots, err := mistserver.OverflowList(d.Place(), d.stream)
	return fmt.Sprintf("the track list says that it has %d tracks, and has %d slots, as when an input takes over the page of one that had more: MistServer's processes take two tracks for one. Ours count otherwise, and go on", slots+1, slots), err
}

func stageScribble(_ context.Context, d *drill) (string, error) {
	name := d.entry().Page
	err := mistserver.Scribble(d.Place(), name)
	return fmt.Sprintf("a stray byte was written over the fields of %s. Processes that have read them go on; no other can open the page", name), err
}

// stageNuke ends all processes of the stream at once, and removes what MistUtilNuke
// removes: it takes the lists away before it looks at what they name, and so leaves
// all data pages.
func stageNuke(ctx context.Context, d *drill) (string, error) {
	d.killAll()
	if err := d.await(ctx, func() bool { return allEnded(d.parts()) }); err != nil {
		return "", err
	}
	objects, err := mistserver.Objects(d.Place(), d.stream)
	left, newest := 0, time.Time{}
	for _, name := range objects {
		switch o, _ := mist.ParseName(name); o.Kind {
		case mist.KindData:
			left++
			if info, e := os.Stat(filepath.Join(d.Options().ShmDir, name)); e == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
		case mist.KindConfig:
		default:
			err = errors.Join(err, d.remove(name))
		}
	}
	if err == nil {
		err = d.await(ctx, func() bool { return time.Since(newest) > orphanAge })
	}
	return fmt.Sprintf("all processes of the stream were killed, and its pages removed as MistUtilNuke removes them: first the lists, so that what they name is not found. %s left", units.Counted(left, "data page is", "data pages are")), err
}

// orphanAge is the age from which no process is about to use an object.
const orphanAge = 11 * time.Second

// parts returns the processes of the drill's stream.
func (d *drill) parts() []*simulate.Process {
	return append(slices.Concat(d.ofStream(d.Viewers()), d.sources()), d.input().Angel)
}

// sources returns the sources of the drill's stream.
func (d *drill) sources() []*simulate.Process { return d.ofStream(d.Sources()) }

// ofStream returns those of a list that belong to the drill's stream.
func (d *drill) ofStream(list []*simulate.Process) []*simulate.Process {
	return slices.DeleteFunc(slices.Clone(list), func(c *simulate.Process) bool { return c.Stream != d.stream })
}

// killAll kills the angel first, which would tell of its buffer's end.
func (d *drill) killAll() {
	for _, c := range slices.Backward(d.parts()) {
		_ = c.Kill() // it may have ended
	}
	_, _ = d.KillBuffer(d.stream) // likewise
}
