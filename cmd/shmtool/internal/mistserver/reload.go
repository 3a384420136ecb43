package mistserver

import (
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Reload is one forced reload of a page that became too small.
type Reload struct {
	Ring     string        // "parts", "keys", "fragments", "pages"; "tracks" of MstMeta
	From, To uint32        // slots
	Took     time.Duration // from its start to the old page's flag
}

// reload gives a page the shape of a template of the same kind: record numbers
// and values carry over.
func reload(w *relaccx.Writer, t mist.Template) (time.Duration, error) {
	shape, err := t.Shape()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	short := max(0, int64(shape.Size())-int64(t.Size)) // MstMeta from 64 tracks on
	err = w.Reload(shape, relaccx.ReloadOptions{Size: int64(t.Size), Short: short})
	return time.Since(start), err
}

// doubled returns the room with one ring twice as large.
func doubled(room mist.TrackRoom, ring string) (to mist.TrackRoom, from, slots uint32) {
	of := map[string]*uint32{"parts": &room.Parts, "keys": &room.Keys, "fragments": &room.Fragments, "pages": &room.Pages}[ring]
	from = *of
	*of = 2 * max(from, 1)
	return room, from, *of
}

// grow doubles one ring by a reload of the page. The page keeps the lock that
// the reload takes: a track has one source.
func (t *trackPage) grow(ring string) (Reload, error) {
	room, from, to := doubled(t.room(), ring)
	if err := t.fault(); err != nil {
		return Reload{}, err
	}
	took, err := reload(t.w, mist.TrackTemplate(room))
	if err != nil {
		return Reload{}, err
	}
	return Reload{ring, from, to, took}, t.attach()
}
