package write

import (
	"cmp"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/relaccx"
)

// keepWindow is what --keep and --time ask for.
type keepWindow struct {
	field string
	span  time.Duration
}

// keeping withdraws what has left a window of time, as a DVR does.
type keeping struct {
	w      *relaccx.Writer
	r      *relaccx.Reader
	time   *layout.Field
	most   uint64 // milliseconds that a record may be older than the newest one
	oldest relaccx.Record
}

// newKeeping returns a keeping for the page that w writes. The page must have the
// field.
func newKeeping(window *keepWindow, w *relaccx.Writer) (*keeping, error) {
	f := w.Schema().Lookup(window.field)
	if f == nil {
		return nil, &relaccx.FieldError{Field: window.field, Have: w.Schema()}
	}
	if kind := f.Kind(); kind != layout.Uint && kind != layout.Int {
		return nil, fail.Invalid("--time", f.Name, "an integer field")
	}
	r, err := w.Reader()
	return &keeping{w: w, r: r, time: f, most: uint64(window.span.Milliseconds())}, err
}

// cut withdraws the records that are older than the newest one by more than the
// window. It never withdraws the newest one.
func (k *keeping) cut(newest []byte) error {
	for {
		h, err := k.w.Header()
		if err != nil || h.EndPos-h.Deleted <= 1 {
			return err
		}
		if err := k.r.Read(h.Deleted, &k.oldest); err != nil {
			return err
		}
		if k.age(k.oldest.Bytes(), newest) <= k.most {
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
	if k.time.Kind() == layout.Int {
		return olderBy(k.time.Int(record), k.time.Int(newest))
	}
	return olderBy(k.time.Uint(record), k.time.Uint(newest))
}

func olderBy[T int64 | uint64](old, now T) uint64 {
	if cmp.Compare(old, now) >= 0 {
		return 0
	}
	return uint64(now) - uint64(old) // exact over the whole range of both types
}
