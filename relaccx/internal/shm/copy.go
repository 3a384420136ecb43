package shm

// InPlace is whether values may be read where they lie, without CopyOut: where loads stay
// in order, and nothing watches them.
const InPlace = inOrder && unwatched

// CopyOut copies bytes that another process may be changing. The copy is not valid until
// a counter, loaded afterwards, says that the bytes were stable. The fence keeps that load
// behind the copy.
func CopyOut(dst, mapped []byte) {
	copyOut(dst, mapped)
	fence()
}

// CopyIn writes bytes that a reader may be copying; readers look at the
// counters before and after, and throw such a copy away.
func CopyIn(mapped, src []byte) { copyIn(mapped, src) }

// Same reports whether bytes that another process may be changing are as want
// says, by one look at each.
func Same(mapped, want []byte) bool {
	is := same(mapped, want)
	fence()
	return is
}
