package doctor

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// remedy is a command that puts right what was found, or shows what to do where
// no single one does: explain has the rest of it. What removes anything looks
// first whether somebody uses it.
func remedy(m *streams.Moment, f *finding.Finding) string {
	if text := plainRemedy(f); text != "" {
		return text
	}
	s := stream(m, f.Stream)
	clean := "shmtool clean --stream " + quoted(f.Stream) + " --yes"
	explain := "shmtool explain " + f.Code
	switch f.Code {
	case finding.InputLockOrphaned:
		return abandoned(s, f.Stream, clean)
	case finding.PullLockOrphaned:
		if s != nil && s.Buffer != nil {
			return explain
		}
		return clean
	case finding.OrphanObject:
		return clean
	case finding.StateStale:
		if pid, ok := f.Evidence["pid"]; ok {
			return fmt.Sprint("kill ", pid)
		}
		return abandoned(s, f.Stream, clean)
	case finding.ControllerPageMissing:
		if s != nil {
			return explain
		}
		return restartAll
	case finding.ViewerDead:
		if pid, ok := f.Evidence["buffer_pid"]; ok {
			return fmt.Sprint("kill -CONT ", pid)
		}
		return abandoned(s, f.Stream, clean)
	case finding.WriterDead:
		if s != nil && s.Buffer != nil {
			return explain + "   # its source is to be started again"
		}
		return abandoned(s, f.Stream, clean)
	case finding.PresentDrift:
		if drift, ok := f.Evidence["drift"].(int64); ok && drift > 0 {
			return explain
		}
		fallthrough
	case finding.TrackStale, finding.TimeBlocked, finding.NoKeyframe, finding.DataStalled, finding.RingOverfull, finding.DataStaleBytes, finding.DataPageUnlinked, finding.TrackPageMissing:
		if pid, ok := sourceOf(s, f); ok {
			return fmt.Sprint("kill ", pid)
		}
	}
	return endStream(s, f.Stream, clean)
}

// plainRemedy is for what is put right alike whatever else is the case; "" where
// that matters.
func plainRemedy(f *finding.Finding) string {
	switch f.Code {
	case finding.ShmFull:
		return "shmtool clean   # then: mount -o remount,size=SIZE /dev/shm"
	case finding.ControllerDead:
		return restartAll
	case finding.ShortLockStuck:
		return lockRemedy(f)
	case finding.DeletedMapping:
		return killAll(f.Evidence["pids"])
	case finding.SessionOrphaned:
		return "shmtool rm --dry-run " + quoted(f.Object)
	case finding.VersionsMixed, finding.NamespaceMismatch, finding.ValueWrapped, finding.VoDPagePending, finding.DataPageMissing:
		return "shmtool explain " + f.Code
	case finding.Waiting:
		return "shmtool dump " + quoted(mist.Object{Kind: mist.KindConfig, Stream: mist.BaseName(f.Stream)}.Name())
	case finding.TrackHidden, finding.UsersFull:
		return "shmtool dump " + quoted(f.Object)
	}
	return ""
}

// endStream ends the buffer, which removes everything on its way out; but for the
// lock, where that was a parent's that is dead.
func endStream(s *streams.Stream, name, clean string) string {
	if s == nil || s.Buffer == nil {
		return clean
	}
	end := fmt.Sprint("kill ", s.Buffer.PID)
	if dead(s.Input) {
		end += "; sleep 5; " + cleanSoon(name)
	}
	return end
}

// restartAll is for what only a controller mends when it starts.
const restartAll = "systemctl restart mistserver   # ends every stream"

// cleanSoon is clean for what has just been ended.
func cleanSoon(stream string) string {
	return "shmtool clean --stream " + quoted(stream) + " --min-age 2s --yes"
}

// sourceOf is the living process that feeds the track which a finding is about.
func sourceOf(s *streams.Stream, f *finding.Finding) (pid uint64, ok bool) {
	if s == nil {
		return 0, false
	}
	for _, t := range s.Tracks {
		if index, is := f.Evidence["track"]; is && index == t.Index && fed(t) {
			return t.PID, true
		}
	}
	return 0, false
}

// abandoned is clean, once those have been ended who would keep what is to go.
func abandoned(s *streams.Stream, name, clean string) string {
	pids := living(s)
	if len(pids) == 0 {
		return clean
	}
	return killAll(pids) + "; sleep 5; " + cleanSoon(name)
}

// living are the processes that have a slot of the stream: without an input they
// wait for one that cannot come.
func living(s *streams.Stream) []int {
	if s == nil || s.Users == nil {
		return nil
	}
	var pids []int
	seen := map[uint64]bool{} // there may be thousands of slots
	for _, u := range s.Users.Slots {
		if u.Life == procs.Alive && !seen[u.PID] {
			seen[u.PID] = true
			pids = append(pids, int(u.PID))
		}
	}
	return pids
}

// lockRemedy ends who waits for a lock that was deleted, or who may hold one that
// was not; where nobody can hold it, the lock itself is what must go.
func lockRemedy(f *finding.Finding) string {
	if _, deleted := f.Evidence["deleted"]; deleted {
		return killAll(f.Evidence["waiting"])
	}
	for _, key := range []string{"holders", "unknown"} {
		if pids, ok := f.Evidence[key].([]int); ok && len(pids) > 0 {
			return fmt.Sprintf("cat /proc/%d/wchan /proc/%d/status   # is it alive, and does it move?", pids[0], pids[0])
		}
	}
	return "shmtool explain " + f.Code
}

func killAll(pids any) string {
	list, _ := pids.([]int)
	var b strings.Builder
	b.WriteString("kill")
	for _, pid := range list {
		fmt.Fprint(&b, " ", pid)
	}
	return b.String()
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-@:/", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
