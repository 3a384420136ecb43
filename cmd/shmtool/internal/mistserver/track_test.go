package mistserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Newly made pages are MistServer's own, to the byte: mistserver.md, appendix A.
func TestGolden(t *testing.T) {
	s := newStage(t)
	users, _ := mist.KindUsers.Template()
	for _, g := range []struct {
		object   mist.Object
		template mist.Template
		sum      string
	}{
		{metaOf("live"), mist.MetaTemplate(4), "df9ef074eaace3b120a50d7c7bf115da88e3695ab95b1e475d7126d740dc2b14"},
		{mist.Object{Kind: mist.KindTrack, Stream: "live", PID: 1}, mist.TrackTemplate(roomOf(mist.TrackRoom{})), "028f820b8d6da82cc2bd5faea84b08c6e514c8ce27ca31db701c94155fc7e700"},
		{usersOf("live"), users, "e09f7116383ff562ef27f3dadf8efb4960a868a05790248514d587eb6242eff8"},
	} {
		w, err := s.create(g.object, g.template, nil)
		s.ok(err)
		defer w.Close()
		b := must[[]byte](t)(os.ReadFile(s.path(g.object)))
		sum := sha256.Sum256(b)
		if have := hex.EncodeToString(sum[:]); have != g.sum {
			t.Errorf("%s: %d bytes, SHA-256 %s, want %s", g.object.Name(), len(b), have, g.sum)
		}
	}
}

