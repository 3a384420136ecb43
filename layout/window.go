package layout

// Window is the range of records that a page has: record n is available while
// First <= n < End. relaccx(5), Records.
type Window struct {
	First uint64 // number of the first available record
	End   uint64 // number behind the last
}

// Count returns how many records are available.
func (w Window) Count() uint64 { return w.End - w.First }

// Contains reports whether record n is available.
func (w Window) Contains(n uint64) bool { return n >= w.First && n < w.End }

// Last returns the newest n records of w, or w when it has fewer.
func (w Window) Last(n uint64) Window {
	if w.Count() > n {
		w.First = w.End - n
	}
	return w
}

// Clamp returns the part of w that lies in [first, end). When they do not overlap, the
// result is empty.
func (w Window) Clamp(first, end uint64) Window {
	w.First = max(w.First, first)
	w.End = max(min(w.End, end), w.First)
	return w
}

// Window returns the range of records that the header announces on a page of size
// bytes: [Deleted, EndPos), without the oldest when that is more than the ring has
// slots. A page with EndPos 0 and another Present is a table, [0, Present). Counters
// that contradict each other give an empty window, never one that leads outside the
// page. On a truncated page, only records that have not gone around the ring are in it.
func (h Header) Window(size int) Window {
	slots, count := h.Slots(size), uint64(h.RecordCount)
	switch {
	case h.EndPos == 0:
		return Window{0, min(uint64(h.Present), slots)}
	case count == 0:
		return Window{h.Deleted, h.EndPos}.Clamp(0, slots)
	case h.Deleted >= h.EndPos:
		return Window{h.EndPos, h.EndPos}
	case count > slots: // cut: only the first slots are there
		return Window{h.Deleted, h.EndPos}.Last(count).Clamp(0, slots)
	}
	return Window{h.Deleted, h.EndPos}.Last(count)
}

// Slots returns how many record slots a page of size bytes has: RecordCount, or on a page
// with direct indexing as many as fit. Both are bounded by the page.
func (h Header) Slots(size int) uint64 {
	if h.RecordSize == 0 || int(h.Offset) >= size {
		return 0
	}
	fit := uint64(size-int(h.Offset)) / uint64(h.RecordSize)
	if h.RecordCount == 0 {
		return fit
	}
	return min(uint64(h.RecordCount), fit)
}

// AllSlots returns the window that shows every slot once: the records that were last
// written to each, available or not. On a page that was truncated, the numbers are those
// of the slots.
func (h Header) AllSlots(size int) Window {
	slots := h.Slots(size)
	if uint64(h.RecordCount) != slots || h.EndPos < slots {
		return Window{0, slots}
	}
	return Window{h.EndPos - slots, h.EndPos}
}
