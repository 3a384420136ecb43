package read

import (
	"fmt"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// saveProgress says on a terminal how much of a snapshot is saved, until it is ended.
func saveProgress(w *world.World, o *snapshot.Options) *out.Progress {
	if !out.HasProgress(w) {
		return nil
	}
	var now out.Latest[copied]
	o.Tell = func(n, all int, bytes int64) { now.Set(copied{n, all, bytes}) }
	return out.StartProgress(w, func() out.Doing { return now.Get().doing() })
}

// copied is how many objects a snapshot has, of all, and their bytes.
type copied struct {
	n, all int
	bytes  int64
}

// doing words it. The processes are looked at before the first object, and saved after the last.
func (c copied) doing() out.Doing {
	text := fmt.Sprintf("%d of %s, %s", c.n, units.Counted(c.all, "object", "objects"), dump.Size(c.bytes))
	switch c.n {
	case 0:
		return out.Doing{Text: "looking at processes"}
	case c.all:
		text += ", and the processes"
	}
	return out.Doing{Text: text, Part: float64(c.n) / float64(c.all), Ends: true}
}

// checkProgress says on a terminal how many objects are checked, until it is ended. One
// alone has no progress.
func checkProgress(w *world.World, done *out.Latest[int], args []string) *out.Progress {
	if len(args) < 2 {
		return nil
	}
	return out.StartProgress(w, func() out.Doing {
		n := done.Get()
		text := fmt.Sprintf("%d of %d checked", n, len(args))
		return out.Doing{Text: text, Part: float64(n) / float64(len(args)), Ends: true}
	})
}
