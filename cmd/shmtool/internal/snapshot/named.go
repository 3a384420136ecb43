package snapshot

import (
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

const maxPID = 1 << 22 // the most that Linux gives out

// named returns the PIDs that stand in the copies.
func (c *capture) named() map[int]bool {
	pids := map[int]bool{}
	add := func(pid uint64) {
		if pid > 0 && pid <= maxPID {
			pids[int(pid)] = true
		}
	}
	for name, o := range c.objects {
		if !o.kept {
			continue
		}
		switch path := c.copyOf(name); {
		case o.is.Kind == mist.KindInputPID || o.is.Kind == mist.KindPullPID:
			if b, err := readStart(path, mist.PIDSize); err == nil {
				if pid, err := mist.DecodePID(b); err == nil {
					add(pid)
				}
			}
		case o.is.Kind == mist.KindProcess || o.is.Kind == mist.KindAttempt:
			add(uint64(o.is.PID))
		case o.is.Kind == mist.KindPush:
			pushedBy(path, add)
		case o.known && o.is.Kind.IsPage():
			add(uint64(max(0, o.is.PID)))
			namedOn(path, mist.Lookup(name), add)
		}
	}
	return pids
}

// readStart reads the first bytes of a file, as many as there are.
func readStart(path string, size int) ([]byte, error) {
	f, err := objectfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if n > 0 {
		err = nil
	}
	return b[:n], err
}

// pushedBy adds the processes of the list of pushes. It reports nothing that is wrong
// with the list.
func pushedBy(path string, add func(pid uint64)) {
	b, err := readStart(path, mist.PushSize)
	if err != nil {
		return
	}
	for push, err := range dtsc.PushList(b) {
		if err == nil {
			add(uint64(max(0, push.PID)))
		}
	}
}

// namedOn adds the PIDs of a page, by what is known of its fields.
func namedOn(path string, info *mist.PageInfo, add func(pid uint64)) {
	p, err := relaccx.Open(path)
	if err != nil {
		return
	}
	defer p.Close()
	if r, err := p.Peek(); err == nil {
		namedIn(r.WithRules(info), info, add)
	}
}

func namedIn(r *relaccx.Reader, info *mist.PageInfo, add func(pid uint64)) {
	var pids, nested []*layout.Field
	fields := r.Schema().Fields()
	for i := range fields {
		meaning, _ := info.Meaning(fields[i].Name)
		switch {
		case meaning.Unit == mist.PID:
			pids = append(pids, &fields[i])
		case fields[i].Kind() == layout.Nested && info.Nested(fields[i].Name) != nil:
			nested = append(nested, &fields[i])
		}
	}
	w, err := r.Window()
	if err != nil || len(pids)+len(nested) == 0 {
		return
	}
	for n := w.First; n < w.End; n++ {
		if len(pids) > 0 {
			namedBy(r, n, pids, add)
		}
		for _, f := range nested {
			if inner, err := r.Nested(relaccx.Step{Field: f.Name, Record: n, Exact: true}); err == nil {
				namedIn(inner.WithRules(info.Nested(f.Name)), info.Nested(f.Name), add)
			}
		}
	}
}

func namedBy(r *relaccx.Reader, n uint64, fields []*layout.Field, add func(pid uint64)) {
	var rec relaccx.Record
	if r.Read(n, &rec) != nil {
		return
	}
	for _, f := range fields {
		if pid, err := rec.Uint(f.Name); err == nil {
			add(pid)
		}
	}
}
