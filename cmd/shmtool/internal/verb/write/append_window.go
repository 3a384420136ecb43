package write

import (
	"cmp"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/relaccx"
)

// pace spreads records evenly over time. Records that came late are made up for.
type pace struct {
	interval time.Duration
	next     time.Time
}

// slowest is the longest interval that a Duration holds.
const slowest = float64(math.MaxInt64 / 2)

// newPace returns the pace that --rate asks for, or nil.
func newPace(c *cli.Call) (*pace, error) {
	if !c.IsSet("rate") {
		return nil, nil
	}
	rate := c.Float64("rate")
	interval := float64(time.Second) / rate
	switch {
	case !(rate > 0) || math.IsInf(rate, 0): // also what is not a number
		return nil, fail.Usagef("--rate is a number over 0")
	case interval > slowest:
		return nil, fail.Usagef("--rate %v is one record in more than 146 years", rate)
	}
	return &pace{interval: time.Duration(interval)}, nil
}

// due returns how long to wait for the next record's turn.
func (p *pace) due() time.Duration {
	if p.next.IsZero() {
		p.next = time.Now()
	}
	return time.Until(p.next)
}

// step moves on to the turn of the record behind.
func (p *pace) step() { p.next = p.next.Add(p.interval) }

// keeping withdraws what has left a window of time, as a DVR does.
type keeping struct {
	name   string
	window uint64 // milliseconds

	w      *relaccx.Writer
	r      *relaccx.Reader
	field  *layout.Field
	oldest relaccx.Record
}

func newKeeping(name string, d time.Duration) (*keeping, error) {
	if d < 0 {
		return nil, fail.Usagef("--keep %v is below 0", d)
	}
	return &keeping{name: name, window: uint64(d.Milliseconds())}, nil
}

// open finds the field in the page that w writes.
func (k *keeping) open(w *relaccx.Writer) (err error) {
	f := w.Schema().Lookup(k.name)
	if f == nil {
		return &relaccx.FieldError{Field: k.name, Have: w.Schema()}
	}
	if kind := f.Kind(); kind != layout.Uint && kind != layout.Int {
		return fail.Usagef("--time: field %q is no integer", f.Name)
	}
	k.w, k.field = w, f
	k.r, err = w.Reader()
	return err
}

// cut withdraws the records that are older than the newest one by more than the
// window. The newest stays, whatever its time is.
func (k *keeping) cut(newest []byte) error {
	for {
		h, err := k.w.Header()
		if err != nil || h.EndPos-h.Deleted <= 1 {
			return err
		}
		if err := k.r.Read(h.Deleted, &k.oldest); err != nil {
			return err
		}
		if k.age(k.oldest.Bytes(), newest) <= k.window {
			return nil
		}
		if err := k.w.Withdraw(1); err != nil {
			return err
		}
	}
}

// age returns by how many milliseconds a record is older than the newest one, 0
// when it is not older.
func (k *keeping) age(record, newest []byte) uint64 {
	if k.field.Kind() == layout.Int {
		return olderBy(k.field.Int(record), k.field.Int(newest))
	}
	return olderBy(k.field.Uint(record), k.field.Uint(newest))
}

func olderBy[T int64 | uint64](old, now T) uint64 {
	if cmp.Compare(old, now) >= 0 {
		return 0
	}
	return uint64(now) - uint64(old) // exact over the whole range of both types
}
