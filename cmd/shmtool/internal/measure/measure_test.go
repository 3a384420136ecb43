package measure

import (
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"
)

// A tally goes through JSON and into another without losing a latency.
func TestTally(t *testing.T) {
	whole := NewTally()
	for viewer := range 3 {
		seen := NewTally()
		for i := range 1000 {
			seen.Records++
			seen.Measure(int64(viewer*1000+i) * int64(time.Microsecond))
		}
		seen.Lost = uint64(viewer)
		sent, err := seen.Whole()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var came Tally
		if err := json.Unmarshal(text, &came); err != nil {
			t.Fatal(err)
		}
		if err := came.Decode(); err != nil {
			t.Fatal(err)
		}
		whole.Add(&came)
	}
	l := whole.Latency()
	near := func(got, want time.Duration) bool { return (got - want).Abs() <= want/500 }
	if whole.Records != 3000 || whole.Lost != 3 || l.Measured != 3000 || l.Max != 2999*time.Microsecond ||
		!near(l.P50, 1500*time.Microsecond) || !near(l.P99, 2970*time.Microsecond) {
		t.Errorf("%+v: %+v", whole, l)
	}
}

// What is out of the range is counted, at its end; a clock that went back is 0.
func TestTallyRange(t *testing.T) {
	seen := NewTally()
	seen.Measure(-5)
	seen.Measure(2 * longest)
	if l := seen.Latency(); l.Measured != 2 || seen.Late != 1 || l.Max != 2*time.Minute || l.P50 > time.Microsecond {
		t.Errorf("%+v %+v", seen, l)
	}
	if l := NewTally().Latency(); l != (Latency{}) {
		t.Errorf("of nothing: %+v", l)
	}
}

// The readers of the page with the lock see each frame once, and none that was
// there before them; frames that have been overwritten are left out.
func TestReadFrames(t *testing.T) {
	page := make([]byte, lockedSize)
	write := func(from, to uint64) {
		for n := from; n < to; n++ {
			Stamp(page[lockedHead+n%lockedFrames*StampSize:], int64(n), n)
		}
		binary.BigEndian.PutUint64(page, to)
	}
	seen := NewTally()
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
