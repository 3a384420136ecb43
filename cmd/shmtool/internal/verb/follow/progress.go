package follow

import (
	"fmt"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// showProgress says on a terminal what is recorded so far, until it is ended.
func (o *recordOptions) showProgress() *out.Progress {
	if !out.HasProgress(o.World) {
		return nil
	}
	var now out.Latest[recording.Summary]
	o.recording.Tell = now.Set
	begun := time.Now()
	return out.StartProgress(o.World, func() out.Doing {
		took, s := time.Since(begun), now.Get()
		d := out.Doing{Text: fmt.Sprintf("%s, %s lost, %s, %s", units.Counted(s.Records, "record", "records"), lostText(s.Lost),
			dump.Size(s.Bytes), units.Long(took))}
		switch {
		case o.recording.Count > 0:
			d.Part, d.Ends = float64(s.Records)/float64(o.recording.Count), true
		case o.limit > 0:
			d.Part, d.Ends, d.Left = float64(took)/float64(o.limit), true, o.limit-took
		}
		return d
	})
}

func lostText(n uint64) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// showProgress says on a terminal how far the files are played, until it is ended.
func (o *replayOptions) showProgress() *out.Progress {
	if !out.HasProgress(o.World) || o.play.Step != nil {
		return nil
	}
	total, known := sizeOf(o.files)
	var now out.Latest[played]
	o.play.Tell = func(records uint64, at int64) { now.Set(played{records, o.before + at}) }
	begun := time.Now()
	return out.StartProgress(o.World, func() out.Doing {
		p := now.Get()
		d := out.Doing{Text: fmt.Sprintf("%s played, %s", units.Counted(p.records, "record", "records"), units.Long(time.Since(begun)))}
		if known {
			d.Part, d.Ends = float64(p.at)/float64(total), true
		}
		return d
	})
}

// played is how far a replay is: its records, and the bytes of the files.
type played struct {
	records uint64
	at      int64
}

// sizeOf returns the bytes of some files, when all of them have a size.
func sizeOf(files []string) (total int64, known bool) {
	for _, name := range files {
		info, err := os.Stat(name)
		if name == "-" || err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		total += info.Size()
	}
	return total, total > 0
}
