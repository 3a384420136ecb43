package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	moments "shmtool/cmd/shmtool/internal/moment"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
)

// saveMoment saves everything there is, or what there is of one stream.
func (e *env) saveMoment(ctx context.Context, c *cli.Context) error {
	switch {
	case c.Bool("all") && c.IsSet("stream"):
		return usagef("--all is every stream, and --stream is one: they cannot be combined")
	case slices.Contains(c.StringSlice("stream"), ""):
		return usagef("--stream is empty")
	case c.NArg() != 1 || c.Args().First() == "":
		return usagef("needs one DIR, or FILE.tar.gz, for all that is saved")
	}
	path := c.Args().First()
	saved, problems, err := moments.Save(ctx, path, moments.Options{
		ShmDir: e.shmDir, ProcDir: e.procDir, Streams: c.StringSlice("stream"), Version: version(),
	})
	if err != nil {
		return e.momentFailure(path, err)
	}
	for _, p := range problems {
		e.warn("object %q is left out: %v", p.Object, p.Err)
	}
	if !e.jsonErrors {
		e.warn("%s", momentSummary(saved))
	}
	if len(problems) > 0 {
		return exitStatus(exitLoss)
	}
	return nil
}

// momentFailure tells an error about what is saved from one about where.
func (e *env) momentFailure(path string, err error) error {
	var none *moments.NoStreamError
	var about *fs.PathError
	switch {
	case errors.As(err, &none):
		return hinted(fmt.Errorf("%w in %s", err, e.shmDir), "shmtool streams --all lists the streams")
	case errors.As(err, &about) && about.Path == e.shmDir:
		return e.noDirectory(err)
	case errors.Is(err, fs.ErrExist):
		return hinted(refusef("%q: %w", path, inMoment(err)), "what is saved takes the place of nothing")
	}
	return momentError(path, err)
}

// momentSummary says in a line what was saved, and what could not be seen.
func momentSummary(s *procs.Saved) string {
	allocated := int64(0)
	for _, o := range s.Objects {
		allocated += o.Allocated
	}
	text := fmt.Sprintf("%s, %s allocated, %s", counted(uint64(len(s.Objects)), "object", "objects"),
		dump.Size(allocated, false), counted(uint64(s.Processes.Saved), "process", "processes"))
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
		unseen = append(unseen, counted(uint64(n), "object", "objects"))
	}
	if s.Processes.Hiding {
		unseen = append(unseen, "processes of others")
	}
	if n := len(s.Processes.Unreadable); n > 0 {
		unseen = append(unseen, "the maps of "+counted(uint64(n), "process", "processes"))
	}
	return unseen
}
