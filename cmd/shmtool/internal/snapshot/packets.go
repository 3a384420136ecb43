package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

const (
	// settles is how often a track is copied again. A packet comes every 20 ms or
	// more, and it takes less to copy what came since.
	settles = 10
	// inFlight is longer than a packet lies in its page before the track tells of it:
	// microseconds, unless its source has to wait for a processor meanwhile.
	inFlight = 250 * time.Millisecond
	// inFlightLook is how often that is looked at.
	inFlightLook = 5 * time.Millisecond
)

// ends are where the packets of a track's data pages end, by name: what its page
// says is in them.
type ends map[string]int64

// endsOf reads them from a track's page. A page that cannot be read has none.
func endsOf(open func() (*relaccx.Page, error), is mist.Object) ends {
	p, err := open()
	if err != nil {
		return nil
	}
	defer p.Close()
	info := mist.KindTrack.Page("pages")
	r, err := p.Reader()
	if err == nil {
		r, err = r.WithRules(mist.KindTrack.Page()).Nested(relaccx.Step{Field: info.Path})
	}
	if err != nil {
		return nil
	}
	w, err := r.Window()
	if err != nil {
		return nil
	}
	found := ends{}
	for rec, err := range r.RecordsInUse(w) {
		if err != nil {
			return nil
		}
		key, err1 := rec.Uint("firstkey")
		avail, err2 := rec.Uint("avail")
		if err1 == nil && err2 == nil && avail > 0 && avail < 1<<40 {
			found[mist.Object{Kind: mist.KindData, Stream: is.Stream, Index: is.Index, Key: key}.Name()] = int64(avail)
		}
	}
	return found
}

// settleTracks brings the copies of the tracks of streams and of their packets together: packets
// are copied after the pages that tell of them, and what came between would look
// like what an earlier run left.
func (c *capture) settleTracks(ctx context.Context, streams map[string]bool) error {
	isTrack := func(o *object) bool { return o.is.Kind == mist.KindTrack && o.kept && streams[o.is.Stream] }
	for _, o := range c.byName(isTrack) {
		for try := 1; ; try++ {
			late := c.late(o)
			if len(late) == 0 {
				break
			}
			settle := c.settle
			if try == settles {
				settle = c.blank
			}
			if err := settle(ctx, o, late); err != nil {
				return err
			}
			if try == settles {
				break
			}
		}
	}
	return nil
}

// late returns the data pages in whose copies packets lie that came after the copy of
// the track's page, with where that says they end.
func (c *capture) late(o *object) ends {
	late := ends{}
	if !o.kept {
		return late // it went when it was copied again
	}
	for name, end := range endsOf(o.copied.page, o.is) {
		data := c.objects[name]
		if data == nil || !data.kept || !data.holdsBehind(end) {
			continue
		}
		if c.awaitEnd(o, data, end) > end {
			late[name] = end
		}
	}
	return late
}

// awaitEnd returns where the packets of a data page end by now. Behind a known end lies
// more in its copy: it was on its way then, or is there from before.
func (c *capture) awaitEnd(o, data *object, known int64) int64 {
	for {
		over := time.Since(data.last) > inFlight
		if end := c.endNow(o, data.name()); end > known || over { // less: the track's page is being made anew
			return end
		}
		time.Sleep(inFlightLook)
	}
}

func (c *capture) endNow(o *object, name string) int64 {
	open := func() (*relaccx.Page, error) { return relaccx.Open(filepath.Join(c.ShmDir, o.name())) }
	return endsOf(open, o.is)[name]
}

// holdsBehind reports whether a packet begins in a copy at a place.
func (o *object) holdsBehind(at int64) bool {
	var head [8]byte
	n, _ := o.copied.ReadAt(head[:], at)
	return !bytes.Equal(head[:n], zeros[:n])
}

// settle copies a track's page again, and of its packets what came since.
func (c *capture) settle(ctx context.Context, o *object, late ends) error {
	if err := o.forget(); err != nil {
		return err
	}
	if err := c.copyObject(ctx, o); err != nil {
		return err
	}
	for name, end := range late {
		if err := c.copyBehind(ctx, name, end); err != nil {
			return err
		}
	}
	return nil
}

// copyBehind copies an object again from a place on. One that has gone is seen by
// who copies its stream again.
func (c *capture) copyBehind(ctx context.Context, name string, at int64) error {
	from, err := objectfile.Open(filepath.Join(c.ShmDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	err = c.objects[name].copied.change(func(to relaccx.SaveTarget) error { return copyFile(ctx, to, from, at) })
	c.objects[name].last = time.Now()
	return err
}

// blank makes zeros of what came since in the copies of packets, where that does
// not cease to come.
func (c *capture) blank(_ context.Context, o *object, late ends) error {
	for name, end := range late {
		size := c.endNow(o, name) - end
		if size <= 0 || size > min(c.objects[name].saved.Size, mist.LiveDataSize) {
			continue
		}
		err := c.objects[name].copied.change(func(to relaccx.SaveTarget) error {
			_, err := to.WriteAt(make([]byte, size), end)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
