package recording

import (
	"hash/maphash"
	"time"

	"shmtool/layout"
	"shmtool/relaccx"
)

// MistServer publishes a record and goes on writing to it: the newest key grows
// with each packet, and gets its duration from the key behind it. So the newest
// records of a ring are read again, and one that has changed has another message.

const (
	revisable  = 256 // newest records that are looked at again
	revisesOld = 2   // as many records MistServer goes on writing to
)

var revisionSeed = maphash.MakeSeed()

// revisions knows the newest records of a ring as they were written last.
type revisions struct {
	sums   [revisable]uint64
	end    uint64    // the number behind the newest
	first  uint64    // the oldest that is known
	looked uint64    // records below it were looked at when they had a newer one
	swept  time.Time // when all of them were looked at
}

// wrote notes a record as it was written.
func (v *revisions) wrote(rec *relaccx.Record) {
	n := rec.Number
	v.sums[n%revisable] = maphash.Bytes(revisionSeed, rec.Bytes())
	if n == v.end {
		v.end++
	} else if n > v.end || n < v.first {
		v.first, v.end, v.looked = n, n+1, n
	}
	if v.end > revisable {
		v.first = max(v.first, v.end-revisable)
	}
}

// due returns the records to look at: those that have a newer one by now, and
// every second all that are known.
func (v *revisions) due(now time.Time, all bool) layout.Window {
	if v.end == v.first {
		return layout.Window{}
	}
	from := v.looked - min(v.looked, revisesOld)
	if all || now.Sub(v.swept) >= discoverEvery {
		from, v.swept = v.first, now
	} else if v.looked+1 >= v.end {
		return layout.Window{}
	}
	v.looked = v.end - 1
	w := layout.Window{First: max(from, v.first), End: v.end}
	if !all && v.swept != now { // the newest changes with each packet
		w.End--
	}
	return w
}

// revise writes those of the newest records that have changed since.
func (s *source) revise(f *file, at time.Time, all bool, encode encoder) error {
	if !s.begun || s.table || s.nested {
		return nil
	}
	r := s.follower.Reader()
	w := s.revised.due(at, all)
	for n := w.First; n < w.End; n++ {
		var rec relaccx.Record
		if err := r.Read(n, &rec); err != nil {
			if err := s.later(err); err != nil {
				return err
			}
			continue // withdrawn by now
		}
		if s.revised.sums[n%revisable] == maphash.Bytes(revisionSeed, rec.Bytes()) {
			continue
		}
		if err := s.message(f, at, &rec, encode); err != nil {
			return err
		}
	}
	return nil
}
