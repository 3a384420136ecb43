package out

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/units"
)

// Delta is a time between two records, exact over all that two 64-bit integers may
// be apart.
type Delta struct {
	less    bool // the later record has the earlier time
	seconds uint64
	micros  uint64 // below a million
}

// MicrosPerSecond is how many microseconds a second has.
const MicrosPerSecond = 1_000_000

// DeltaOf returns units of a time, of which a second has perSecond: one or a
// thousand.
func DeltaOf(less bool, units, perSecond uint64) *Delta {
	return &Delta{less, units / perSecond, units % perSecond * (MicrosPerSecond / perSecond)}
}

func (d *Delta) append(b []byte) []byte {
	if d.less {
		b = append(b, '-')
	}
	return fmt.Appendf(strconv.AppendUint(b, d.seconds, 10), ".%06d", d.micros)
}

// text returns it for people.
func (d *Delta) text() string {
	if d.seconds >= math.MaxInt64/uint64(time.Second) {
		return string(d.append(nil)) + "s"
	}
	span := time.Duration(d.seconds)*time.Second + time.Duration(d.micros)*time.Microsecond
	if d.less {
		span = -span
	}
	return units.Fine(span)
}
