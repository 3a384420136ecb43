package recording

import (
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// clock tells the times of a recording: the time of day at which it began, and how long ago
// that was. They never go back, and do not jump when the wall clock is set. The time that
// the machine sleeps counts.
type clock struct {
	begun  time.Time
	read   func() (wall time.Time, awake time.Duration) // the wall clock, and how long the machine has been awake since begun
	asleep func() time.Duration                         // how long it has slept since it was booted

	before time.Duration // what asleep said when the recording began
	during time.Duration // how long the machine has slept since
	apart  time.Duration // how far the wall clock had gone further than the machine was awake
}

func newClock() *clock {
	c := &clock{begun: time.Now(), asleep: asleep, before: asleep()}
	c.read = func() (time.Time, time.Duration) {
		at := time.Now()
		return at.Round(0), at.Sub(c.begun)
	}
	return c
}

// asleep returns how long the machine has slept since it was booted; 0 where that is not known.
func asleep() time.Duration {
	boot, errBoot := kernel.BootTime()
	awake, errAwake := kernel.Uptime()
	if errBoot != nil || errAwake != nil {
		return 0
	}
	return boot - awake
}

// sleepShows is how far the wall clock goes on without the machine being awake until it is
// asked whether the machine has slept. That takes system calls, and now runs for each record.
const sleepShows = 100 * time.Millisecond

// now returns the time.
func (c *clock) now() time.Time {
	wall, awake := c.read()
	apart := wall.Sub(c.begun.Round(0)) - awake
	if (apart - c.apart).Abs() > sleepShows { // it has slept, or the clock was set
		c.apart, c.during = apart, max(c.during, c.asleep()-c.before)
	}
	return c.begun.Add(awake + c.during)
}
