package read

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/world"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// saveMoment saves everything there is, or what there is of one stream.
func saveMoment(ctx context.Context, c *cli.Call) error {
	switch {
	case c.Bool("all") && c.IsSet("stream"):
		return fail.Usagef("--all is every stream, and --stream is one: they cannot be combined")
	case c.Bool("all") && c.IsSet("stream-pattern"):
		return fail.Usagef("--all is every stream, and --stream-pattern chooses some: they cannot be combined")
	case len(c.Args) != 1 || c.Arg(0) == "":
		return fail.Usagef("needs one DIR, or FILE.tar.gz, for all that is saved")
	}
	chosen, err := streamsToSave(c)
	if err != nil {
		return err
	}
	path := c.Arg(0)
	saved, problems, err := snapshot.Save(ctx, path, snapshot.Options{
		ShmDir: c.ShmDir, ProcDir: c.ProcDir, Streams: chosen, Version: cli.Version(),
	})
	if err != nil {
		return momentFailure(c, path, err)
	}
	for _, p := range problems {
		c.Warn("object %q is left out: %v", p.Object, p.Err)
	}
	if c.Errors != world.JSON {
		c.Warn("%s", momentSummary(saved))
	}
	if len(problems) > 0 {
		return fail.Status(fail.ExitLoss)
	}
	return nil
}

// streamsToSave returns the names of the streams that the flags choose; none is all.
// A pattern that matches no stream is an error, since the snapshot would be of all.
func streamsToSave(c *cli.Call) ([]string, error) {
	wanted, err := pages.Flagged(c)
	if err != nil {
		return nil, err
	}
	names := wanted.Exact()
	there := slices.Sorted(maps.Keys(pages.StreamNames(c.World)))
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
			return nil, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no stream in %s matches %q", c.ShmDir, p.Text)), "shmtool streams --all lists the streams")
		}
	}
	return names, nil
}

// momentFailure tells an error about what is saved from one about where.
func momentFailure(c *cli.Call, path string, err error) error {
	var none *snapshot.NoStreamError
	var about *fs.PathError
	switch {
	case errors.As(err, &none):
		return fail.Hinted(fmt.Errorf("%w in %s", err, c.ShmDir), "shmtool streams --all lists the streams")
	case errors.As(err, &about) && about.Path == c.ShmDir:
		return c.NoDirectory(err)
	case errors.Is(err, fs.ErrExist):
		return fail.Hinted(fail.Refusef("%q: %w", path, cause.OfFile(err)), "what is saved takes the place of nothing")
	}
	return cli.SnapshotError(path, err)
}

// momentSummary says in a line what was saved, and what could not be seen.
func momentSummary(s *procs.Saved) string {
	allocated := int64(0)
	for _, o := range s.Objects {
		allocated += o.Allocated
	}
	text := fmt.Sprintf("%s, %s allocated, %s", units.Counted(uint64(len(s.Objects)), "object", "objects"),
		dump.Size(allocated), units.Counted(uint64(s.Processes.Saved), "process", "processes"))
	if unseen := momentUnseen(s); len(unseen) > 0 {
		text += "; not seen: " + strings.Join(unseen, ", ")
	}
	if len(s.Unsettled) > 0 {
		text += "; changing all the time: " + strings.Join(s.Unsettled, ", ")
	}
	return text
}

func momentUnseen(s *procs.Saved) []string {
	var unseen []string
	if n := len(s.Unread); n > 0 {
		unseen = append(unseen, units.Counted(uint64(n), "object", "objects"))
	}
	if s.Processes.Hiding {
		unseen = append(unseen, "processes of others")
	}
	if n := len(s.Processes.Unreadable); n > 0 {
		unseen = append(unseen, "the maps of "+units.Counted(uint64(n), "process", "processes"))
	}
	return unseen
}
