//go:build !amd64

package shm

import "sync/atomic"

var fenceWord atomic.Uint32

// fence keeps all loads and stores before it before those behind it. On arm64 what comes
// before a store-release stays before it, a load-acquire stays behind a store-release, and
// what comes behind a load-acquire stays behind that. Add would not do: on processors
// without its instruction it is a loop, in whose midst other accesses may be made.
func fence() {
	fenceWord.Store(0)
	fenceWord.Load()
}
