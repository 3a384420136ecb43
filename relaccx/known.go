package relaccx

import (
	"iter"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// WithRules returns a Reader of the same page that applies MistServer's rules for
// pages of this kind, as mist.Lookup finds them by the page's name. Most of its
// pages are tables, and their counters mean something else than on a ring. Window,
// Records, Newest, and Read go by the rules, and so do the pages nested in it.
// WithRules returns r itself when info is nil, or does not fit the page's fields.
// The new Reader is valid as long as r is.
func (r *Reader) WithRules(info *mist.PageInfo) *Reader {
	if !info.Fits(r.schema) {
		return r
	}
	known := *r
	known.info, known.ruled = info, info.Rule != mist.RuleRing
	return &known
}

// Rules returns MistServer's rules for the page, as given to WithRules. It returns
// nil when the page is read as a ring.
func (r *Reader) Rules() *mist.PageInfo { return r.info }

// used reports whether a record of the page is in use: tables keep rows that are
// free. Without rules every record is.
func (r *Reader) used(rec *Record) bool { return r.info.Live(r.schema, rec.bytes) }

// marked reports whether the page is a table whose rows say themselves whether they
// are in use. Most of such a page was never written.
func (r *Reader) marked() bool { return r.info != nil && r.info.Marker != "" }

// LastInUse returns the part of w that begins at the n-th last record in use, or w
// when fewer than n are in use. On a ring every record is in use. Errors are those
// of Records.
func (r *Reader) LastInUse(w layout.Window, n uint64) (layout.Window, error) {
	if !r.marked() || n >= w.Count() {
		return w.Last(n), nil
	}
	if n == 0 {
		return layout.Window{First: w.End, End: w.End}, nil
	}
	b := batch{reader: r}
	for end := w.End; end > w.First; {
		part := layout.Window{First: w.First, End: end}.Last(r.perBatch())
		var live []uint64
		for rec, err := range r.liveIn(&b, part) {
			if err == nil {
				live = append(live, rec.Number)
			} else if !isLapped(err) {
				return w, err
			}
		}
		if have := uint64(len(live)); have >= n {
			return layout.Window{First: live[have-n], End: w.End}, nil
		}
		n -= uint64(len(live))
		end = part.First
	}
	return w, nil
}

// perBatch returns how many records are looked at together.
func (r *Reader) perBatch() uint64 { return max(1, batchSize/max(1, r.size)) }

// liveIn returns the records of w, of a table, that are in use. When none was ever
// written, nothing is read.
func (r *Reader) liveIn(b *batch, w layout.Window) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if r.hole(w) {
			return
		}
		for *b = (batch{reader: r, next: w.First, before: b.held}); b.next < w.End; {
			rec, err := b.read(w.End)
			switch {
			case rec == nil && err == nil:
				return
			case err == nil && !r.used(rec):
			case !yield(rec, err) || err != nil && !isLapped(err):
				return
			}
		}
	}
}

// hole reports whether all records of w lie where nothing was ever written.
func (r *Reader) hole(w layout.Window) bool {
	h, err := r.Header()
	if err != nil || w.Count() == 0 {
		return false
	}
	first, last := h.Slot(w.First), h.Slot(w.End-1)
	if last < first || last-first != w.Count()-1 || last >= r.room { // it goes round
		return false
	}
	at, end := r.base+int(r.offset+first*r.size), r.base+int(r.offset+(last+1)*r.size)
	start, _ := r.page.NextData(at)
	return start >= end
}

// window returns the records that the page has by its header h.
func (r *Reader) window(h layout.Header) layout.Window {
	h.RecordSize = uint32(r.size)
	w := r.info.Rows(h, len(r.memory))
	if r.ruled {
		return w
	}
	return proven(w, h.Deleted, h.EndPos, uint64(h.RecordCount))
}

// RecordsInUse returns the records of w as Records does, and leaves out the free rows
// of a table: a track that was removed, a viewer that left. A table's free rows keep
// their last values, so most programs want RecordsInUse. It needs the page's rules,
// see WithRules; without them it returns every record.
func (r *Reader) RecordsInUse(w layout.Window) iter.Seq2[*Record, error] {
	if !r.marked() {
		return r.Records(w)
	}
	return func(yield func(*Record, error) bool) {
		b := batch{reader: r}
		for first := w.First; first < w.End; {
			part := layout.Window{First: first, End: min(w.End, first+r.perBatch())}
			for rec, err := range r.liveIn(&b, part) {
				if !yield(rec, err) || err != nil && !isLapped(err) {
					return
				}
			}
			first = part.End
		}
	}
}
