package mistserver

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shmtool/layout/mist"
)

func (s *stage) join(stream string, o ViewerOptions) *Viewer {
	s.Helper()
	o.Poll = time.Millisecond
	v := must[*Viewer](s)(Join(s.Context(), s.Place, stream, o))
	s.Cleanup(func() { v.Close() })
	return v
}

// see is what a viewer sees next; that it comes at all is bounded.
func (s *stage) see(v *Viewer) (Seen, error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	return v.Next(ctx)
}

// none reports that there is nothing to see now.
func (s *stage) none(v *Viewer) {
	s.Helper()
	if seen, found, err := v.scan(); found || err != nil {
		s.Fatalf("saw %+v, %v", seen, err)
	}
}

// same holds what was seen against what was sent.
func (s *stage) same(seen Seen, sent Packet, part uint64) {
	s.Helper()
	if seen.Part != part || seen.Time != sent.Time || seen.Offset != sent.Offset || string(seen.Payload) != string(sent.Payload) {
		s.Fatalf("saw part %d at %d ms (offset %d, %d bytes), want %d at %d (%d, %d)", seen.Part, seen.Time, seen.Offset,
			len(seen.Payload), part, sent.Time, sent.Offset, len(sent.Payload))
	}
	if seen.Key > part || binary.BigEndian.Uint64(seen.Payload) != part {
		s.Fatalf("part %d of key %d has number %d", part, seen.Key, binary.BigEndian.Uint64(seen.Payload))
	}
}

// Every packet comes once, whole and in order, through reloads of the page,
// turns of the data page, and while the buffer cuts.
func TestViewerSeesAll(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{BufferTime: 10 * time.Second})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264", Room: mist.TrackRoom{Parts: 16, Keys: 2, Fragments: 2, Pages: 1}}))
	defer f.track.Close()
	for range 30 {
		f.send(s)
	}
	live, oldest := s.join("live", ViewerOptions{}), s.join("live", ViewerOptions{Oldest: true})
	s.none(live)
	slots := must[[]user](t)(b.users.all())
	if len(slots) != 3 || must[uint64](t)(b.users.get(1, "keynum")) != noKey {
		t.Errorf("users %+v", slots)
	}
	first := must[Seen](t)(s.see(oldest))
	if first.Part != 0 || !first.IsKey || first.Key != 0 {
		t.Errorf("the oldest packet is %+v", first)
	}
	for n := uint64(1); n < 30; n++ {
		if seen := must[Seen](t)(s.see(oldest)); seen.Part != n || seen.Key != n/25 {
			t.Fatalf("part %d of key %d, want %d", seen.Part, seen.Key, n)
		}
	}
	for n := uint64(30); n < 4000; n++ {
		sent := f.send(s)
		s.pass(40 * time.Millisecond)
		if n%6 == 0 {
			s.loop(b)
		}
		for _, v := range []*Viewer{live, oldest} {
			seen := must[Seen](t)(s.see(v))
			s.same(seen, sent, n)
			if seen.Key != n/25 || seen.IsKey != (n%25 == 0) || seen.Lost != 0 {
				t.Fatalf("part %d: %+v", n, seen)
			}
		}
	}
	if key := must[uint64](t)(b.users.get(1, "keynum")); key != 3999/25 {
		t.Errorf("the viewer's slot says key %d", key)
	}
	if want := len(f.track.Reloads()); live.Reloads() == 0 || live.Reloads() > want {
		t.Errorf("%d reloads were followed of %d", live.Reloads(), want)
	}
	s.ok(live.Close())
	s.loop(b)
	s.loop(b)
	if r := s.loop(b); r.Viewers != 1 || r.Users != 2 || r.Sources != 1 {
		t.Errorf("after one has left: %+v", r)
	}
}

// A viewer that stops looking is told exactly what it lost, and goes on with
// what is there.
func TestViewerLapped(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{BufferTime: 2 * time.Second})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	v := s.join("live", ViewerOptions{})
	next := uint64(0)
	for round := range 8 {
		for range 700 * (round%3 + 1) {
			f.send(s)
			if f.number%10 == 0 {
				s.loop(b)
			}
		}
		lost := uint64(0)
		for next < f.number {
			seen := must[Seen](t)(s.see(v))
			if seen.Part != next+seen.Lost || seen.Part != binary.BigEndian.Uint64(seen.Payload) || seen.Key != seen.Part/25 {
				t.Fatalf("part %d, %d lost, %d was next, key %d", seen.Part, seen.Lost, next, seen.Key)
			}
			lost += seen.Lost
			next = seen.Part + 1
		}
		if lost == 0 {
			t.Errorf("round %d: nothing was lost", round)
		}
	}
}

