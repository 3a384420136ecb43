package pages

import (
	"os"
	"time"
)

// Directory tells whether the names in a directory must be read again. To ask costs one
// system call; to read a thousand names costs a millisecond.
type Directory struct {
	path    string
	changed time.Time // its time of change, before it was last read
	read    time.Time // zero: not yet
}

const (
	// timeStep is how far apart two changes of a directory must be for its time of change
	// to differ, on any file system.
	timeStep = 2 * time.Second
	// rereadEvery is how often names are read whatever the times say.
	rereadEvery = 10 * time.Second
)

// NewDirectory returns a Directory whose names were not read yet.
func NewDirectory(path string) *Directory { return &Directory{path: path} }

// Unchanged reports whether no name has come or gone since the last Unchanged that
// returned false. After false, read the names.
func (d *Directory) Unchanged() bool {
	now := time.Now()
	info, err := os.Stat(d.path)
	if err == nil && d.known(info.ModTime(), now) {
		return true
	}
	d.read, d.changed = now, time.Time{}
	if err == nil {
		d.changed = info.ModTime()
	}
	return false
}

// known reports whether the names are those that were read last. A change right after the
// read may have left the time of change the same, unless that was old by then.
func (d *Directory) known(changed, now time.Time) bool {
	return !d.read.IsZero() && changed.Equal(d.changed) &&
		d.read.Sub(changed) > timeStep && now.Sub(d.read) < rereadEvery
}
