package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// tell lets the victim's source begin with what it does wrong.
func (d *drill) tell() (*simulate.Process, error) {
	c, err := d.source()
	if err == nil {
		err = c.Signal(simulate.BeginSignal)
	}
	return c, err
}

func stageSilence(ctx context.Context, d *drill) (string, error) {
	c, err := d.stopped(ctx)
	if err == nil {
		err = d.await(ctx, d.silent(idleAfter))
	}
	return fmt.Sprintf("source %d, process %d, is stopped: it is there, and nothing comes. kill -CONT lets it go on", number(c), id(c)), err
}

func stageJumpAhead(ctx context.Context, d *drill) (string, error) {
	c, err := d.tell()
	if err == nil {
		err = d.await(ctx, d.silent(idleAfter))
	}
	return fmt.Sprintf("source %d, process %d, has sent one packet with a time %v ahead, and goes on as before: all that it sends since is older, and is thrown away", number(c), id(c), aheadBy), err
}

func stageKeyless(ctx context.Context, d *drill) (string, error) {
	c, err := d.source()
	if err == nil {
		err = d.await(ctx, d.silent(keyAfter))
	}
	return fmt.Sprintf("source %d, process %d, has sent no key frame since it began: all of it is thrown away", number(c), id(c)), err
}

// stageFillData waits until the data page takes no more.
func stageFillData(ctx context.Context, d *drill) (string, error) {
	c, err := d.tell()
	var parts, avail uint64
	if err == nil {
		err = d.await(ctx, func() bool {
			p, a, e := mistserver.Parts(d.Place(), d.stream, victim)
			stalls := e == nil && a == avail && p >= parts+2 && a > mist.LiveDataSize-2*largeFrame
			if a != avail {
				parts, avail = p, a
			}
			return stalls
		})
	}
	return fmt.Sprintf("source %d, process %d, sends frames of 1 MiB without a key frame among them: its data page is full after %d of %d bytes, another begins at a key frame only, and what comes is counted and not stored", number(c), id(c), avail, mist.LiveDataSize), err
}

// reuseData has a source come twice: the first time with so much that the
// second one is behind for the drill. A data page has a minute, and then begins
// another one, where nothing stale is.
func reuseData(o *simulate.Options) {
	const whole = 58 * time.Second
	o.Backlog = max(o.Backlog, whole)
	o.DVR = max(o.DVR, 2*whole)
	if o.Duration == 0 || o.Duration > staleTime {
		o.Duration = staleTime
	}
}

// staleTime is how long there are bytes of the first run behind those of the
// second.
const staleTime = 45 * time.Second

// stageUseAgain keeps the packets of the first source, under the name that those of the
// next will have, and starts that one.
func stageUseAgain(ctx context.Context, d *drill) (string, error) {
	c, err := d.source()
	if err != nil {
		return "", err
	}
	leaked, err := d.leak()
	if err == nil {
		err = c.Kill()
	}
	if err == nil {
		err = d.await(ctx, func() bool { return !c.Running() && d.entry().Valid == 0 })
	}
	if err != nil {
		return "", err
	}
	again, err := d.sourceAgain(ctx, c)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the packets of source %d were left behind when it was killed, as MistUtilNuke leaves them; it came back as process %d, which uses %s again and does not empty it: behind its newest packet are those of before. In a minute it begins another page; until then, for %v at most, the simulation goes on", number(c), again.PID, leaked, d.Options().Duration), nil
}

// leak gives the victim's data page a second name: that of the first one of the
// track that is added next.
func (d *drill) leak() (name string, err error) {
	pages, err := mistserver.DataPages(d.Place(), d.stream, victim)
	if err == nil && len(pages) == 0 {
		err = errors.New("nothing was stored")
	}
	tracks, e := mistserver.Tracks(d.Place(), d.stream)
	if err = errors.Join(err, e); err != nil {
		return "", err
	}
	name = mist.Object{Kind: mist.KindData, Stream: d.stream, Index: tracks, Key: 0}.Name()
	dir := d.Options().ShmDir
	return name, os.Link(filepath.Join(dir, pages[0]), filepath.Join(dir, name))
}

// sourceAgain starts a source like another, from its beginning and without a
// backlog.
func (d *drill) sourceAgain(ctx context.Context, c *simulate.Process) (*simulate.Process, error) {
	p := c.Part
	p.Epoch, p.Fault = measure.Now(), finding.DataStaleBytes
	return d.addSource(ctx, p, func(again *simulate.Process) bool { return again.Live })
}

// addSource starts a source more, and waits until it has come so far.
func (d *drill) addSource(ctx context.Context, p simulate.Part, come func(*simulate.Process) bool) (*simulate.Process, error) {
	c, err := d.Start(p)
	if err != nil {
		return nil, err
	}
	return c, d.await(ctx, func() bool { return come(c) })
}

