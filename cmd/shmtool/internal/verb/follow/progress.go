package follow

import (
	"fmt"
	"math"
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
	first, last, known := spanOf(o.files)
	var now out.Latest[played]
	o.play.Tell = func(records uint64, at time.Time) { now.Set(played{records, at}) }
	begun := time.Now()
	return out.StartProgress(o.World, func() out.Doing {
		p := now.Get()
		d := out.Doing{Text: fmt.Sprintf("%s played, %s", units.Counted(p.records, "record", "records"), units.Long(time.Since(begun)))}
		if known && !p.at.IsZero() {
			d.Part, d.Ends = float64(p.at.Sub(first))/float64(last.Sub(first)), true
			if speed := o.play.Speed; !math.IsInf(speed, 1) {
				d.Left = time.Duration(float64(last.Sub(p.at)) / speed)
			}
		}
		return d
	})
}

// played is how far a replay is: its records, and the time of the last one.
type played struct {
	records uint64
	at      time.Time
}

// spanOf returns the times of the first and the last message of some files, when all of them
// tell.
func spanOf(files []string) (first, last time.Time, known bool) {
	for i, name := range files {
		from, to, ok := fileSpan(name)
		if !ok {
			return first, last, false
		}
		if i == 0 {
			first = from
		}
		last = to
	}
	return first, last, last.After(first)
}

func fileSpan(name string) (first, last time.Time, known bool) {
	if info, err := os.Stat(name); name == "-" || err != nil || !info.Mode().IsRegular() {
		return first, last, false // to open a FIFO here would end its writer
	}
	f, err := os.Open(name)
	if err != nil {
		return first, last, false
	}
	defer f.Close()
	r, err := recording.NewFileReader(f)
	if err != nil {
		return first, last, false
	}
	defer r.Close()
	return r.Span()
}
