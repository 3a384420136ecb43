package object

import (
	"cmp"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// published is what a track's page says about a data page.
type published struct {
	avail uint64 // bytes of packets
	later int    // how many pages follow, up to 2: the newest may be growing
}

// trackAvail returns what the page of a data page's track says about it. That page lies in
// the same directory. The error says that the system failed to read it, or that you may not.
func trackAvail(path string, of mist.Object) (p published, ok bool, err error) {
	pages, err := trackPages(filepath.Dir(path), of)
	for _, page := range pages {
		p, ok, errPage := availIn(page, of.Key)
		if ok {
			return p, true, nil
		}
		err = cmp.Or(err, errPage)
	}
	return published{}, false, err
}

// failure returns err when it says that the system failed, or that you may not read.
func failure(err error) error {
	if kernel.Unseen(err) {
		return err
	}
	return nil
}

// trackPages returns the paths of pages that may be a data page's track: the one that the
// stream's list names, or else all that have such a name.
func trackPages(dir string, of mist.Object) ([]string, error) {
	listed := ""
	err := withRecord(filepath.Join(dir, mist.Object{Kind: mist.KindMeta, Stream: of.Stream}.Name()), "tracks",
		func(rec *relaccx.Record) bool {
			if rec.Number == uint64(of.Index) {
				listed, _ = rec.Text("page")
			}
			return listed != ""
		})
	if name, ok := mist.ParseName(listed); ok && name.Kind == mist.KindTrack {
		return []string{filepath.Join(dir, name.Name())}, nil
	}
	var found []string
	entries, errDir := os.ReadDir(dir) // without it there is none
	for _, entry := range entries {
		name := entry.Name()
		if o, ok := mist.ParseName(name); ok && o.Kind == mist.KindTrack && o.Stream == of.Stream && o.Index == of.Index {
			found = append(found, filepath.Join(dir, name))
		}
	}
	return found, cmp.Or(failure(err), failure(errDir))
}

// availIn finds a data page by its first key among the pages that a track lists. The error
// says that the system failed, or that you may not read the track.
func availIn(track string, firstKey uint64) (p published, ok bool, err error) {
	err = withRecord(track, "pages", func(rec *relaccx.Record) bool {
		if ok {
			p.later++
			return p.later == 2
		}
		if key, err := rec.Uint("firstkey"); err != nil || key != firstKey {
			return false
		}
		n, err := rec.Uint("avail")
		p, ok = published{avail: n}, err == nil
		return err != nil
	})
	return p, ok && err == nil, failure(err)
}

// withRecord calls is with the records of the page nested in record 0 of another page,
// until is returns true.
func withRecord(path, nested string, is func(rec *relaccx.Record) bool) error {
	p, err := relaccx.Open(path)
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := p.Reader()
	if err == nil {
		r, err = r.Nested(relaccx.Step{Field: nested, Exact: true})
	}
	if err != nil {
		return err
	}
	w, err := r.Window()
	if err != nil {
		return err
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			return err
		}
		if is(rec) {
			return nil
		}
	}
	return nil
}

// findStale looks how far the stream's own packets go, and whether more packets follow
// them: MistServer's readers do not ask, and run into what an earlier stream left in the
// page. One packet more may be on its way.
func (d *dataPage) findStale() {
	now := func() (published, bool, error) { return trackAvail(d.Path, d.Of) }
	said, ok, err := now()
	if err != nil {
		d.world.Warn("page %q: cannot read what its track has published: %v; packets of a stream before may be among those shown", d.Arg, cause.Of(err))
	}
	if !ok {
		return
	}
	behind, avail, settled := lookBehind(d.Path, said.avail, now)
	d.avail = &avail
	switch {
	case !settled || behind.Next == 0:
	case behind.Next == 1:
		d.world.Warn("page %q: one packet lies behind the %d bytes that are published: on its way, or left by a stream before", d.Arg, avail)
	default:
		d.staleFrom = int(avail)
		d.world.Warn("page %q: packets go on behind the %d bytes that are published: a stream before left them, and MistServer's readers run into them", d.Arg, avail)
	}
}

// availTries is how often a page is looked at again when its writer publishes meanwhile.
const availTries = 5

// lookBehind looks for packets behind those that are published, and again when more was
// published meanwhile. It returns how many bytes are published. It is not settled when the
// writer publishes more each time, or the page is gone.
func lookBehind(path string, avail uint64, now func() (published, bool, error)) (b dtsc.Behind, at uint64, settled bool) {
	p, err := relaccx.Open(path)
	if err != nil {
		return b, avail, false // or it is smaller than any packet
	}
	defer p.Close()
	for range availTries {
		err := p.Inspect(func(page []byte, _ layout.Header) error {
			b = dtsc.PacketsBehind(page, avail, p.NextData)
			return nil
		})
		said, ok, _ := now()
		if err != nil || !ok || said.avail == avail || b.Count == 0 {
			return b, avail, err == nil && ok
		}
		avail = said.avail
	}
	return b, avail, false
}