// stageHide lets a process make a track from the victim and hide that one, and die.
func stageHide(ctx context.Context, d *drill) (string, error) {
	source, err := d.source()
	if err != nil {
		return "", err
	}
	p := source.Part
	p.Number, p.Fault = d.Options().Tracks+1, finding.TrackHidden
	p.Media.Number, p.Epoch = p.Number, measure.Now()
	c, err := d.addSource(ctx, p, func(c *simulate.Process) bool {
		// Killed before its first packet is there, it may leave a data page that nothing names.
		_, avail, err := mistserver.Parts(d.Place(), d.stream, c.Track)
		return err == nil && avail > 0 && d.entry().Valid == mistserver.ProcessesOnly
	})
	if err != nil {
		return "", err
	}
	err = c.Kill()
	if err == nil {
		err = d.await(ctx, func() bool {
			e, e2 := mistserver.Entry(d.Place(), d.stream, c.Track)
			return !c.Running() && e2 == nil && e.Valid == 0
		})
	}
	return fmt.Sprintf("process %d made track %d from track %d, hid that from viewers, and was killed: the buffer has removed what it made, and the mask stays", id(c), c.Track, victim), err
}

// manyFrames sets more frames in 1000 seconds than a field of 16 bits takes.
func manyFrames(o *simulate.Options) {
	if o.FPS < 66 {
		o.FPS = 120
	}
}

func stageWrapped(_ context.Context, d *drill) (string, error) {
	return fmt.Sprintf("track %d has %d frames a second: its fpks, frames in 1000 s, is %d, and in 16 bits %d", victim, d.Options().FPS, d.Options().FPS*1000, d.Options().FPS*1000&0xffff), nil
}

// stageFill leaves so little of the file system that a process that makes a page is ended by
// it: data pages that no page names, as MistUtilNuke leaves them.
func stageFill(ctx context.Context, d *drill) (string, error) {
	name := mist.Object{Kind: mist.KindData, Stream: d.stream, Index: leakedIndex}.Name()
	f, err := os.OpenFile(filepath.Join(d.Options().ShmDir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	l := &leaking{file: f}
	if err := l.grow(); err != nil {
		return "", errors.Join(err, f.Close())
	}
	d.repeat(ctx, func() { _ = l.grow() })
	return fmt.Sprintf("%s, a data page that no page names, has grown to %d MiB: of %s next to nothing is left, and stays so. The next write of a source is refused, or kills it", name, l.size>>20, d.Options().ShmDir), nil
}

// leakedIndex is a track's that never was.
const leakedIndex = simulate.MaxTracks

// leaking is a file that takes what is left.
type leaking struct {
	file *os.File
	size int64
}

// grow leaves one part in 50 of the file system.
func (l *leaking) grow() error {
	s, err := kernel.StatFS(l.file.Name())
	if err != nil {
		return err
	}
	by := (int64(s.Available) - int64(s.Blocks)/50) * s.Block
	if by <= 0 {
		return nil
	}
	if err := kernel.Allocate(l.file, l.size, by); err != nil {
		return err
	}
	l.size += by
	return nil
}

// refuseSmall refuses where a whole data page, which is all written, would take most
// of what is left.
func refuseSmall(o simulate.Options) error {
	const needed = 4 * mist.LiveDataSize
	s, err := kernel.StatFS(o.ShmDir)
	if err != nil {
		return fmt.Errorf("shared memory directory %q: %w", o.ShmDir, err)
	}
	if free := int64(s.Available) * s.Block; free < needed {
		return fmt.Errorf("%s writes a data page of %d MiB, and of %q only %d MiB are left", finding.DataStalled, mist.LiveDataSize>>20, o.ShmDir, free>>20)
	}
	return nil
}

// largestFilled is the largest file system that a drill fills.
const largestFilled = 256 << 20

// refuseLarge refuses to fill what others use: a directory must have a file system
// of its own.
func refuseLarge(o simulate.Options) error {
	const how = "; mount -t tmpfs -o size=64m shm /mnt/shm makes one, and --shm-dir /mnt/shm takes it"
	s, errSystem := kernel.StatFS(o.ShmDir)
	dir, errDir := kernel.StatPath(o.ShmDir)
	parent, errParent := kernel.StatPath(filepath.Join(o.ShmDir, ".."))
	common, errCommon := kernel.StatPath("/dev/shm")
	err := errors.Join(errSystem, errDir, errParent)
	switch {
	case err != nil:
		return fmt.Errorf("shared memory directory %q: %w", o.ShmDir, err)
	case dir.Dev == parent.Dev || errCommon == nil && dir.Dev == common.Dev:
		return fmt.Errorf("%s fills a file system, and %q is not one of its own%s", finding.ShmFull, o.ShmDir, how)
	case int64(s.Blocks)*s.Block > largestFilled:
		return fmt.Errorf("%s fills a file system of at most %d MiB, and that of %q has %d%s", finding.ShmFull, largestFilled>>20, o.ShmDir, int64(s.Blocks)*s.Block>>20, how)
	}
	return nil
}