// A track of each kind, through hours of stream: everything that is true of a
// healthy track is true after each packet, while rings grow and the buffer cuts.
func TestTrackRules(t *testing.T) {
	for _, c := range []struct {
		name    string
		info    TrackInfo
		feed    feed
		packets int
		set     Settings
		reloads []string
	}{
		{
			"video",
			TrackInfo{Type: "video", Codec: "H264", Width: 1920, Height: 1080, FPKS: 25000, Init: []byte("init")},
			feed{kind: "video", step: 40, gop: 25, size: 400, keyBytes: 2000},
			4000,
			Settings{BufferTime: 20 * time.Second},
			nil,
		},
		{
			"small rings",
			TrackInfo{Type: "video", Codec: "HEVC", Room: mist.TrackRoom{Parts: 8, Keys: 2, Fragments: 1, Pages: 1}},
			feed{kind: "video", step: 40, gop: 10, size: 100, keyBytes: 300},
			3000,
			Settings{BufferTime: 10 * time.Second, SegmentSize: time.Second},
			[]string{"parts", "keys", "fragments", "pages"},
		},
		{
			"large",
			TrackInfo{Type: "video", Codec: "H264"},
			feed{kind: "video", step: 40, gop: 12, size: 200_000, keyBytes: 700_000},
			700,
			Settings{BufferTime: 5 * time.Second},
			nil,
		},
		{
			"audio",
			TrackInfo{Type: "audio", Codec: "AAC", Rate: 48000, Channels: 2, SampleSize: 16, Lang: "eng"},
			feed{kind: "audio", step: 21, size: 180},
			9000,
			Settings{BufferTime: 60 * time.Second},
			[]string{"parts"},
		},
		{
			"meta",
			TrackInfo{Type: "meta", Codec: "JSON"},
			feed{kind: "meta", step: 5000, size: 60},
			400,
			Settings{BufferTime: 30 * time.Second},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			_, b := s.stream("live", c.set)
			f := c.feed
			f.track = s.add("live", c.info)
			defer f.track.Close()
			cut, pages := 0, 0
			if testing.Short() {
				c.packets /= 4
			}
			for i := range c.packets {
				f.send(s)
				s.pass(time.Duration(f.step) * time.Millisecond)
				if i%8 == 7 || f.step > 1000 {
					r := s.loop(b)
					cut += r.KeysCut
					pages += r.PagesCut
				}
				if i < 100 || i%37 == 0 {
					checkTrack(t, s.Place, "live", f.track)
				}
				if i%499 == 0 && f.size < 10_000 {
					checkPackets(t, s.Place, "live", f.track)
				}
			}
			checkTrack(t, s.Place, "live", f.track)
			checkPackets(t, s.Place, "live", f.track)
			grown := map[string]bool{}
			for _, r := range f.track.Reloads() {
				grown[r.Ring] = true
				if r.To != 2*r.From || r.Took <= 0 {
					t.Errorf("reload %+v", r)
				}
			}
			for _, ring := range c.reloads {
				if !grown[ring] && !testing.Short() {
					t.Errorf("%s did not grow: %v", ring, f.track.Reloads())
				}
			}
			if cut == 0 && !testing.Short() || pages == 0 && f.step*uint64(c.packets) > 150_000 {
				t.Errorf("%d keys and %d pages were cut", cut, pages)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	track := s.add("live", TrackInfo{Type: "video", Codec: "H264"})
	defer track.Close()
	refuse := func(p Packet, want error) {
		t.Helper()
		before := must[[]byte](t)(os.ReadFile(s.Dir + "/" + track.pageName()))
		if err := track.Write(p); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
		if string(before) != string(must[[]byte](t)(os.ReadFile(s.Dir+"/"+track.pageName()))) {
			t.Error("it was written all the same")
		}
	}
	refuse(Packet{Time: 5}, ErrNoKey)
	refuse(Packet{Time: 5, Key: true, Payload: make([]byte, mist.LiveDataSize)}, ErrPageFull)
	s.ok(track.Write(Packet{Time: 5, Key: true, Payload: []byte("x")}))
	refuse(Packet{Time: 4, Key: true}, ErrOutOfOrder)
	refuse(Packet{Time: 6, Payload: make([]byte, mist.LiveDataSize-60)}, ErrPageFull)
	s.ok(track.Write(Packet{Time: 5, Payload: []byte("y")})) // the same time twice is in order
	data := s.path(dataOf("live", 0, 0))
	s.ok(os.Rename(data, data+"x"))
	s.ok(os.Remove(data + "x"))
	refuse(Packet{Time: 7}, ErrTrackGone)
	s.ok(b.users.raise(track.slot, mist.UserReqDisconnect))
	refuse(Packet{Time: 7}, ErrDisconnected)
}

// More tracks than the list has room for: the list doubles under everybody.
func TestTrackListGrows(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	var feeds []*feed
	for i := range 37 {
		f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
		if f.track.Index() != i {
			t.Fatalf("track %d has index %d", i, f.track.Index())
		}
		feeds = append(feeds, f)
		for _, f := range feeds {
			f.send(s)
		}
		if r := s.loop(b); r.Tracks != i+1 || r.Sources != i+1 {
			t.Fatalf("%d tracks, %d sources, want %d", r.Tracks, r.Sources, i+1)
		}
	}
	var grown []uint32
	for _, f := range feeds {
		for _, r := range f.track.Reloads() {
			grown = append(grown, r.To)
		}
		checkTrack(t, s.Place, "live", f.track)
		s.ok(f.track.Close())
	}
	if len(grown) != 4 || grown[3] != 64 {
		t.Errorf("the list grew to %v", grown)
	}
	info := must[os.FileInfo](t)(os.Stat(s.path(metaOf("live"))))
	// Two bytes fewer than its header claims, as MistServer makes it: from 35 slots on
	// the nested page's size takes more bytes in its descriptor than MistServer reckons
	// with.
	p := must[*relaccx.Page](t)(relaccx.Open(s.path(metaOf("live"))))
	h, err := p.Header()
	s.ok(err)
	s.ok(p.Close())
	if info.Size() != 122252 || h.PageSize() != 122254 {
		t.Errorf("MstMeta has %d bytes, and claims %d", info.Size(), h.PageSize())
	}
}

func TestAddTrackToNothing(t *testing.T) {
	s := newStage(t)
	in, b := s.stream("live", Settings{})
	s.ok(b.Close(t.Context()))
	s.ok(in.Close())
	if names := s.names(); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if _, err := LockInput(s.Place, "live", 0); err != nil {
		t.Error(err)
	}
	if _, err := LockInput(s.Place, "live", 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice: %v", err)
	}
}

// A track's page has memory for what was written, and not for the megabyte of
// its init data; a stream's users likewise.
func TestSparseObjects(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264", Init: make([]byte, 40)}))
	defer f.track.Close()
	for range 500 {
		f.send(s)
	}
	s.loop(b)
	for name, most := range map[string]int64{f.track.pageName(): 64 << 10, usersOf("live").Name(): 16 << 10, dataOf("live", 0, 0).Name(): 512 << 10} {
		info := must[os.FileInfo](t)(os.Stat(filepath.Join(s.Dir, name)))
		if memory := info.Sys().(*syscall.Stat_t).Blocks * 512; memory > most {
			t.Errorf("%s has %d bytes of memory, of %d", name, memory, info.Size())
		}
	}
}

// A MstMeta that is flagged and never replaced, by a process that died in a reload
// of MistServer's: whoever needs it is told, and is not stuck.
func TestReloadNeverComes(t *testing.T) {
	defer func(before time.Duration) { openPatience = before }(openPatience)
	openPatience = 20 * time.Millisecond
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	f.send(s)
	s.ok(b.meta.w.SetReload())
	if err := f.track.Write(f.packet()); !errors.Is(err, relaccx.ErrNotReady) || !strings.Contains(err.Error(), "MstMetalive") {
		t.Errorf("source: %v", err)
	}
	if _, err := b.Loop(); !errors.Is(err, relaccx.ErrNotReady) {
		t.Errorf("buffer: %v", err)
	}
}
