package doctor

import (
	"fmt"
	"math"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
)

// behind: a viewer that reads nothing stays where it is while the stream's oldest
// keys go.
func (j *judge) behind() {
	if j.stream.Users == nil || j.stream.VoD() {
		return
	}
	for _, u := range j.stream.Users.Slots {
		if !u.Viewer() || u.Life != procs.Alive || u.Key == waitsForData {
			continue
		}
		for _, t := range j.stream.Tracks {
			if t.Index != u.Track || t.Valid == 0 || t.Page == nil || !t.Page.Keys.Known || t.TypeName() == "meta" {
				continue
			}
			first := t.Page.Keys.Header.Deleted
			if u.Key >= first || u.Key == 0 { // of 0 it may have read nothing yet
				continue
			}
			f := j.find(finding.ViewerBehind, j.stream.Users.Object.Name, map[string]any{"pid": u.PID, "track": t.Index, "key": u.Key, "first_key": first},
				"%s: %s %d stands at key %d, which has left the window", title(t), u.Process.Name, u.PID, u.Key)
			j.settles(f, lasting)
		}
	}
}

// waitsForData is the key of a viewer that has none yet.
const waitsForData = math.MaxUint64

// requests: a viewer of a file waits until the input has read the part that it
// asks for. Without an input, it waits in vain. A snapshot does not tell how long it has
// waited, unless the input does not read at all.
func (j *judge) requests() {
	halts := j.stream.Buffer == nil && !j.at.Hiding || j.stream.Buffer != nil && stopped(j.stream.Buffer)
	if j.stream.Users == nil || !j.stream.VoD() || !j.at.Living && !halts {
		return
	}
	for _, u := range j.stream.Users.Slots {
		if !u.Viewer() || u.Life == procs.Dead {
			continue
		}
		for _, t := range j.stream.Tracks {
			if t.Index != u.Track || t.Page == nil {
				continue
			}
			for _, d := range t.Page.DataPages {
				if d.FirstKey <= u.Key && u.Key-d.FirstKey < d.KeyCount && d.Avail == 0 {
					j.request(t, d, u)
				}
			}
		}
	}
}

// request tells of one part that is asked for; it is more than a note when the input
// waits for a lock instead of reading.
func (j *judge) request(t *streams.Track, d streams.DataPage, u streams.User) {
	evidence := map[string]any{"track": t.Index, "pid": u.PID, "key": u.Key}
	text, hangs := fmt.Sprintf("%s: pid %d waits for key %d, which is not in memory", title(t), u.PID, u.Key), false
	if lock, holders, ok := j.hangs(); ok {
		hangs = true
		evidence["input_pid"], evidence["lock"] = j.stream.Buffer.PID, lock
		text += fmt.Sprintf("; its input %d hangs on %s", j.stream.Buffer.PID, lock)
		if len(holders) > 0 {
			evidence["holders"] = holders
			text += ", which " + pidsText(holders, "or") + " may hold"
		}
	}
	f := j.find(finding.VoDPagePending, d.Name, evidence, "%s", text)
	if hangs {
		f.Severity = finding.Warning
	}
	if j.stream.Buffer != nil {
		f.Lasts = anyway
		j.settles(f, lasting)
	}
}

// hangs returns the lock that the process which keeps the stream waits for, and who may
// hold it.
func (j *judge) hangs() (lock string, holders []int, ok bool) {
	if j.stream.Buffer == nil {
		return "", nil, false
	}
	pid := j.stream.Buffer.PID
	for _, l := range slices.Concat(j.stream.Locks, j.at.Server.Locks) {
		if !slices.ContainsFunc(l.Users, func(u streams.LockUser) bool { return u.Process.PID == pid && u.Waits }) {
			continue
		}
		for _, u := range l.Users {
			if u.Known && !u.Waits {
				holders = append(holders, u.Process.PID)
			}
		}
		return l.Object.Name, holders, true
	}
	for _, lost := range j.at.Server.LostLocks {
		if lost.PID == pid {
			return lost.Name + ", which was deleted", nil, true
		}
	}
	return "", nil, false
}

// apartBy is how far the tracks of one stream may be from each other, in
// milliseconds: players hold some seconds.
const apartBy = 60_000

// apart: of tracks that are all fed, one has times far from the others'. It is the one
// that has fewer beside it; of two, the one that is ahead.
func (j *judge) apart() {
	if j.stream.VoD() {
		return
	}
	var fresh []*streams.Track
	for _, t := range j.stream.Tracks {
		if t.Valid != 0 && fed(t) && t.Page != nil && t.TypeName() != "meta" && j.fresh(t) && t.Page.LastMS > 0 {
			fresh = append(fresh, t)
		}
	}
	slices.SortStableFunc(fresh, func(a, b *streams.Track) int { return j.company(fresh, b) - j.company(fresh, a) })
	if len(fresh) < 2 {
		return
	}
	home := fresh[0]
	if len(fresh) == 2 && fresh[1].Page.LastMS < home.Page.LastMS {
		home, fresh[1] = fresh[1], home // a clock that goes round puts a track ahead
	}
	for _, t := range fresh[1:] {
		by, word := distance(t.Page.LastMS, home.Page.LastMS)
		if by < apartBy*time.Millisecond {
			continue
		}
		f := j.find(finding.TimeApart, t.PageName, map[string]any{"track": t.Index, "other": home.Index, "last_ms": t.Page.LastMS, "other_last_ms": home.Page.LastMS},
			"%s is %s %s %s", title(t), units.Long(by.Truncate(time.Minute)), word, title(home))
		j.settles(f, lasting)
	}
}

// company counts the tracks that have nearly the time of one.
func (j *judge) company(all []*streams.Track, t *streams.Track) int {
	n := 0
	for _, other := range all {
		if by, _ := distance(other.Page.LastMS, t.Page.LastMS); by < apartBy*time.Millisecond {
			n++
		}
	}
	return n
}

// distance returns how far a time is ahead of another one, or behind it.
func distance(ms, other uint64) (by time.Duration, word string) {
	word = "ahead of"
	if ms < other {
		ms, other, word = other, ms, "behind"
	}
	return time.Duration(min(ms-other, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond, word
}
