package cleaning

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Member is a process that uses a stream.
type Member struct {
	procs.Process
	Stream string
	Has    string // what shows it: an object that the process has, or that it is the input
}

// members returns the processes that use the streams, by PID: those that have an
// object of one mapped or open, also an object that has lost its name since, and the
// inputs. MistServer's controller looks into streams and belongs to none, and a shmtool
// that only reads keeps none.
func (e *Ending) members(s *survey) []Member {
	found := map[int]Member{}
	add := func(p procs.Process, stream, has string) {
		if _, known := found[p.PID]; !known && p.PID != os.Getpid() && p.Name != "MistController" {
			found[p.PID] = Member{p, stream, has}
		}
	}
	for _, f := range s.files {
		if !e.removes(f) {
			continue
		}
		for _, h := range s.users(f) {
			add(h.Process, f.is.Stream, "has "+mistName(f))
		}
	}
	for _, m := range s.table.Use().Mappings {
		o, _ := mist.ParseName(m.Name)
		if !m.Deleted || o.Kind == mist.KindConfig || !slices.Contains(e.Streams, o.Stream) {
			continue
		}
		if p, alive := s.table.Alive(m.PID); alive && !s.table.LooksOn(procs.Holder{Process: p}) {
			add(p, o.Stream, "has "+m.Name+", which is removed")
		}
	}
	for _, stream := range e.Streams {
		if p, ok := s.table.Buffer(stream); ok {
			add(p, stream, "is its input")
		}
	}
	all := make([]Member, 0, len(found))
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Member) int { return a.PID - b.PID })
	return all
}

// removes reports whether an object goes with the streams. Their configuration is the
// controller's.
func (e *Ending) removes(f *file) bool {
	return f.sim == "" && f.is.Kind != mist.KindConfig && slices.Contains(e.Streams, f.is.Stream)
}

// refused says why a process must not be ended, or "".
func (e *Ending) refused(s *survey, m Member) string {
	for _, name := range s.holdings.Names(m.PID) {
		o, _ := mist.ParseName(strings.TrimPrefix(name, hiddenPrefix))
		if o.Stream != "" && o.Kind != mist.KindConfig && !slices.Contains(e.Streams, o.Stream) {
			return fmt.Sprintf("it also uses stream %s", mist.EscapeName(o.Stream))
		}
	}
	own, err := os.Readlink(filepath.Join(e.options.ProcDir, standing(s.table), "ns", "pid"))
	its, errIts := os.Readlink(filepath.Join(e.options.ProcDir, strconv.Itoa(m.PID), "ns", "pid"))
	switch {
	case err != nil || errIts != nil:
		return "its PID namespace cannot be read"
	case own != its:
		return "it is in another PID namespace"
	}
	return ""
}

// standing returns the process whose PID namespace a directory belongs to: the one through
// whose root the directory is seen, else this process.
func standing(table *procs.Table) string {
	if pid, ok := table.Through(); ok {
		return strconv.Itoa(pid)
	}
	return "self"
}
