package procs

import (
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
)

// Three clocks tell when something happened. MistServer counts how long the machine has been
// awake since it was booted (CLOCK_MONOTONIC). The starts of processes also count the time
// that it has slept (CLOCK_BOOTTIME). The times of files are those of the wall clock, which
// may be set at any time.

// Suspended returns how much further the clock of the starts of processes is than the one of
// MistServer: how long the machine has slept. In a time namespace it may be any other time, also
// a negative one.
func (t *Table) Suspended() time.Duration { return t.suspended() }

func (t *Table) findSuspended() time.Duration {
	if s := t.saved(); s != nil {
		up := t.savedUptime() // of /proc/uptime, which counts sleep
		if up == 0 || s.Uptime == 0 {
			return 0
		}
		return up - s.Uptime
	}
	boot, errBoot := kernel.BootTime()
	awake, errAwake := kernel.Uptime()
	if errBoot != nil || errAwake != nil || !t.Live() {
		return 0 // the file that tells how long the machine was up counts as processes do
	}
	return boot - awake - t.ahead()
}

// UptimeAt returns how long the machine had been up when the wall clock showed a time; 0 is
// not known. Boot is Boot of the table, the clock its Clock.
//
// The wall clock may have been set since, and it goes on while the machine sleeps. When
// MistServer's controller was started, it noted how the two clocks stood to each other. If
// they stand otherwise by now, the time may be one from before that change or from after it.
// UptimeAt returns the later of both unless that is still to come: nothing is taken for older
// than it may be.
func UptimeAt(c mist.Clock, boot int64, at time.Time) time.Duration {
	if c.Now == 0 || c.Uptime == 0 || at.IsZero() {
		return 0
	}
	after := c.Uptime - time.Duration(c.Now-at.UnixNano())
	if boot <= 0 {
		return after
	}
	before := time.Duration(at.UnixNano() - boot*int64(time.Millisecond))
	if late := max(before, after); late <= c.Uptime+longLook {
		return late
	}
	return min(before, after)
}

// longLook is how long after the clock was read a file may change, and is still seen by the
// same look.
const longLook = time.Minute

// UptimeAt returns how long the machine had been up, at the latest, when a file of the
// shared memory directory had a time.
func (t *Table) UptimeAt(at time.Time) time.Duration { return UptimeAt(t.Clock(), t.Boot(), at) }

// Boot returns when MistServer's controller takes the machine to be booted, in
// milliseconds since 1970; 0 is not known.
func (t *Table) Boot() int64 { return t.boot() }
