package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// examination is streams, and what is wrong with them.
type examination struct {
	Moment *streams.Moment
	Found  []finding.Finding
	hidden []finding.Finding // those that are not to be shown
	looks  int
	idle   []streams.Idle // streams that were named, and do not run
}

// of are the findings about one stream that are to be shown; "" is the whole
// server.
func (x *examination) of(stream string) []finding.Finding { return about(stream, x.Found) }

func about(stream string, found []finding.Finding) []finding.Finding {
	var of []finding.Finding
	for _, f := range found {
		if f.Stream == stream {
			of = append(of, f)
		}
	}
	return of
}

// worst is the verdict of all that was found of a stream, shown or not; "" is the
// whole server.
func (x *examination) worst(stream string) string {
	return finding.Verdict(slices.Concat(x.of(stream), about(stream, x.hidden)))
}

// lookAtStreams reads the streams that are wanted, as they are now.
func lookAtStreams(c *cli.Call, want func(stream string) bool) (*streams.Moment, error) {
	moment, err := streams.Look(c.ShmDir, c.Procs(), want)
	if err != nil {
		return nil, fail.Hinted(fmt.Errorf("shared memory directory %q: %w", c.ShmDir, fail.Bare(err)), "--shm-dir names another")
	}
	return moment, nil
}

// examine looks, and judges. The time until a second look is for wait to say; 0
// is none. Nothing moves in a saved moment: there one look tells all.
func examine(ctx context.Context, c *cli.Call, want func(stream string) bool, wait func(*streams.Moment) time.Duration) (*examination, error) {
	first, err := lookAtStreams(c, want)
	if err != nil {
		return nil, err
	}
	x := &examination{Moment: first, looks: 1}
	if d := wait(first); first.Living && d > 0 && pause.For(ctx, d) == nil {
		second, err := lookAtStreams(c, want)
		if err != nil {
			return nil, err
		}
		x = &examination{Moment: second, Found: doctor.Judge(first, second), looks: 2}
	} else {
		x.Found = doctor.Judge(nil, first)
	}
	leadHere(c, x.Found)
	return x, nil
}

// unseen is what could not be looked at, in words: about it nothing was found, and
// nothing is known.
func (x *examination) unseen() []string {
	var unseen []string
	switch {
	case x.Moment.Hiding && !x.Moment.Living:
		unseen = append(unseen, "processes, which are not in the copy: none is said to be dead")
	case x.Moment.Hiding:
		unseen = append(unseen, "processes that the table does not show (hidepid, or no /proc): none is said to be dead")
	}
	if n := len(x.Moment.Server.Unseen); n > 0 {
		why := "they are another user's: try as root"
		if !x.Moment.Living {
			why = "it was not saved"
		}
		unseen = append(unseen, fmt.Sprintf("what %d of MistServer's processes have in memory (%s)", n, why))
	}
	for _, s := range x.Moment.Streams {
		if denied := denied(s); len(denied) > 0 {
			unseen = append(unseen, fmt.Sprintf("stream %s: permission denied: %s", mist.EscapeName(s.Name), someOf(denied)))
		}
	}
	return unseen
}

// denied are the objects of a stream that may not be read.
func denied(s *streams.Stream) []string {
	var names []string
	for _, p := range s.Problems {
		if errors.Is(p.Err, fs.ErrPermission) {
			names = append(names, mist.EscapeName(p.Object))
		}
	}
	return names
}

// verdictUnknown is the verdict on a stream whose objects may not be read.
const verdictUnknown = "unknown"

// verdict is the worst that was found of a stream, unless nothing was because
// nothing could be.
func (x *examination) verdict(s *streams.Stream) string {
	verdict := x.worst(s.Name)
	if verdict == finding.VerdictOK && len(denied(s)) > 0 {
		return verdictUnknown
	}
	return verdict
}

// all are the streams that have more than their configuration.
func (x *examination) all() []*streams.Stream {
	return slices.DeleteFunc(slices.Clone(x.Moment.Streams), func(s *streams.Stream) bool { return s.Configured() })
}

// keep leaves the streams of these rows, and the server.
func (x *examination) keep(rows []streams.Row) {
	gone := func(stream string) bool {
		return !slices.ContainsFunc(rows, func(r streams.Row) bool { return r.Stream == stream })
	}
	x.Moment.Streams = slices.DeleteFunc(x.Moment.Streams, func(s *streams.Stream) bool { return gone(s.Name) })
	x.Found = slices.DeleteFunc(x.Found, func(f finding.Finding) bool { return f.Stream != "" && gone(f.Stream) })
}

// status is the exit code: notes alone are no reason to fail, and what could not
// be read is none to be content.
func (x *examination) status() error {
	if finding.Verdict(slices.Concat(x.Found, x.hidden)) != finding.VerdictOK {
		return fail.Status(fail.ExitFindings)
	}
	if x.unread() {
		return fail.Status(fail.ExitPermission)
	}
	return nil
}

// unread reports whether there is a stream of which nobody can tell.
func (x *examination) unread() bool {
	return slices.ContainsFunc(x.all(), func(s *streams.Stream) bool { return x.verdict(s) == verdictUnknown })
}
