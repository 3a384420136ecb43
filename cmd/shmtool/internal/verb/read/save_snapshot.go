package read

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// saveSnapshot saves all objects, or those of some streams.
func saveSnapshot(ctx context.Context, w *world.World, o saveOptions) error {
	chosen, err := streamsToSave(w, o.streams)
	if err != nil {
		return err
	}
	options := snapshot.Options{
		ShmDir: w.ShmDir, ProcDir: w.ProcDir, Streams: chosen, Version: cli.Version(), Redact: o.redact,
	}
	progress := saveProgress(w, &options)
	saved, problems, err := saveTo(ctx, w, o.file, options)
	progress.End()
	if err != nil {
		return snapshotFailure(w, o.file, err)
	}
	for _, p := range problems {
		w.Warn("object %q is left out: %v", p.Object, p.Err)
	}
	if w.Errors != world.JSON {
		w.Warn("%s", snapshotSummary(saved))
	}
	if len(problems) > 0 {
		return fail.Status(fail.ExitLoss)
	}
	return nil
}

// saveTo saves a snapshot under a name; "-" is an archive on standard output, which gets it
// when it is whole.
func saveTo(ctx context.Context, w *world.World, name string, o snapshot.Options) (saved *procs.Saved, problems []snapshot.Problem, err error) {
	if name != "-" {
		return snapshot.Save(ctx, name, o)
	}
	if w.Terminal {
		return nil, nil, out.ToTerminal("a snapshot")
	}
	dir, err := os.MkdirTemp("", "shmtool-*")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	whole := filepath.Join(dir, "snapshot.tar.gz")
	if saved, problems, err = snapshot.Save(ctx, whole, o); err != nil {
		return nil, nil, err
	}
	from, err := os.Open(whole)
	if err != nil {
		return nil, nil, err
	}
	defer from.Close()
	to, _ := w.Output()
	_, err = io.Copy(to, from)
	return saved, problems, err
}

// streamsToSave returns the names of the streams that the flags choose; none is all.
// A pattern that matches no stream is an error, since the snapshot would be of all.
func streamsToSave(w *world.World, wanted pages.Streams) ([]string, error) {
	names := wanted.Exact()
	all, err := pages.StreamNames(w)
	if err != nil {
		return nil, w.NoDirectory(err)
	}
	there := slices.Sorted(maps.Keys(all))
	for _, p := range wanted {
		if p.Exact {
			continue
		}
		before := len(names)
		for _, name := range there {
			if p.Matches(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) == before && !slices.ContainsFunc(names, p.Matches) {
			return nil, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no stream in %s matches %q", w.ShmDir, p.Text)), "run shmtool streams --all to list streams")
		}
	}
	return names, nil
}

// snapshotFailure tells an error about the objects from one about the snapshot's file.
func snapshotFailure(w *world.World, path string, err error) error {
	var none *snapshot.NoStreamError
	var about *fs.PathError
	switch {
	case fail.Is(err, fail.Usage), fail.Is(err, fail.WriteFailed):
		return err
	case errors.As(err, &none):
		return fail.Hinted(fmt.Errorf("%w in %s", err, w.ShmDir), "run shmtool streams --all to list streams")
	case errors.As(err, &about) && about.Path == w.ShmDir:
		return w.NoDirectory(err)
	case errors.Is(err, fs.ErrExist):
		return fail.Hinted(fail.Refusef("%q: %w", path, cause.OfFile(err)), "use a name that is not there, or an empty directory")
	}
	return cli.SnapshotError(path, err)
}

// snapshotSummary returns a line that says what was saved, and what could not be seen.
func snapshotSummary(s *procs.Saved) string {
	allocated := int64(0)
	for _, o := range s.Objects {
		allocated += o.Allocated
	}
	text := fmt.Sprintf("%s, %s allocated, %s", units.Counted(uint64(len(s.Objects)), "object", "objects"),
		dump.Size(allocated), units.Counted(uint64(s.Processes.Saved), "process", "processes"))
	if unseen := snapshotUnseen(s); len(unseen) > 0 {
		text += "; not seen: " + strings.Join(unseen, ", ")
	}
	if len(s.Unsettled) > 0 {
		text += "; changing all the time: " + strings.Join(s.Unsettled, ", ")
	}
	return text
}

// snapshotUnseen returns what could not be seen.
func snapshotUnseen(s *procs.Saved) []string {
	var unseen []string
	if n := len(s.Unread); n > 0 {
		unseen = append(unseen, units.Counted(uint64(n), "object", "objects"))
	}
	switch {
	case s.Partial:
		unseen = append(unseen, "processes")
	case s.Processes.Hiding:
		unseen = append(unseen, "processes of others")
	}
	if len(s.Processes.Foreign) > 0 {
		unseen = append(unseen, "processes of another PID namespace, which use the memory")
	}
	if n := len(s.Processes.Unreadable); n > 0 {
		unseen = append(unseen, "the maps of "+units.Counted(uint64(n), "process", "processes"))
	}
	return unseen
}
