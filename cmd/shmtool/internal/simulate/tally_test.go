package simulate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"sync"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
)

// A tally goes through JSON and into another without losing a latency.
func TestTally(t *testing.T) {
	whole := newTally()
	for viewer := range 3 {
		seen := newTally()
		for i := range 1000 {
			seen.Records++
			seen.measure(int64(viewer*1000+i) * int64(time.Microsecond))
		}
		seen.Lost = uint64(viewer)
		sent, err := seen.whole()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var came tally
		if err := json.Unmarshal(text, &came); err != nil {
			t.Fatal(err)
		}
		if err := came.decode(); err != nil {
			t.Fatal(err)
		}
		whole.add(&came)
	}
	l := whole.latency()
	near := func(got, want time.Duration) bool { return (got - want).Abs() <= want/500 }
	if whole.Records != 3000 || whole.Lost != 3 || l.Measured != 3000 || l.Max != 2999*time.Microsecond ||
		!near(l.P50, 1500*time.Microsecond) || !near(l.P99, 2970*time.Microsecond) {
		t.Errorf("%+v: %+v", whole, l)
	}
}

// What is out of the range is counted, at its end; a clock that went back is 0.
func TestTallyRange(t *testing.T) {
	seen := newTally()
	seen.measure(-5)
	seen.measure(2 * longest)
	if l := seen.latency(); l.Measured != 2 || seen.Late != 1 || l.Max != 2*time.Minute || l.P50 > time.Microsecond {
		t.Errorf("%+v %+v", seen, l)
	}
	if l := newTally().latency(); l != (Latency{}) {
		t.Errorf("of nothing: %+v", l)
	}
}

// Numbers that are left out are lost, whatever the viewer itself says; numbers
// that come twice are not what was sent.
func TestLossIsFoundByNumbers(t *testing.T) {
	tests := []struct {
		name    string
		numbers []uint64
		said    uint64
		lost    uint64
	}{
		{"all", []uint64{5, 6, 7, 8}, 0, 0},
		{"a gap", []uint64{5, 6, 9}, 0, 2},
		{"twice", []uint64{5, 5, 6}, 0, 1},
		{"said", []uint64{5, 6, 9}, 4, 4},
	}
	for _, tt := range tests {
		w := &watching{tally: newTally(), tracks: map[int]*trackSeen{}}
		w.missed = tt.said
		for _, n := range tt.numbers {
			payload := make([]byte, stampSize)
			stamp(payload, 0, n)
			w.take(mistserver.Seen{Track: 3, Payload: payload}, 1000)
		}
		got, err := w.end()
		if err != nil || got.Lost != tt.lost || got.Records != uint64(len(tt.numbers)) {
			t.Errorf("%s: %d lost, not %d; %d records; %v", tt.name, got.Lost, tt.lost, got.Records, err)
		}
	}
}

// The readers of the page with the lock see each frame once, and none that was
// there before them; frames that have been overwritten are left out.
func TestReadFrames(t *testing.T) {
	page := make([]byte, lockedSize)
	write := func(from, to uint64) {
		for n := from; n < to; n++ {
			stamp(page[lockedHead+n%lockedFrames*stampSize:], int64(n), n)
		}
		binary.BigEndian.PutUint64(page, to)
	}
	seen := newTally()
	write(0, 100)
	next := seen.readFrames(page, 0, 60, 1_000_000)
	if next != 100 || seen.Records != 40 {
		t.Errorf("%d of the frames from 60 to 99 were seen; next is %d", seen.Records, next)
	}
	write(100, 150)
	if next = seen.readFrames(page, next, 60, 1_000_000); next != 150 || seen.Records != 90 {
		t.Errorf("then %d; next is %d", seen.Records, next)
	}
	write(150, 150+2*lockedFrames)
	if next = seen.readFrames(page, next, 60, 1_000_000); next != 150+2*lockedFrames || seen.Records != 90+lockedFrames {
		t.Errorf("then %d; next is %d", seen.Records, next)
	}
}

// slowReader takes what is written only when it is let.
type slowReader struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *slowReader) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *slowReader) Close() error { return nil }

// Progress that nobody has read yet gives way to later progress; everything else
// comes, in order, though nobody reads for a while.
func TestReporterNeverWaits(t *testing.T) {
	to := &slowReader{}
	to.mu.Lock() // nobody reads
	r := newReporter(to, RoleSource)
	for i := range uint64(1000) {
		r.send(message{Kind: kindProgress, Packets: i})
	}
	r.send(message{Kind: kindReload, Count: 1})
	r.send(message{Kind: kindEnd, Count: 2})
	to.mu.Unlock()
	r.close()
	var kinds []kind
	last := message{}
	for d := json.NewDecoder(&to.b); ; {
		var m message
		if err := d.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if m.Role != RoleSource {
			t.Errorf("%+v", m)
		}
		if m.Kind == kindProgress {
			last = m
			continue
		}
		kinds = append(kinds, m.Kind)
	}
	if last.Packets != 999 || len(kinds) != 2 || kinds[0] != kindReload || kinds[1] != kindEnd {
		t.Errorf("last progress %d, then %v", last.Packets, kinds)
	}
}
