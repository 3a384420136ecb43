package simulate

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"testing"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

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
		w := &watching{tally: measure.NewTally(), tracks: map[int]*trackSeen{}}
		w.missed = tt.said
		for _, n := range tt.numbers {
			payload := make([]byte, measure.StampSize)
			measure.Stamp(payload, 0, n)
			w.take(mistserver.Seen{Track: 3, Payload: payload}, 1000)
		}
		got, err := w.end()
		if err != nil || got.Lost != tt.lost || got.Records != uint64(len(tt.numbers)) {
			t.Errorf("%s: %d lost, not %d; %d records; %v", tt.name, got.Lost, tt.lost, got.Records, err)
		}
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
