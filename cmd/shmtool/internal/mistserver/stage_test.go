package mistserver

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// stage is a place of its own with a clock that only tests move.
type stage struct {
	testing.TB
	Place
	uptime atomic.Int64
}

const bootTime = 1_800_000_000 * int64(time.Second)

func newStage(tb testing.TB) *stage {
	tb.Helper()
	dir, err := os.MkdirTemp(relaccx.ShmDir, "shmtool-live-")
	if err != nil {
		dir = tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	s := &stage{TB: tb, Place: Place{Dir: dir}}
	s.uptime.Store(int64(1000 * time.Second))
	s.Clock = func() mist.Clock {
		up := s.uptime.Load()
		return mist.Clock{Now: bootTime + up, Uptime: time.Duration(up)}
	}
	return s
}

func (s *stage) pass(d time.Duration) { s.uptime.Add(int64(d)) }

func must[T any](tb testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// stream starts a stream: input and buffer.
func (s *stage) stream(name string, set Settings) (*Input, *Buffer) {
	s.Helper()
	in := must[*Input](s)(LockInput(s.Place, name, 0))
	return in, must[*Buffer](s)(StartBuffer(s.Place, name, set))
}

func (s *stage) add(stream string, info TrackInfo) *Track {
	s.Helper()
	return must[*Track](s)(AddTrack(s.Context(), s.Place, stream, info))
}

func (s *stage) loop(b *Buffer) Report {
	s.Helper()
	r := must[Report](s)(b.Loop())
	if len(r.Faults) > 0 {
		s.Fatalf("faults: %q", r.Faults)
	}
	return r
}

// names are the objects in the place.
func (s *stage) names() []string {
	s.Helper()
	entries := must[[]os.DirEntry](s)(os.ReadDir(s.Dir))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// feed is the packets of a source as they come: a number in each payload, which
// is repeated to its size.
type feed struct {
	track    *Track
	kind     string
	step     uint64 // ms
	gop      int    // packets a key, of video
	size     int    // bytes of a packet
	number   uint64
	time     uint64
	payload  []byte
	keyBytes int // of a key's packet
}

func videoFeed(t *Track) *feed {
	return &feed{track: t, kind: "video", step: 40, gop: 25, size: 400, keyBytes: 2000}
}

func (f *feed) packet() Packet {
	size := f.size
	key := f.gop > 0 && f.number%uint64(f.gop) == 0
	if key {
		size = f.keyBytes
	}
	f.payload = make([]byte, max(size, 8))
	for i := range f.payload {
		f.payload[i] = byte(f.number)
	}
	binary.BigEndian.PutUint64(f.payload, f.number)
	p := Packet{Time: f.time, Key: key, Payload: f.payload}
	if f.kind == "video" && f.number%3 == 1 {
		p.Offset = 80
	}
	f.number++
	f.time += f.step
	return p
}

func (f *feed) send(s *stage) Packet {
	s.Helper()
	p := f.packet()
	s.ok(f.track.Write(p))
	return p
}
