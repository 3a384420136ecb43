package mist

import (
	"math"
	"time"
)

// Clock is the time of which a moment is seen: now, or when a moment was saved.
// The zero Clock knows no time, and nothing that needs one is told.
type Clock struct {
	// Now is in nanoseconds since 1970.
	Now int64
	// Uptime is how long the machine has been up: on a living system what
	// CLOCK_MONOTONIC says, by which MistServer counts.
	Uptime time.Duration
}

// ClockAt returns the clock for a time, where a page tells when the boot was: systemBoot
// of MstGlobalConfig, in milliseconds since 1970.
func ClockAt(now int64, systemBoot uint64) Clock {
	return Clock{Now: now, Uptime: time.Duration(now - int64(systemBoot)*int64(time.Millisecond))}
}

// since returns how long ago a time since boot was, negative for one to come. It is not
// known without an uptime, nor for a time that is out of reach.
func (c Clock) since(boot uint64, unit time.Duration) (time.Duration, bool) {
	if c.Uptime <= 0 || boot > uint64(math.MaxInt64/int64(unit)) {
		return 0, false
	}
	return c.Uptime - time.Duration(boot)*unit, true
}

// oldUnix returns the seconds since 1970 that a value in milliseconds since boot is on a
// page of MistServer up to 3.7, as the same value since boot in milliseconds: the page does
// not tell, but the value is a time to come otherwise.
func (c Clock) oldUnix(boot uint64) uint64 {
	const first = 1_500_000_000 // the year 2017, and 17 days since boot
	up, now := int64(c.Uptime/time.Millisecond), c.Now/int64(time.Millisecond)
	if up <= 0 || now <= 0 || boot < first || boot > lastUnixMS/1000 || int64(boot) <= up {
		return boot
	}
	ago := now - int64(boot)*1000
	if ago < 0 || ago > up {
		return boot
	}
	return uint64(up - ago)
}

// at returns the time on the wall of milliseconds since boot, which may be negative. The
// moment of the boot is known to the millisecond, no better.
func (c Clock) at(bootMS int64) (time.Time, bool) {
	if c.Uptime <= 0 || c.Now <= 0 {
		return time.Time{}, false
	}
	boot := (c.Now - int64(c.Uptime)) / int64(time.Millisecond)
	return unixMilli(boot, bootMS)
}

// The times that RFC 3339 can write: 1970 to the end of 9999.
const lastUnixMS = 253402300799999

// unixMilli returns the time of a sum of milliseconds since 1970, where it can be
// written.
func unixMilli(a, b int64) (time.Time, bool) {
	if b < -lastUnixMS || b > lastUnixMS || a < -lastUnixMS || a > lastUnixMS || a+b < 0 || a+b > lastUnixMS {
		return time.Time{}, false
	}
	return time.UnixMilli(a + b).UTC(), true
}

// NeedsClock reports whether what a value of the unit means depends on the time.
func (u Unit) NeedsClock() bool {
	return u == BootSeconds || u == BootMilliseconds || u == BootOffset
}

// moment returns the wall time that a value of a unit of time names.
func (c Clock) moment(u Unit, n uint64) (time.Time, bool) {
	switch u {
	case UnixSeconds:
		if n > lastUnixMS/1000 {
			return time.Time{}, false
		}
		return unixMilli(int64(n)*1000, 0)
	case UnixMilliseconds:
		return unixMilli(int64(min(n, math.MaxInt64)), 0)
	case BootSeconds:
		if n > lastUnixMS/1000 {
			return time.Time{}, false
		}
		return c.at(int64(n) * 1000)
	case BootMilliseconds:
		return c.at(int64(min(c.oldUnix(n), math.MaxInt64)))
	case BootOffset:
		if n == 0 { // of what is no live stream
			return time.Time{}, false
		}
		return c.at(int64(n))
	}
	return time.Time{}, false
}
