//go:build !race && !steps

package shm

import "bytes"

// InPlace is whether values may be read where they lie, without CopyOut.
const InPlace = true

// CopyOut copies bytes that another process may be changing. The copy is not valid until
// a counter, loaded afterwards, says that the bytes were stable.
func CopyOut(dst, mapped []byte) { copy(dst, mapped) }

// CopyIn writes bytes that a reader may be copying; readers look at the
// counters before and after, and throw such a copy away.
func CopyIn(mapped, src []byte) { copy(mapped, src) }

// Same reports whether bytes that another process may be changing are as want
// says, by one look at each.
func Same(mapped, want []byte) bool { return bytes.Equal(mapped, want) }
