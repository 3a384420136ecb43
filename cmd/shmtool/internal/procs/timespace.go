package procs

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// timesApart is how far the boot that MistServer's controller has noted may lie from this
// process's own without it being asked why.
const timesApart = time.Second

// aheadOf keeps what findAhead has found, because to find it takes a look at the memory of every
// process, and tail asks for the clock at each record. The controller of another time
// namespace notes another boot.
var aheadOf sync.Map // aheadKey to time.Duration

type aheadKey struct {
	procDir, shmDir string
	boot            int64
}

// findAhead returns how far the clock by which MistServer counts is ahead of this process's own.
// They are the same unless the two live in different time namespaces, as where containers
// are restored from a checkpoint. Then no time of MistServer's means anything here without
// it. A clock that was set, and a machine that has slept, look the same at first.
func (t *Table) findAhead() time.Duration {
	boot := t.boot()
	up, err := kernel.Uptime()
	if boot <= 0 || err != nil || !t.InMemory() {
		return 0
	}
	if apart := time.Since(time.UnixMilli(boot)) - up; apart.Abs() < timesApart {
		return 0
	}
	key := aheadKey{t.procDir, t.shmDir, boot}
	if found, ok := aheadOf.Load(key); ok && !found.(foundAhead).over(up) {
		return found.(foundAhead).ahead
	}
	ahead, known := t.lookAhead()
	aheadOf.Store(key, foundAhead{ahead, known, up})
	return ahead
}

// foundAhead is what was found, and when by this process's own clock.
type foundAhead struct {
	ahead time.Duration
	known bool
	at    time.Duration
}

// askAgain is how long it counts that no process was found: one may use the directory by then.
const askAgain = 5 * time.Second

func (f foundAhead) over(now time.Duration) bool { return !f.known && now-f.at > askAgain }

// lookAhead asks the kernel by the processes that use the directory.
func (t *Table) lookAhead() (ahead time.Duration, known bool) {
	text, _, err := kernel.ReadText("/proc/self/"+offsetsFile, maxText, nil)
	own, ok := monotonicOffset(text)
	if err != nil || !ok {
		return 0, false
	}
	for _, pid := range slices.Sorted(maps.Keys(t.here())) {
		if p, life := t.Look(pid); life != Alive || p.LooksOn() {
			continue
		}
		text, err := t.ofProcess(pid, offsetsFile)
		if theirs, ok := monotonicOffset(text); ok && err == nil {
			return theirs - own, true
		}
	}
	return 0, false
}

// offsetsFile says by how much the clocks of a process differ from the machine's.
const offsetsFile = "timens_offsets"

// monotonicOffset returns the offset of MistServer's clock: "monotonic 86400 0", in seconds and
// nanoseconds.
func monotonicOffset(text []byte) (time.Duration, bool) {
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) != 3 || string(words[0]) != "monotonic" {
			continue
		}
		seconds, errSeconds := strconv.ParseInt(string(words[1]), 10, 64)
		rest, errRest := strconv.ParseInt(string(words[2]), 10, 64)
		const most = int64(1) << 32
		if errSeconds != nil || errRest != nil || seconds < -most || seconds > most || rest < 0 || rest >= int64(time.Second) {
			return 0, false
		}
		return time.Duration(seconds)*time.Second + time.Duration(rest), true
	}
	return 0, false
}
