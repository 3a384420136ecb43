package mistserver

import (
	"errors"
	"testing"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// A buffer that takes over the pages of one that has crashed counts one record
// more than there is room for: those who work on the page go on, and who comes
// finds the stream.
func TestReclaim(t *testing.T) {
	s := newStage(t)
	_, dead := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	f.send(s)
	s.loop(dead)
	b := must[*Buffer](t)(ReclaimBuffer(s.Place, "live", Settings{}))
	h, err := b.meta.w.Header()
	if s.ok(err); h.EndPos != 2 || h.RecordCount != 1 || h.Present != 0 {
		t.Errorf("%+v", h)
	}
	for range 30 {
		f.send(s)
	}
	if r := s.loop(b); r.State != mist.StateReady || r.Tracks != 1 {
		t.Errorf("%+v", r)
	}
	second := s.add("live", TrackInfo{Type: "audio", Codec: "AAC"})
	if second.Index() != 1 {
		t.Errorf("track %d", second.Index())
	}
	s.ok(second.Close())
	if v := must[uint64](t)(b.meta.uint("live")); v != 1 {
		t.Errorf("live is %d", v)
	}
}

// A reload ends where it is told to: with the mark on the old page, or with a new
// one that is not ready.
func TestBeginReload(t *testing.T) {
	for _, made := range []bool{false, true} {
		s := newStage(t)
		s.stream("live", Settings{})
		f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
		f.send(s)
		before := must[*relaccx.Page](t)(relaccx.Open(s.path(mist.Object{Kind: mist.KindTrack, Stream: "live", PID: must[TrackEntry](t)(Entry(s.Place, "live", 0)).PID})))
		s.ok(f.track.BeginReload(made))
		h, err := before.Header()
		if s.ok(err); !h.Status.Reload() || before.Replaced() != made {
			t.Errorf("made %v: status %v, replaced %v", made, h.Status, before.Replaced())
		}
		_, err = s.openNow(mist.Object{Kind: mist.KindTrack, Stream: "live", PID: must[TrackEntry](t)(Entry(s.Place, "live", 0)).PID})
		if errors.Is(err, relaccx.ErrNotReady) != made {
			t.Errorf("made %v: %v", made, err)
		}
		s.ok(before.Close())
	}
}

// Who fills MstUser leaves no slot to others, and gives back what was taken.
func TestCrowd(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	c := must[*Crowd](t)(FillUsers(t.Context(), s.Place, "live", 0))
	template, _ := mist.KindUsers.Template()
	if want := int(template.RecordCount) - 1; c.Taken() != want {
		t.Errorf("%d slots are taken, want %d", c.Taken(), want)
	}
	if _, err := Request(t.Context(), s.Place, "live", 0, 0); !errors.Is(err, ErrUsersFull) {
		t.Errorf("%v", err)
	}
	s.ok(c.Leave())
	s.loop(b)
	leave := must[func() error](t)(Request(t.Context(), s.Place, "live", 0, 7))
	s.ok(leave())
}
