package relaccx

// Lease reads records where they lie, without a copy. It exists only inside
// Reader.Lease.
type Lease struct {
	reader *Reader
	end    uint64 // records below were available at some time
	slots  uint64 // of the ring, when end was seen
}

// Lease runs fn, which may read any number of records through the lease; one
// guard against a page that is cut short serves them all. The lease, and every
// slice it gave, is void when fn returns. What fn computed is worth something
// only where View returned nil.
func (r *Reader) Lease(fn func(l *Lease) error) error {
	l := Lease{reader: r}
	err := r.page.mem.Guard(func() error { return fn(&l) })
	if err == nil {
		err = r.page.intact()
	}
	return r.page.fail("read", err)
}

// View calls fn with the bytes of record n in the page's own memory. Another
// process may change them while fn looks: fn must only take values out, bound
// what it computes from them, keep no part of record, and not act on them. When
// View returns nil, record n was available from before fn until after it, and
// what fn took is true; with ErrNoRecord or ErrWithdrawn it must be thrown away.
//
// Nothing proves a field that is rewritten in an available record, as tables
// are; such a read is as true as one look can be.
func (l *Lease) View(n uint64, fn func(record []byte)) error {
	r := l.reader
	slot := n
	if n >= l.end || n >= l.slots {
		var err error
		if slot, err = l.find(n); err != nil {
			return err
		}
	}
	at := r.offset + slot*r.size
	fn(r.memory[at : at+r.size : at+r.size])
	// That n was available at some time and is not withdrawn now proves that
	// it has been available all the time between.
	end := r.cells.EndPos()
	if r.cells.Deleted() <= n && end-n <= l.slots && r.parent == nil && n < end {
		return nil
	}
	return r.prove(n)
}

// find gives the slot of record n: once in a ring it looks at the counters,
// else it reckons.
func (l *Lease) find(n uint64) (uint64, error) {
	r := l.reader
	if n >= l.end {
		if _, err := r.locate(n); err != nil {
			return 0, err
		}
		h := r.cells.Header()
		l.end, l.slots = max(h.EndPos, n+1), h.Slots(len(r.memory))
	}
	if n >= l.slots {
		n %= l.slots
	}
	return n, nil
}
