package mistserver

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// TrackInfo is what a source says of its track.
type TrackInfo struct {
	ID            uint32 // 0 is the track's index and one
	Type, Codec   string // "video", "audio", "meta", "subtitle"; "H264", "AAC", …
	Lang          string // three letters
	Init          []byte
	Width, Height uint32
	FPKS          uint32         // frames in 1000 seconds
	Rate          uint32         // Hz
	Channels      uint32         //
	SampleSize    uint32         // bits
	Room          mist.TrackRoom // to begin with; zero values are MistServer's
	From          int            // what it is made from: a track's index and one; 0 is none
	Careless      bool           // as MistServer: bad packets are dropped or half counted, old data pages used again
}

const (
	statePoll    = 20 * time.Millisecond
	everybody    = 0xff       // valid: for viewers, pushes and processes
	noSource     = 0xffffffff // sourcetid: derived from no track
	initHead     = 2          // bytes of length, high byte first
	sourceStatus = mist.UserSource | mist.UserDoNotTrack
)

// AddTrack waits until the stream waits for sources or is ready, adds a track to
// its list, whose page grows by a reload when it is full, and registers as its
// source. ErrStreamGone when the stream ends meanwhile.
func AddTrack(ctx context.Context, p Place, stream string, info TrackInfo) (*Track, error) {
	if err := awaitStream(ctx, p, stream); err != nil {
		return nil, err
	}
	m, err := openMeta(ctx, p, stream)
	if err != nil {
		return nil, err
	}
	t := &Track{place: p, stream: stream, info: info, meta: m}
	if err := t.join(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("stream %q: add a track: %w", stream, err), t.letGo())
	}
	return t, nil
}

// awaitStream waits for the state in which sources may come.
func awaitStream(ctx context.Context, p Place, stream string) error {
	for {
		s, err := readState(p, stream)
		if err != nil || s == mist.StateWait || s == mist.StateReady {
			return err
		}
		if err := pause.For(ctx, statePoll); err != nil {
			return fmt.Errorf("stream %q is %v: %w", stream, s, err)
		}
	}
}

func (t *Track) join(ctx context.Context) error {
	if err := t.enlist(ctx); err != nil {
		return err
	}
	var err error
	if t.users, err = openUsers(ctx, t.place, t.stream); err != nil {
		return err
	}
	t.slot, err = t.users.claim(ctx, sourceStatus, t.index, 0)
	t.claimed = err == nil
	return err
}

// enlist adds the track to the stream's list.
func (t *Track) enlist(ctx context.Context) error { return t.meta.changeList(ctx, t.addRecord) }

// changeList does something with the list, as it is now, under the lock of the tracks.
func (m *meta) changeList(ctx context.Context, do func() error) (err error) {
	lock, err := m.place.lock(m.stream, mist.LockTracks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := lock.Wait(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Post()) }()
	if err := m.refresh(ctx); err != nil {
		return err
	}
	return do()
}

func (t *Track) addRecord() error {
	h, err := t.meta.list.Header()
	if err != nil {
		return err
	}
	if h.EndPos >= uint64(h.RecordCount) {
		r, err := t.meta.grow()
		if err != nil {
			return err
		}
		t.reloads = append(t.reloads, r)
	}
	t.index = int(h.EndPos)
	t.info.ID = cmp.Or(t.info.ID, uint32(t.index)+1)
	page := mist.Object{Kind: mist.KindTrack, Stream: t.stream, PID: os.Getpid(), Index: t.index}
	if err := t.createPage(page); err != nil {
		return err
	}
	err = t.publish(page)
	if err != nil {
		err = errors.Join(err, t.place.remove(page))
	}
	return err
}

// createPage makes the track's MstTrak.
func (t *Track) createPage(page mist.Object) error {
	w, err := t.place.create(page, mist.TrackTemplate(roomOf(t.info.Room)), nil)
	if err != nil {
		return err
	}
	t.page = &trackPage{w: w}
	if err := t.page.attach(); err != nil {
		return err
	}
	t.describe()
	return t.page.fault()
}

func roomOf(r mist.TrackRoom) mist.TrackRoom {
	d := mist.DefaultTrackRoom
	return mist.TrackRoom{
		Fragments: cmp.Or(r.Fragments, d.Fragments),
		Keys:      cmp.Or(r.Keys, d.Keys),
		Parts:     cmp.Or(r.Parts, d.Parts),
		Pages:     cmp.Or(r.Pages, d.Pages),
	}
}

// describe writes what is known of the track before its first packet. Type and
// codec are cut to seven characters here, and whole in the list.
func (t *Track) describe() {
	t.page.set("id", uint64(t.info.ID))
	t.page.setText("type", t.info.Type)
	t.page.setText("codec", t.info.Codec)
	t.page.setText("lang", t.info.Lang)
	if len(t.info.Init) > 0 {
		head := binary.BigEndian.AppendUint16(make([]byte, 0, initHead+len(t.info.Init)), uint16(len(t.info.Init)))
		t.page.setBytes("init", append(head, t.info.Init...))
	}
	for _, c := range []cell{
		{"rate", uint64(t.info.Rate)},
		{"size", uint64(t.info.SampleSize)},
		{"channels", uint64(t.info.Channels)},
		{"width", uint64(t.info.Width)},
		{"height", uint64(t.info.Height)},
		{"fpks", uint64(t.info.FPKS)},
	} {
		if c.value != 0 {
			t.page.set(c.name, c.value)
		}
	}
}

func (i TrackInfo) source() uint64 {
	if i.From == 0 {
		return noSource
	}
	return uint64(i.From - 1)
}

// publish puts the track into the list, with all that is said of it.
func (t *Track) publish(page mist.Object) error {
	rec, err := t.meta.list.NewRecord()
	if err != nil {
		return err
	}
	err = errors.Join(
		putText(rec, "type", t.info.Type),
		putText(rec, "codec", t.info.Codec),
		putText(rec, "page", "/"+page.Name()))
	for _, c := range []cell{
		{"id", uint64(t.info.ID)},
		{"lastupdate", t.place.bootSeconds()},
		{"pid", uint64(os.Getpid())},
		{"sourcetid", t.info.source()},
		{"valid", everybody},
	} {
		err = errors.Join(err, rec.SetUint(c.name, c.value))
	}
	if err != nil {
		return err
	}
	return appendRow(t.meta.list, rec)
}

func appendRow(w *relaccx.Writer, rec *relaccx.Record) error {
	if err := w.Append(rec.Bytes()); err != nil {
		return err
	}
	w.Wake()
	return nil
}