// Several tracks take turns; one that is removed is told of, and the last ends
// the viewing.
func TestViewerTrackGone(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	video := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	audio := &feed{track: s.add("live", TrackInfo{Type: "audio", Codec: "AAC"}), kind: "audio", step: 21, size: 90}
	defer video.track.Close()
	v := s.join("live", ViewerOptions{})
	picked := s.join("live", ViewerOptions{Pick: func(t TrackView) bool { return t.Type == "audio" }})
	if tracks := picked.Tracks(); len(tracks) != 1 || tracks[0].Codec != "AAC" || tracks[0].PID != os.Getpid() {
		t.Errorf("picked %+v", tracks)
	}
	for range 100 {
		sent := map[int]Packet{0: video.send(s), 1: audio.send(s)}
		for range 2 {
			seen := must[Seen](t)(s.see(v))
			s.same(seen, sent[seen.Track], video.number-1)
			delete(sent, seen.Track)
		}
		s.same(must[Seen](t)(s.see(picked)), Packet{Time: audio.time - 21, Payload: audio.payload}, audio.number-1)
	}
	s.ok(audio.track.Close())
	r := s.loop(b)
	if len(r.Removed) != 1 || r.Removed[0] != (RemovedTrack{1, "audio", "AAC", "its source is gone"}) || r.Ended != "" {
		t.Errorf("%+v", r)
	}
	_, err := s.see(picked)
	var gone *TrackGoneError
	if !errors.As(err, &gone) || gone.Index != 1 {
		t.Errorf("picked: %v", err)
	}
	if _, err := s.see(picked); !errors.Is(err, ErrStreamGone) {
		t.Errorf("without tracks: %v", err)
	}
	if _, err := s.see(v); !errors.Is(err, ErrTrackGone) {
		t.Errorf("both: %v", err)
	}
	s.same(func() Seen { video.send(s); return must[Seen](t)(s.see(v)) }(), Packet{Time: video.time - 40, Offset: 80, Payload: video.payload}, 100)
	s.ok(b.users.raise(v.tracks[0].slot, mist.UserReqDisconnect))
	if _, err := s.see(v); !errors.Is(err, ErrDisconnected) {
		t.Errorf("told to leave: %v", err)
	}
}

// Pages are removed or replaced by hand, without any flag.
func TestViewerOfReplacedPages(t *testing.T) {
	s := newStage(t)
	s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	f.send(s)
	v := s.join("live", ViewerOptions{Oldest: true})
	s.same(must[Seen](t)(s.see(v)), Packet{Payload: f.payload}, 0)

	page := filepath.Join(s.Dir, f.track.pageName())
	f.send(s)
	f.send(s)
	s.ok(os.WriteFile(page+".new", must[[]byte](t)(os.ReadFile(page)), 0o600))
	s.ok(os.Rename(page+".new", page))
	s.ok(f.track.page.close())
	f.track.page = must[*trackPage](t)(openTrackPage(s.Place, filepath.Base(page), true))
	sent := f.send(s) // on the page that the viewer does not have yet
	for n := uint64(1); n < 3; n++ {
		if seen := must[Seen](t)(s.see(v)); seen.Part != n || seen.Lost != 0 {
			t.Fatalf("%+v", seen)
		}
	}
	s.same(must[Seen](t)(s.see(v)), sent, 3)
	if v.Reloads() != 1 {
		t.Errorf("%d reloads", v.Reloads())
	}
	patience := openPatience
	defer func() { openPatience = patience }()
	openPatience = 20 * time.Millisecond
	s.ok(os.Remove(s.path(metaOf("live"))))
	if _, err := s.see(v); !errors.Is(err, ErrStreamGone) {
		t.Errorf("MstMeta is gone: %v", err)
	}
}

// The stream ends under its viewers and sources.
func TestStreamEnds(t *testing.T) {
	s := newStage(t)
	in, b := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	f.send(s)
	v := s.join("live", ViewerOptions{})
	s.ok(b.Close(t.Context()))
	s.ok(in.Close())
	if names := s.names(); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if _, err := s.see(v); !errors.Is(err, ErrStreamGone) {
		t.Errorf("viewer: %v", err)
	}
	if err := f.track.Write(f.packet()); !errors.Is(err, ErrStreamGone) {
		t.Errorf("source: %v", err)
	}
	s.ok(f.track.Close())
	s.ok(v.Close())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := AddTrack(ctx, s.Place, "live", TrackInfo{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no stream: %v", err)
	}
	if _, err := Join(ctx, s.Place, "live", ViewerOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no stream: %v", err)
	}
	if names := s.names(); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// Who joins in the middle of packets larger than what is read at once finds its
// place all the same.
func TestViewerJoinsAmongLargePackets(t *testing.T) {
	s := newStage(t)
	s.stream("live", Settings{})
	f := &feed{track: s.add("live", TrackInfo{Type: "video", Codec: "H264"}), kind: "video", step: 40, gop: 7, size: 2*chunkSize + 5, keyBytes: 3 * chunkSize}
	defer f.track.Close()
	for n := range uint64(40) {
		if n == 0 {
			f.send(s) // without a packet there is no place to find
			continue
		}
		v := s.join("live", ViewerOptions{})
		sent := f.send(s)
		s.same(must[Seen](t)(s.see(v)), sent, n)
		s.ok(v.Close())
	}
	if pages := f.track.page.pages.window(); pages.Count() < 2 {
		t.Errorf("pages %v", pages)
	}
}

// What lies where a packet should be is an error that names the track, whatever
// it is.
func TestViewerHostileData(t *testing.T) {
	for name, harm := range map[string]func(s *stage, f *feed) string{
		"garbage": func(s *stage, f *feed) string {
			_, err := f.track.data.file.WriteAt([]byte("garbage!"), 0)
			s.ok(err)
			return "no packet begins here"
		},
		"size past the page": func(s *stage, f *feed) string {
			_, err := f.track.data.file.WriteAt([]byte("DTP2\xff\xff\xff\xff"), 0)
			s.ok(err)
			return "runs past the end"
		},
		"size too small": func(s *stage, f *feed) string {
			_, err := f.track.data.file.WriteAt([]byte("DTP2\x00\x00\x00\x00"), 0)
			s.ok(err)
			return "too short"
		},
		"part too large": func(s *stage, f *feed) string {
			f.track.page.parts.set(0, "size", 1<<32-1)
			return "larger than a data page"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.stream("live", Settings{})
			f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
			defer f.track.Close()
			v := s.join("live", ViewerOptions{})
			f.send(s)
			if name != "part too large" {
				// Its place is found before it is harmed.
				if found, err := v.tracks[0].seek(); !found || err != nil {
					t.Fatal(found, err)
				}
			}
			want := harm(s, f)
			_, err := s.see(v)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "track 0") {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}
