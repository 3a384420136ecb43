//go:build !steps

package shm

import "time"

// The clock by which a counter is proven.

func now() time.Time                      { return time.Now() }
func since(begun time.Time) time.Duration { return time.Since(begun) }
