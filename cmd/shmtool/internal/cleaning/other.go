package cleaning

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
)

// otherTime is how long a clean waits for another one that is removing the same objects.
const (
	otherTime  = 2 * time.Second
	otherPause = 10 * time.Millisecond
)

// seize opens and locks the objects, and returns how many it holds besides those that are
// open already. It holds all or none of a stream that goes as a whole: when two cleans run,
// the one that gets the first object gets them all.
func (u *unit) seize(dir string, open int) (held int) {
	for i := range u.claims {
		c := &u.claims[i]
		if c.err = c.seize(dir, open+held < 2*mostClaims); c.err != nil && u.whole {
			u.release()
			return 0
		}
		if c.open != nil {
			held++
		}
	}
	return held
}

// awaitOther waits for another clean that has the lock of an object, and notes which objects
// it has removed: they are gone, as they were to be. All units together wait until a time
// that the first one sets.
func (u *unit) awaitOther(ctx context.Context, dir string, until *time.Time) {
	var kept *KeptError
	other := false
	for i := range u.claims {
		if errors.As(u.claims[i].err, &kept) {
			other = other || kept.Reason == isLocked || kept.Reason == isRemoved || kept.Reason == isGone
		}
	}
	if !other {
		return
	}
	if until.IsZero() {
		*until = time.Now().Add(otherTime)
	}
	for !u.gone(dir) && time.Now().Before(*until) {
		if pause.For(ctx, otherPause) != nil {
			return
		}
	}
}

// gone notes which objects that were kept are no longer there, and reports whether none is.
func (u *unit) gone(dir string) bool {
	all := true
	for i := range u.claims {
		c := &u.claims[i]
		var kept *KeptError
		if !errors.As(c.err, &kept) || kept.Gone() {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, c.Name)); errors.Is(err, fs.ErrNotExist) {
			c.err = &KeptError{c.Name, isGone}
		} else {
			all = false
		}
	}
	return all
}
