package server

import (
	"context"
	"errors"
	"os"
	"strings"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// endStreams ends the processes that use streams, and removes the streams; or lists both.
func endStreams(ctx context.Context, w *world.World, p *out.Printer, o cleanOptions) error {
	ending, err := streamsEnding(ctx, w, o)
	if err != nil {
		return err
	}
	t := &cleanTable{verdicts: true, processes: true}
	if !o.remove {
		for _, m := range ending.Members {
			t.addProcess(m, "ends")
		}
		for _, found := range ending.Objects {
			t.add(found)
		}
		return t.print(p)
	}
	err = ending.Run(ctx, func(m cleaning.Member) {
		w.Warn("ending %s of stream %s: %s", object.ProcessText(m.Process), mist.EscapeName(m.Stream), mist.EscapeName(m.Has))
		t.addProcess(m, "ended")
	})
	there, unread := objectNames(w.ShmDir)
	for _, found := range ending.Objects {
		l := cleanLine{object: &found, verdict: "removed", why: []string{"the processes of the stream have ended"}, freed: found.Allocated}
		if err != nil && (unread != nil || there[found.Name]) {
			l.verdict, l.why, l.freed = "refused", []string{fail.Bare(err).Error()}, 0
		}
		t.lines = append(t.lines, l)
	}
	var kept *cleaning.KeptError
	if errors.As(err, &kept) {
		err = fail.Refusef("stream %q is not removed: %s", o.named[0], kept.Reason)
	}
	return errors.Join(t.print(p), err)
}

// streamsEnding returns the end of the streams that --stream names, or an error when they
// must not be ended.
func streamsEnding(ctx context.Context, w *world.World, o cleanOptions) (*cleaning.Ending, error) {
	e, err := cleaning.ScanEnding(ctx, o.find, o.named, o.force)
	switch {
	case errors.Is(err, cleaning.ErrSnapshot):
		return nil, fail.As(fail.Usage, err)
	case errors.Is(err, cleaning.ErrElsewhere):
		return nil, elsewhere(w, err)
	case err != nil:
		return nil, w.NoDirectory(err)
	case e.Foreign != "":
		return nil, foreignProcesses(w, e.Foreign)
	case e.Partial() && !o.force:
		return nil, hiddenProcesses(w, e.Unseen)
	case len(e.Members) == 0 && len(e.Objects) == 0:
		return nil, pages.NoSuchStream(w, o.named[0])
	case e.Refused != "":
		return nil, fail.Hinted(fail.Refusef("nothing is ended or removed: %s", e.Refused), "see them with: shmtool clean --all")
	}
	return e, nil
}

func (t *cleanTable) addProcess(m cleaning.Member, verdict string) {
	t.lines = append(t.lines, cleanLine{process: &m, verdict: verdict, why: []string{m.Has}})
}

// elsewhere returns the error about processes of another PID namespace, where their PIDs
// mean other processes, and says where to run the command.
func elsewhere(w *world.World, err error) error {
	hint := "run it in that namespace"
	if r := w.Procs().Reach(); r.Known {
		hint = "run it there, as: " + strings.Join(r.Enter, " ") + " shmtool clean …"
	}
	return fail.Hinted(fail.Refusef("process directory %q: %w", w.ProcDir, err), hint)
}

// objectNames returns the names of all objects in a directory.
func objectNames(dir string) (map[string]bool, error) {
	names := map[string]bool{}
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	return names, err
}
