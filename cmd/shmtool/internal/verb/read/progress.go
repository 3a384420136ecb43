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
	type copied struct {
		n, all int
		bytes  int64
	}
	var now out.Latest[copied]
	o.Tell = func(n, all int, bytes int64) { now.Set(copied{n, all, bytes}) }
	return out.StartProgress(w, func() out.Doing {
		c := now.Get()
		n, all := c.n, c.all
		d := out.Doing{Text: fmt.Sprintf("%d of %s, %s", n, units.Counted(all, "object", "objects"), dump.Size(c.bytes))}
		if all > 0 {
			d.Part, d.Ends = float64(n)/float64(all), true
		}
		return d
	})
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
