package snapshot

import (
	"io"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

const maxPID = 1 << 22 // the most that Linux gives out

// nameIn notes the PIDs that stand in the copy of an object.
func (c *capture) nameIn(o *object) {
	add := func(pid uint64) {
		if pid > 0 && pid <= maxPID {
			c.named[int(pid)] = true
		}
	}
	switch {
	case o.is.Kind == mist.KindInputPID || o.is.Kind == mist.KindPullPID:
		if b, err := readStart(o.copied, mist.PIDSize); err == nil {
			if pid, err := mist.DecodePID(b); err == nil {
				add(pid)
			}
		}
	case o.is.Kind == mist.KindProcess || o.is.Kind == mist.KindAttempt:
		add(uint64(o.is.PID))
	case o.is.Kind == mist.KindPush:
		pushedBy(o.copied, add)
	case o.known && o.is.Kind.IsPage():
		add(uint64(max(0, o.is.PID)))
		namedOn(o.copied, mist.Lookup(o.name()), add)
	}
}

// readStart reads the first bytes of a copy, as many as there are.
func readStart(from io.ReaderAt, size int) ([]byte, error) {
	b := make([]byte, size)
	n, err := from.ReadAt(b, 0)
	if n > 0 {
		err = nil
	}
	return b[:n], err
}

// pushedBy adds the processes of the list of pushes. It reports nothing that is wrong
// with the list.
func pushedBy(from io.ReaderAt, add func(pid uint64)) {
	b, err := readStart(from, mist.PushSize)
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
func namedOn(copied replica, info *mist.PageInfo, add func(pid uint64)) {
	p, err := copied.page()
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
