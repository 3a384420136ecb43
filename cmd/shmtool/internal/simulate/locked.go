package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// The way before RelAccX, for comparison: one page with all metadata and a lock
// over it, which the writer takes once a second to write what there is, and a
// reader once a second to read it. The page is a file of the simulation's own:
// a count of entries, and for each frame of the last minutes its publish time
// and number. MistServer's was DTSC under a semaphore; what makes the delay is
// the two seconds, not the packing.
const (
	lockedInterval = time.Second
	lockedFrames   = 8192 // that the page has room for
	lockedHead     = 8    // bytes before the first entry: number of the next frame
	lockedSize     = lockedHead + lockedFrames*stampSize
	lockedReaders  = 10 // each a tenth of a second behind another: what one sees depends on when it looks
)

// locked does something while it holds the page's lock.
func locked(f *os.File, how int, do func() error) error {
	for {
		err := kernel.Flock(f, how)
		if !errors.Is(err, syscall.EINTR) {
			if err != nil {
				return err
			}
			break
		}
	}
	err := do()
	return errors.Join(err, kernel.Flock(f, kernel.Unlock))
}

// lockedWriter has a frame whenever a video source has one, and publishes all
// of them once a second.
func (p Part) lockedWriter(ctx context.Context) error {
	f, err := os.OpenFile(p.LockedPage, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	c := newClock()
	page := make([]byte, lockedSize)
	var n uint64
	for next := c.now() + int64(lockedInterval); ; n++ {
		due := p.Epoch + p.Media.micros(n)*1000
		if due < c.now()-int64(lockedInterval) {
			continue // what was before it began
		}
		if !c.until(ctx, due) {
			return nil
		}
		stamp(page[lockedHead+n%lockedFrames*stampSize:], c.now(), n)
		binary.BigEndian.PutUint64(page, n+1)
		if c.now() < next {
			continue
		}
		next += int64(lockedInterval)
		if err := locked(f, kernel.Exclusive, func() error { _, err := f.WriteAt(page, 0); return err }); err != nil {
			return err
		}
	}
}

// lockedReader runs several readers in a process, each of which takes the lock once a
// second.
func (p Part) lockedReader(ctx context.Context, r *reporter) error {
	all := newTally()
	var mu sync.Mutex // all
	var group sync.WaitGroup
	errs := make([]error, lockedReaders)
	for i := range lockedReaders {
		group.Go(func() {
			own, err := p.readLocked(ctx, time.Duration(i)*lockedInterval/lockedReaders)
			mu.Lock()
			defer mu.Unlock()
			errs[i] = err
			all.add(own)
		})
	}
	r.send(message{Kind: kindReady})
	group.Wait()
	whole, err := all.whole()
	r.send(message{Kind: kindEnd, Seen: whole})
	return errors.Join(append(errs, err)...)
}

// readLocked runs one of them. Frames that were there when it began do not count.
func (p Part) readLocked(ctx context.Context, behind time.Duration) (*tally, error) {
	seen := newTally()
	f, err := os.OpenFile(p.LockedPage, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return seen, err
	}
	defer f.Close()
	c := newClock()
	began := c.now()
	page := make([]byte, lockedSize)
	next := uint64(0)
	for t := began + int64(behind); c.until(ctx, t); t += int64(lockedInterval) {
		n := 0
		read := func() error {
			n, _ = f.ReadAt(page, 0) // before the writer's first turn there is less
			return nil
		}
		if err := locked(f, kernel.Shared, read); err != nil {
			return seen, err
		}
		if n == lockedSize {
			next = seen.readFrames(page, next, began, c.now())
		}
	}
	return seen, nil
}

// readFrames takes the frames from next on, and gives the number of the one
// after them.
func (t *tally) readFrames(page []byte, next uint64, began, now int64) uint64 {
	end := binary.BigEndian.Uint64(page)
	if end > next+lockedFrames {
		next = end - lockedFrames
	}
	for ; next < end; next++ {
		published, number, _ := readStamp(page[lockedHead+next%lockedFrames*stampSize:])
		if number == next && published >= began {
			t.Records++
			t.measure(now - published)
		}
	}
	return end
}
