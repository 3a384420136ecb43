package follow

import (
	"time"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// recordTime is when the record before came: as it was seen, or as its own field says.
type recordTime struct {
	settled bool      // what comes now was not available before
	seen    time.Time // zero: not known
	value   fieldTime // as the field says
	known   bool      // value is
}

// fieldTime is the value of a field that holds a time.
type fieldTime struct {
	number    uint64 // the two's complement of a signed field
	signed    bool
	perSecond uint64
}

// since returns the time from the record before to this one, or nil when that is not
// known.
func (b *recordTime) since(rec *relaccx.Record, field string, info *mist.PageInfo, now time.Time) *out.Delta {
	if field == "" {
		seen := b.seen
		if b.settled {
			b.seen = now
		}
		if seen.IsZero() {
			return nil
		}
		return out.DeltaOf(false, uint64(max(0, now.Sub(seen)).Round(time.Microsecond)/time.Microsecond), out.MicrosPerSecond)
	}
	before, had := b.value, b.known
	b.value, b.known = timeIn(rec, field, info)
	if !had || !b.known || before.signed != b.value.signed || before.perSecond != b.value.perSecond {
		return nil
	}
	return b.value.since(before)
}

func (t fieldTime) since(before fieldTime) *out.Delta {
	less := t.number < before.number
	if t.signed {
		less = int64(t.number) < int64(before.number)
	}
	if less {
		return out.DeltaOf(true, before.number-t.number, t.perSecond)
	}
	return out.DeltaOf(false, t.number-before.number, t.perSecond)
}

// timeIn returns the time in a record's field. It is in milliseconds unless MistServer's
// rules say otherwise.
func timeIn(rec *relaccx.Record, field string, info *mist.PageInfo) (fieldTime, bool) {
	f := rec.Schema().Lookup(field)
	if f == nil || !f.Readable() {
		return fieldTime{}, false
	}
	t := fieldTime{perSecond: 1000}
	if m, ok := info.Meaning(field); ok && info.Fits(rec.Schema()) {
		if m.Unit == mist.Seconds || m.Unit == mist.BootSeconds || m.Unit == mist.UnixSeconds {
			t.perSecond = 1
		}
	}
	switch f.Kind() {
	case layout.Uint:
		t.number = f.Uint(rec.Bytes())
	case layout.Int:
		t.number, t.signed = uint64(f.Int(rec.Bytes())), true
	default:
		return fieldTime{}, false
	}
	return t, true
}
