package measure

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// The way before RelAccX, for comparison: one page with all metadata and a lock
// over it, which the writer takes once a second to write what there is, and a
// reader once a second to read it. The page is a file of the caller's own:
// a count of entries, and for each frame of the last minutes its publish time
// and number. MistServer's was DTSC under a semaphore; what makes the delay is
// the two seconds, not the packing.
const (
	LockedInterval = time.Second
	lockedFrames   = 8192 // that the page has room for
	lockedHead     = 8    // bytes before the first entry: number of the next frame
	lockedSize     = lockedHead + lockedFrames*StampSize
)

// locked does something while it holds the page's lock.
func locked(f *os.File, how int, do func() error) error {
	if err := kernel.Flock(f, how); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, kernel.Flock(f, kernel.Unlock))
}

// WriteLocked has frame n when it is due, and publishes all that it has in the page at
// path once a second, until ctx ends.
func WriteLocked(ctx context.Context, path string, due func(n uint64) int64) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	c := NewClock()
	page := make([]byte, lockedSize)
	var n uint64
	for next := c.Now() + int64(LockedInterval); ; n++ {
		at := due(n)
		if at < c.Now()-int64(LockedInterval) {
			continue // what was before it began
		}
		if !c.Until(ctx, at) {
			return nil
		}
		Stamp(page[lockedHead+n%lockedFrames*StampSize:], c.Now(), n)
		binary.BigEndian.PutUint64(page, n+1)
		if c.Now() < next {
			continue
		}
		next += int64(LockedInterval)
		if err := locked(f, kernel.Exclusive, func() error { _, err := f.WriteAt(page, 0); return err }); err != nil {
			return err
		}
	}
}

// ReadLocked runs readers of the page of WriteLocked in this process until ctx ends. Each
// takes the lock once a second, and looks at another part of the second than the others:
// what one sees depends on when it looks. It calls ready when it has begun.
func ReadLocked(ctx context.Context, path string, readers int, ready func()) (*Tally, error) {
	all := NewTally()
	var mu sync.Mutex // all
	var group sync.WaitGroup
	errs := make([]error, readers)
	for i := range readers {
		group.Go(func() {
			own, err := readLocked(ctx, path, time.Duration(2*i+1)*LockedInterval/time.Duration(2*readers))
			mu.Lock()
			defer mu.Unlock()
			errs[i] = err
			all.Add(own)
		})
	}
	ready()
	group.Wait()
	return all, errors.Join(errs...)
}

// readLocked runs one of them. Frames that were there when it began do not count.
func readLocked(ctx context.Context, path string, behind time.Duration) (*Tally, error) {
	seen := NewTally()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return seen, err
	}
	defer f.Close()
	c := NewClock()
	began := c.Now()
	page := make([]byte, lockedSize)
	next := uint64(0)
	for t := began + int64(behind); c.Until(ctx, t); t += int64(LockedInterval) {
		n := 0
		read := func() error {
			n, _ = f.ReadAt(page, 0) // before the writer's first turn there is less
			return nil
		}
		if err := locked(f, kernel.Shared, read); err != nil {
			return seen, err
		}
		if n == lockedSize {
			next = seen.readFrames(page, next, began, c.Now())
		}
	}
	return seen, nil
}

// readFrames takes the frames from next on, and gives the number of the one
// after them.
func (t *Tally) readFrames(page []byte, next uint64, began, now int64) uint64 {
	end := binary.BigEndian.Uint64(page)
	if end > next+lockedFrames {
		next = end - lockedFrames
	}
	for ; next < end; next++ {
		published, number, _ := ReadStamp(page[lockedHead+next%lockedFrames*StampSize:])
		if number == next && published >= began {
			t.Records++
			t.Measure(now - published)
		}
	}
	return end
}
