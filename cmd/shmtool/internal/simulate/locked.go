package simulate

import (
	"context"
	"errors"

	"shmtool/cmd/shmtool/internal/measure"
)

// lockedReaders is how many readers of the page with the lock a process runs.
const lockedReaders = 10

// lockedWriter has a frame whenever a video source has one, and publishes all
// of them once a second, the way before RelAccX.
func (p Part) lockedWriter(ctx context.Context) error {
	return measure.WriteLocked(ctx, p.LockedPage, func(n uint64) int64 { return p.Epoch + p.Media.micros(n)*1000 })
}

// lockedReader runs several readers in a process, each of which takes the lock once a
// second.
func (p Part) lockedReader(ctx context.Context, r *reporter) error {
	all, err := measure.ReadLocked(ctx, p.LockedPage, lockedReaders, func() { r.send(message{Kind: kindReady}) })
	whole, wholeErr := all.Whole()
	r.send(message{Kind: kindEnd, Seen: whole})
	return errors.Join(err, wholeErr)
}
