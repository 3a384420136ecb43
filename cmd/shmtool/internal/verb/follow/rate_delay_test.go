package follow

import (
	"testing"
	"time"
	"unsafe"

	"shmtool/layout/mist"
)

// wallSet returns a time of time.Now as it would be if the wall clock had been set shortly before.
func wallSet(t testing.TB, at time.Time, by time.Duration) time.Time {
	t.Helper()
	set := at.Add(by)
	(*struct { // as package time has it
		wall      uint64
		monotonic int64
	})(unsafe.Pointer(&set)).monotonic -= int64(by)
	if set.Sub(at) != 0 || set.UnixNano()-at.UnixNano() != int64(by) {
		t.Fatalf("package time has another form by now: %v, %v", at, set)
	}
	return set
}

// The delay of a record whose field counts from the boot does not ask the wall clock. One whose
// field is a time of day has no other.
func TestDelayAfterTheClockWasSet(t *testing.T) {
	begun := time.Now()
	clock := &delayClock{}
	clock.set(mist.Clock{Now: begun.UnixNano() - int64(time.Millisecond), Uptime: 999_999 * time.Millisecond}, begun)
	for _, by := range []time.Duration{0, time.Hour, -time.Hour} {
		seen := wallSet(t, begun.Add(3*time.Second), by)
		for _, tt := range []struct {
			unit   mist.Unit
			offset int64
			value  int64
			want   time.Duration
		}{
			{mist.BootSeconds, 0, 1001, 2 * time.Second},
			{mist.BootMilliseconds, 0, 1_000_500, 2500 * time.Millisecond},
			{mist.MediaTime, 1_000_000, 600, 2400 * time.Millisecond},
			{mist.UnixMilliseconds, 0, begun.UnixMilli(), by + 3*time.Second + time.Duration(begun.UnixNano()%1e6)},
		} {
			d := &delayField{unit: tt.unit, offset: tt.offset, known: true}
			if got, ok := d.delay(tt.value, seen, clock); !ok || got != tt.want {
				t.Errorf("set by %v, unit %v: %v %v, want %v", by, tt.unit, got, ok, tt.want)
			}
		}
	}
	clock.set(mist.Clock{}, begun)
	d := &delayField{unit: mist.BootSeconds, known: true}
	if got, ok := d.delay(1, begun, clock); ok {
		t.Errorf("without a clock: %v", got)
	}
}
