package mistserver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// A careless source loses what MistServer's loses, without a word; any other is
// told, and nothing is written.
func TestCareless(t *testing.T) {
	for _, careless := range []bool{true, false} {
		s := newStage(t)
		s.stream("live", Settings{AlwaysOn: true})
		track := s.add("live", TrackInfo{Type: "video", Codec: "H264", Careless: careless})
		refused := func(want error, p Packet) {
			t.Helper()
			switch err := track.Write(p); {
			case careless && err != nil:
				t.Errorf("careless: %v", err)
			case !careless && !errors.Is(err, want):
				t.Errorf("%v, want %v", err, want)
			}
		}
		count := func(parts, avail uint64) {
			t.Helper()
			p, a, err := Parts(s.Place, "live", 0)
			if err != nil || p != parts || a != avail {
				t.Errorf("%d parts, %d bytes, %v; want %d, %d", p, a, err, parts, avail)
			}
		}
		payload := make([]byte, 100)
		refused(ErrNoKey, Packet{Time: 0, Payload: payload})
		count(0, 0)
		s.ok(track.Write(Packet{Time: 1000, Key: true, Payload: payload}))
		first := uint64(dtsc.PacketSize(&dtsc.Packet{Key: true}, 100))
		count(1, first)
		refused(ErrOutOfOrder, Packet{Time: 999, Payload: payload})
		count(1, first)
		// What does not fit is counted, and not stored.
		refused(ErrPageFull, Packet{Time: 1040, Payload: make([]byte, mist.LiveDataSize)})
		parts := uint64(1)
		if careless {
			parts++
		}
		count(parts, first)
		s.ok(track.Write(Packet{Time: 1080, Payload: payload}))
		count(parts+1, first+uint64(dtsc.PacketSize(&dtsc.Packet{}, 100)))
		s.ok(track.Close())
	}
}

// A careless source writes over an old data page, and leaves what is behind.
func TestCarelessUsesOldData(t *testing.T) {
	for _, careless := range []bool{true, false} {
		s := newStage(t)
		s.stream("live", Settings{AlwaysOn: true})
		old := make([]byte, 4096)
		for i := range old {
			old[i] = 0xab
		}
		path := filepath.Join(s.Dir, dataOf("live", 0, 0).Name())
		s.ok(os.WriteFile(path, old, 0o600))
		track := s.add("live", TrackInfo{Type: "video", Codec: "H264", Careless: careless})
		err := track.Write(Packet{Time: 0, Key: true, Payload: make([]byte, 100)})
		if !careless {
			if !errors.Is(err, fs.ErrExist) {
				t.Errorf("%v", err)
			}
			continue
		}
		s.ok(err)
		b := must[[]byte](t)(os.ReadFile(path))
		p, err := dtsc.NextPacket(b, 0)
		if err != nil || !p.Key || len(b) < len(old) || b[p.Size] != 0xab || b[len(old)-1] != 0xab {
			t.Errorf("%+v %v", p, err)
		}
	}
}

// A track that is made from another one says so, and may hide it.
func TestMask(t *testing.T) {
	s := newStage(t)
	s.stream("live", Settings{AlwaysOn: true})
	s.add("live", TrackInfo{Type: "video", Codec: "H264"})
	made := s.add("live", TrackInfo{Type: "video", Codec: "H264", From: 1})
	s.ok(made.Mask(0, ProcessesOnly))
	for index, want := range []struct{ valid, source uint64 }{{ProcessesOnly, noSource}, {0xff, 0}} {
		source, err := made.meta.trackUint(uint64(index), "sourcetid")
		e, err2 := Entry(s.Place, "live", index)
		if err != nil || err2 != nil || source != want.source || e.Valid != want.valid || e.PID != os.Getpid() {
			t.Errorf("track %d: %+v, made from %d; %v %v", index, e, source, err, err2)
		}
	}
}

// Each is one store, and nothing else changes.
func TestDamage(t *testing.T) {
	s := newStage(t)
	s.stream("live", Settings{AlwaysOn: true})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	f.send(s)
	rings := f.track.page
	changed := func(what string, before, want layout.Header, after layout.Header) {
		t.Helper()
		if after != want {
			t.Errorf("%s: %+v, was %+v", what, after, before)
		}
	}

	before := rings.pages.header()
	want := before
	want.Present--
	for _, first := range []bool{true, false} {
		if lost, err := LosePresent(s.Place, "live", 0, "pages"); err != nil || lost != first {
			t.Errorf("%v %v", lost, err)
		}
		changed("LosePresent", before, want, rings.pages.header())
	}

	before = rings.keys.header()
	want = before
	want.Present, want.EndPos = 0, before.Deleted+uint64(before.RecordCount)+1
	s.ok(Overrun(s.Place, "live", 0, "keys"))
	changed("Overrun", before, want, rings.keys.header())

	list := must[layout.Header](t)(f.track.meta.list.Header())
	want = list
	want.Present = list.RecordCount + 1
	slots, err := OverflowList(s.Place, "live")
	if err != nil || slots != int(list.RecordCount) {
		t.Errorf("%d %v", slots, err)
	}
	changed("OverflowList", list, want, must[layout.Header](t)(f.track.meta.list.Header()))

	if _, err := LosePresent(s.Place, "live", 0, "none"); err == nil {
		t.Error("a ring that there is not")
	}
	s.ok(Scribble(s.Place, must[TrackEntry](t)(Entry(s.Place, "live", 0)).Page))
	var format *layout.FormatError
	if _, err := openEntry(s.Place, "live", 0); !errors.As(err, &format) {
		t.Errorf("%v", err)
	}
}
