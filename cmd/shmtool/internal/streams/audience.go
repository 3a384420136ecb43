package streams

import (
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Readers are the living processes that read a stream, by what for.
type Readers struct {
	People    int `json:"people"`    // a process that serves players; it may serve several
	Pushes    int `json:"pushes"`    // to another server, or into a file
	Processes int `json:"processes"` // of the stream's own configuration: transcoding and the like
	Pullers   int `json:"pullers"`   // another MistServer, by DTSC
}

// All returns how many processes read the stream.
func (r Readers) All() int { return r.People + r.Pushes + r.Processes + r.Pullers }

// Readers returns the living processes that read the stream.
func (s *Stream) Readers() (r Readers) {
	if s.Users == nil {
		return r
	}
	seen := map[uint64]bool{} // there may be thousands of slots
	for _, u := range s.Users.Slots {
		if !u.Viewer() || u.Life == procs.Dead || seen[u.PID] {
			continue
		}
		seen[u.PID] = true
		switch p := u.Process; {
		case strings.HasPrefix(p.Name, "MistProc"):
			r.Processes++
		case p.Name == "MistOutDTSC" && slices.Contains(p.Args, "--connection_handler"):
			r.Pullers++
		case pushes(p):
			r.Pushes++
		default:
			r.People++
		}
	}
	return r
}

// pushes reports whether a process sends a stream away on its own: the controller
// starts it with the stream and a target, and no connection has come to it.
func pushes(p procs.Process) bool {
	if !strings.HasPrefix(p.Name, "MistOut") || !slices.Contains(p.Args, "--stream") {
		return false
	}
	return !slices.ContainsFunc(p.Args, func(arg string) bool {
		return arg == "--ip" || arg == "--prequest" || arg == "--connection_handler"
	})
}

// Behind is a viewer that asks for what has left the window.
type Behind struct {
	PID   uint64 `json:"pid"`
	Track uint64 `json:"track"`
	Keys  uint64 `json:"keys"` // how many keys before the oldest one
}

// The keys of a viewer that asks for none: it waits for a track to begin, or has
// just taken its slot.
const waitsForKey, noKey = 1<<64 - 1, 0

// Behind returns the viewers that ask for a key which has left the window.
func (s *Stream) Behind() []Behind {
	behind := []Behind{}
	if s.Users == nil {
		return behind
	}
	oldest := map[uint64]uint64{}
	for _, t := range s.Tracks {
		if t.Valid != 0 && t.Page != nil && t.Page.Keys.Known {
			oldest[t.Index] = t.Page.Keys.Header.Deleted
		}
	}
	for _, u := range s.Users.Slots {
		if first := oldest[u.Track]; u.Viewer() && u.Life == procs.Alive && u.Key != waitsForKey && u.Key != noKey && u.Key < first {
			behind = append(behind, Behind{u.PID, u.Track, first - u.Key})
		}
	}
	return behind
}

// sessions counts the viewers' sessions of each stream, as MistServer keeps them in
// MstStat: one for a player and its address, however many processes serve it. A
// push, and a source, have sessions of another kind.
func (l *looker) sessions(o *Object) {
	info := mist.KindStatistics.Page()
	counts := map[string]int{}
	err := l.page(o, func(p *openPage) error {
		r := p.root
		clear(counts)
		if r.Schema().Lookup("sessid") == nil {
			return relaccx.ErrNoField // of before 3.2: a slot is a connection
		}
		return rows(r, info, func(_ uint64, w row) {
			if w.uint("status")&mist.UserDisconnect == 0 && isViewers(w.text("sessid"), w.text("connector")) {
				counts[w.text("stream")]++
			}
		})
	})
	if err == nil {
		l.at.Server.Sessioned = counts
	}
}

// isViewers reports whether a session is a viewer's: its id has no letter in front
// for another kind, and its connector no direction.
func isViewers(id, connector string) bool {
	return id != "" && !strings.Contains("IOU", id[:1]) && !strings.HasPrefix(connector, "INPUT:") && !strings.HasPrefix(connector, "OUTPUT:")
}
