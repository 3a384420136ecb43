package mistserver

import (
	"fmt"
	"time"
)

// trackAge is what decides whether a track is erased.
type trackAge struct {
	index           int
	kind            string // "video", "audio", …
	firstMS, lastMS uint64
	updated         uint64 // seconds since boot
}

// activeSeconds is how old a track's last update may be for it to be active.
const activeSeconds = 5

// toErase returns the first track that must go at a time, and why: it had no update
// for longer than idle, or its place is taken by an active one of its kind
// whose times are elsewhere.
func toErase(tracks []trackAge, now uint64, idle time.Duration) (index int, reason string, found bool) {
	active := activeTracks(tracks, now)
	idleMS := uint64(idle.Milliseconds())
	for _, t := range tracks {
		if t.kind == "meta" || t.updated >= now {
			continue
		}
		age := now - t.updated
		switch {
		case age > idleMS/1000:
			return t.index, fmt.Sprintf("no update for %ds", age), true
		case active.kinds[t.kind] && age > activeSeconds &&
			(t.firstMS > active.last+idleMS || active.first > t.lastMS+idleMS):
			return t.index, fmt.Sprintf("another %s track has taken its place", t.kind), true
		}
	}
	return 0, "", false
}

// activity is where the active tracks are.
type activity struct {
	kinds       map[string]bool
	first, last uint64 // ms
}

func activeTracks(tracks []trackAge, now uint64) activity {
	a := activity{kinds: map[string]bool{}}
	none := true
	for _, t := range tracks {
		if now > t.updated && now-t.updated > activeSeconds {
			continue
		}
		a.kinds[t.kind] = true
		a.last = max(a.last, t.lastMS)
		if none || t.firstMS < a.first {
			a.first = t.firstMS
		}
		none = false
	}
	return a
}
