package doctor

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// shortLocks judges the stream's locks that are held only for a moment.
func (j *judge) shortLocks() {
	for i := range j.stream.Locks {
		j.shortLock(&j.stream.Locks[i])
	}
}

// shortLock: a lock that stays held was left so by a process that died, or is
// held by one that hangs. Nothing names the holder: it may be any process that
// has the semaphore in memory and does not wait for it. That another process held
// it at the first look is no finding: a process that waited then no longer waits.
func (j *judge) shortLock(l *streams.Lock) {
	switch l.Object.Is.Lock {
	case mist.LockTracks, mist.LockUsers, mist.LockStatistics, mist.LockSession:
	default:
		return
	}
	if !l.Semaphore.Held() {
		return
	}
	var waiting, holders, unknown []int
	for _, u := range l.Users {
		switch {
		case !u.Known:
			unknown = append(unknown, u.Process.PID)
		case u.Waits:
			waiting = append(waiting, u.Process.PID)
		default:
			holders = append(holders, u.Process.PID)
		}
	}
	if l.Object.Is.Lock == mist.LockSession && (len(waiting) == 0 || j.trigger(l, waiting)) {
		return // it is held while triggers run
	}
	evidence := map[string]any{"value": l.Semaphore.Value, "waiters": l.Semaphore.Waiters}
	for key, pids := range map[string][]int{"waiting": waiting, "holders": holders, "unknown": unknown} {
		if len(pids) > 0 {
			evidence[key] = pids
		}
	}
	f := j.find(finding.ShortLockStuck, l.Object.Name, evidence, "%s", j.lockText(waiting, holders, unknown))
	f.Lasts = f.Overlaps("waiting")
	j.settles(f, lasting)
}

// lockText says who holds a lock, and who waits for it.
func (j *judge) lockText(waiting, holders, unknown []int) string {
	text := "held by a process that has died"
	switch {
	case len(holders) > 0:
		text = "held for too long: by " + pidsText(holders, "or") + ", or by one that has died"
	case len(unknown) > 0:
		text = "held for too long: by " + pidsText(unknown, "or") + ", or by one that has died; who waits could not be seen"
	case len(j.at.Server.Unseen) > 0 || j.at.Hiding:
		text = "held for too long: by a process that could not be seen, or one that has died"
	case !j.at.Living:
		text = "held, and it is never held for long"
	}
	if len(waiting) > 0 {
		text += "; " + pidsText(waiting, "and")
		if len(waiting) == 1 {
			text += " waits for it"
		} else {
			text += " wait for it"
		}
	}
	return text
}

// pidsText returns a few PIDs in a sentence.
func pidsText(pids []int, and string) string {
	const few = 5
	var words []string
	for _, pid := range pids[:min(few, len(pids))] {
		words = append(words, fmt.Sprint(pid))
	}
	if more := len(pids) - few; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	text := words[len(words)-1]
	if len(words) > 1 {
		text = strings.Join(words[:len(words)-1], ", ") + " " + and + " " + text
	}
	return "pid " + text
}
