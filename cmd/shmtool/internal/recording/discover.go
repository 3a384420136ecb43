package recording

import (
	"os"

	"shmtool/relaccx"
)

// discover adds pages that are new. One that cannot be read is spoken of once.
func (r *recorder) discover() {
	if r.o.Discover == nil {
		return
	}
	for _, t := range r.o.Discover(func(name string) bool { return r.names[name] }) {
		if r.isDone(t) {
			continue
		}
		err := r.add(t)
		if err == nil {
			delete(r.refused, t.Name)
			continue
		}
		if why := err.Error(); r.refused[t.Name] != why {
			r.refused[t.Name] = why
			r.o.Said(t.Name, relaccx.Event{}, err)
		}
	}
}

// isDone reports whether what has the name is still the object whose end was
// recorded.
func (r *recorder) isDone(t Target) bool {
	was, ok := r.done[t.Name]
	if !ok {
		return false
	}
	now, err := os.Stat(t.Path)
	return err != nil || os.SameFile(was, now)
}
