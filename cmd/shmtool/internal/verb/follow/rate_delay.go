package follow

import (
	"math"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// delayClock tells how long the machine has been up, from which many fields count.
type delayClock struct {
	uptime time.Duration
	at     time.Time // when that was so
	known  bool
}

// set sets it from the clock of the processes, at a time just behind that one. rate calls it
// once an interval, because that clock reads files.
func (d *delayClock) set(c mist.Clock, now time.Time) {
	d.known = c.Uptime > 0 && c.Now > 0
	d.uptime, d.at = c.Uptime+time.Duration(now.UnixNano()-c.Now), now
}

// since returns how long ago a time since boot was, when a record is seen. It does not ask
// the wall clock, which may be set within an interval.
func (d *delayClock) since(boot time.Duration, seen time.Time) time.Duration {
	return d.uptime + seen.Sub(d.at) - boot
}

// delayField is how a page's field tells when a record was made.
type delayField struct {
	field  *layout.Field
	schema *layout.Schema
	unit   mist.Unit
	offset int64 // of media time 0, in milliseconds since boot
	known  bool  // whether it is
}

// newDelayField finds the field of --time in a page's records.
func (r *rating) newDelayField(t object.Target, rec *relaccx.Record) *delayField {
	d := &delayField{schema: rec.Schema(), field: rec.Schema().Lookup(r.time), unit: mist.UnixMilliseconds, known: true}
	if info := t.NestedInfo(); d.field != nil && info.Fits(d.schema) {
		if m, ok := info.Meaning(r.time); ok && m.Unit != mist.Plain {
			d.unit = m.Unit
		}
	}
	if d.unit == mist.MediaTime {
		d.offset, d.known = mediaOffset(t)
	}
	return d
}

// mediaOffset returns when the media time of a page's stream was 0, in milliseconds
// since boot, as the stream's MstMeta says.
func mediaOffset(t object.Target) (offset int64, known bool) {
	is, ok := mist.ParseName(filepath.Base(t.Path))
	if !ok || is.Stream == "" {
		return 0, false
	}
	meta := mist.Object{Kind: mist.KindMeta, Stream: is.Stream}.Name()
	p, err := relaccx.Open(filepath.Join(filepath.Dir(t.Path), meta))
	if err != nil {
		return 0, false
	}
	defer p.Close()
	reader, err := p.Reader()
	if err != nil {
		return 0, false
	}
	n, err := reader.Newest()
	var rec relaccx.Record
	if err == nil {
		err = reader.Read(n, &rec)
	}
	if err != nil {
		return 0, false
	}
	v, err := rec.Int("bootmsoffset")
	return v, err == nil && v != 0 // 0 when the stream is not live
}

// of returns how late a record is that was seen at a time.
func (d *delayField) of(rec *relaccx.Record, at time.Time, clock *delayClock) (time.Duration, bool) {
	if d.field == nil || !d.known || !d.field.Readable() {
		return 0, false
	}
	var value int64
	switch d.field.Kind() {
	case layout.Int:
		value = d.field.Int(rec.Bytes())
	case layout.Uint:
		value = int64(min(d.field.Uint(rec.Bytes()), math.MaxInt64))
	default:
		return 0, false
	}
	return d.delay(value, at, clock)
}

// The latest times that can be computed without overflow, in seconds and in
// milliseconds.
const (
	lastSecond = math.MaxInt64 / int64(time.Second) / 2
	lastMilli  = math.MaxInt64 / int64(time.Millisecond) / 2
)

// delay returns how long ago the time was that a value of the field means.
func (d *delayField) delay(value int64, at time.Time, clock *delayClock) (time.Duration, bool) {
	last := lastMilli
	if d.unit == mist.UnixSeconds || d.unit == mist.BootSeconds {
		last = lastSecond
	}
	if value < -last || value > last || d.offset < -last || d.offset > last {
		return 0, false
	}
	switch d.unit {
	case mist.UnixSeconds:
		return at.Sub(time.Unix(value, 0)), true
	case mist.BootSeconds:
		return clock.since(time.Duration(value)*time.Second, at), clock.known
	case mist.BootMilliseconds, mist.BootOffset:
		return clock.since(time.Duration(value)*time.Millisecond, at), clock.known
	case mist.MediaTime:
		return clock.since(time.Duration(value+d.offset)*time.Millisecond, at), clock.known
	}
	return at.Sub(time.UnixMilli(value)), true
}

// isTime refuses a field for --time that is not an integer.
func isTime(s *layout.Schema, field string) error {
	f := s.Lookup(field)
	if f == nil || f.Readable() && (f.Kind() == layout.Int || f.Kind() == layout.Uint) {
		return nil
	}
	return fail.Usagef("invalid --time %q: the field is %v; use an integer field", field, f.Kind())
}
