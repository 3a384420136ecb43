package relaccx

import (
	"iter"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// As is a Reader of the same page that has those records which MistServer has
// on such a page: most of its pages are no rings, and their counters mean
// something else. Window, Records, Newest and Read go by that, and so do the
// pages nested in it. Nil, and what does not fit the page's fields, leaves it as
// it was. It is as good, and as long, as r.
func (r *Reader) As(info *mist.PageInfo) *Reader {
	if !info.Fits(r.schema) {
		return r
	}
	known := *r
	known.info, known.ruled = info, info.Rule != mist.RuleRing
	return &known
}

// Info is what is known of the page, as As was told; nil is nothing.
func (r *Reader) Info() *mist.PageInfo { return r.info }

// Live reports whether a record of the page is in use: tables keep rows that are
// free. Of a page that nothing is known of all are.
func (r *Reader) Live(rec *Record) bool { return r.info.Live(r.schema, rec.bytes) }

// LastLive is the part of w that begins with the last n records that are in use,
// or w where it has fewer.
func (r *Reader) LastLive(w layout.Window, n uint64) (layout.Window, error) {
	if r.info == nil || r.info.Marker == "" || n >= w.Count() {
		return w.Last(n), nil
	}
	var rec Record
	for at := w.End; at > w.First; {
		if n == 0 {
			return layout.Window{First: at, End: w.End}, nil
		}
		at--
		if err := r.Read(at, &rec); err != nil {
			return w, err
		}
		if r.Live(&rec) {
			n--
		}
	}
	return w, nil
}

// window is the records that the page has by its header h.
func (r *Reader) window(h layout.Header) layout.Window {
	h.RecordSize = uint32(r.size)
	return r.info.Rows(h, len(r.memory))
}

// LiveRecords is Records without those that are not in use.
func (r *Reader) LiveRecords(w layout.Window) iter.Seq2[*Record, error] {
	if r.info == nil || r.info.Marker == "" {
		return r.Records(w)
	}
	return func(yield func(*Record, error) bool) {
		for rec, err := range r.Records(w) {
			if (err != nil || r.Live(rec)) && !yield(rec, err) {
				return
			}
		}
	}
}
