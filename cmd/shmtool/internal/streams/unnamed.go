package streams

import (
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// unnamed finds the streams whose objects have lost their names, as RemoveIPC of
// systemd-logind, a cleaner or rm leaves them: living processes have them in memory,
// and no other process can open them.
func (l *looker) unnamed() {
	for _, m := range l.use.Mappings {
		is, _ := mist.ParseName(m.Name)
		if !m.Deleted || is.Stream == "" || !l.wanted(is.Stream) || !keptForLife(is) {
			continue // tracks and packets lose their names all the time
		}
		p, life := l.table.Look(m.PID)
		if life != procs.Alive || !p.OfMist() || p.LooksOn() {
			continue
		}
		s := l.stream(is.Stream)
		if s != nil && s.Object(m.Name) != nil {
			continue // another object has the name: Server.Split has it
		}
		if s == nil {
			if _, err := l.stat(m.Name); err == nil {
				continue // it was made anew while we looked
			}
			s = &Stream{Name: is.Stream}
			if p, ok := l.table.Buffer(s.Name); ok {
				s.Buffer = &p
			}
			l.at.Streams = append(l.at.Streams, s)
			slices.SortFunc(l.at.Streams, func(a, b *Stream) int { return strings.Compare(a.Name, b.Name) })
		}
		s.Unnamed = append(s.Unnamed, Unnamed{m, p, is})
	}
}

// keptForLife reports whether an object keeps its name for as long as a stream lives.
func keptForLife(o mist.Object) bool {
	return o.Kind == mist.KindMeta || o.Kind == mist.KindUsers || o.Kind == mist.KindSemaphore && o.Lock.ForLife()
}

func (l *looker) stream(name string) *Stream {
	for _, s := range l.at.Streams {
		if s.Name == name {
			return s
		}
	}
	return nil
}
