package relaccx

// Lease reads records in place, without a copy. It is valid only inside Reader.Lease.
type Lease struct {
	reader *Reader
	plain  bool   // a page of its own, whose counters are loaded as one
	end    uint64 // records below were available at some time
	count  uint64 // RecordCount, when end was seen
	slots  uint64 // how many of them the mapping has room for
}

// Lease runs fn, which may read any number of records through l; one guard against a
// page that is cut short serves them all. l, and every slice that it gave, is no longer
// valid when fn returns. A value that fn computed is valid only when View returned nil.
// Lease returns ErrTruncated when the page was cut short, or else the error of fn.
func (r *Reader) Lease(fn func(l *Lease) error) error {
	l := Lease{reader: r, plain: r.parent == nil && !r.ruled && r.cells.Plain()}
	return r.page.settle("read", r.page.mem.Guard(func() error { return fn(&l) }))
}

// View calls fn with the bytes of record n in the page's own memory. Another process
// may change them meanwhile: fn must only take values out, bound what it computes from
// them, keep no part of record, and not act on them. When View returns nil, record n
// was available from before fn until after it, and the values are valid. After
// ErrNoRecord or ErrWithdrawn, throw them away.
//
// This proves nothing about a field that is rewritten in an available record, as those
// of tables are: such a read is one look.
func (l *Lease) View(n uint64, fn func(record []byte)) error {
	r := l.reader
	at := r.offset + n*r.size
	if n >= l.end || n >= l.slots {
		var err error
		if at, err = l.find(n); err != nil {
			return r.judge(err)
		}
	}
	fn(r.memory[at : at+r.size : at+r.size])
	// That n was available at some time and is not withdrawn now proves that
	// it has been available all the time between.
	if l.plain {
		deleted := r.cells.LookDeleted() // before EndPos: see prove
		end := r.cells.LookEndPos()
		if deleted <= n && end-n <= l.slots && n < end {
			return nil
		}
	}
	return r.prove(n)
}

// find gives the position of record n: once in a ring it looks at the counters,
// else it reckons.
func (l *Lease) find(n uint64) (uint64, error) {
	r := l.reader
	if n >= l.end {
		if _, err := r.locate(n); err != nil {
			return 0, err
		}
		l.end = max(r.cells.EndPos(), n+1)
		l.count = uint64(r.cells.RecordCount())
		l.slots = r.room
		if l.count != 0 {
			l.slots = min(l.count, r.room)
		}
	}
	at, err := r.position(n, l.count)
	return uint64(at), err
}
