package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// examination is streams, and what is wrong with them.
type examination struct {
	moment *streams.Moment
	found  []finding.Finding
	hidden []finding.Finding // those that --where leaves out
	looks  int
	idle   []streams.Idle // streams that were asked for, and do not run
	chosen []string       // the patterns that were asked for; none is all
	since  *since         // nil without --since
	dir    string         // of the objects, when the streams are drawn again in place; else ""
}

// of returns the findings about one stream that are shown; "" is the whole server.
func (x *examination) of(stream string) []finding.Finding { return about(stream, x.found) }

func about(stream string, found []finding.Finding) []finding.Finding {
	var of []finding.Finding
	for _, f := range found {
		if f.Stream == stream {
			of = append(of, f)
		}
	}
	return of
}

// worst returns the verdict on a stream by all its findings, shown or not; "" is the whole
// server.
func (x *examination) worst(stream string) string {
	return finding.Verdict(slices.Concat(x.of(stream), about(stream, x.hidden)))
}

// examine looks at the chosen streams, and judges them. The time until a second look is for
// wait to say; 0 is no second look. A snapshot has one look, because nothing moves in it.
func examine(ctx context.Context, w *world.World, chosen pages.Streams, wait func(*streams.Moment) time.Duration) (*examination, error) {
	kept := streams.NewKept()
	defer kept.Close()
	look := func() (*streams.Moment, error) {
		m, err := kept.Look(w.ShmDir, w.Procs(), chosen.Wanted)
		if err != nil {
			return nil, w.NoDirectory(err)
		}
		return m, nil
	}
	first, err := look()
	if err != nil {
		return nil, err
	}
	x := &examination{moment: first, looks: 1}
	if d := wait(first); first.Living && d > 0 && pause.For(ctx, d) == nil {
		second, err := look()
		if err != nil {
			return nil, err
		}
		x = &examination{moment: second, found: doctor.Judge(first, second), looks: 2}
	} else {
		x.found = doctor.Judge(nil, first)
	}
	leadHere(w.PlaceFlags, x.found)
	x.idle, x.chosen = idleOf(x.moment, chosen), chosen.Texts()
	return x, nil
}

// idleOf returns what is known of the streams that were asked for, are configured, and do
// not run.
func idleOf(m *streams.Moment, chosen pages.Streams) (idle []streams.Idle) {
	if len(chosen) == 0 {
		return nil
	}
	for _, s := range m.Streams {
		if s.Configured() {
			idle = append(idle, m.IdleOf(s.Name))
		}
	}
	return idle
}

// unseen returns in words what doctor could not look at, and so knows nothing about.
func (x *examination) unseen() []string {
	var unseen []string
	switch {
	case x.moment.Unread != nil:
		unseen = append(unseen, fmt.Sprintf("all processes: %v: none is reported as dead", x.moment.Unread))
	case x.moment.Hiding && !x.moment.Living:
		unseen = append(unseen, "processes, which are not in the copy: none is reported as dead")
	case x.moment.Hiding:
		unseen = append(unseen, "processes that /proc does not show (hidepid, or no /proc): none is reported as dead")
	}
	if x.moment.Partial {
		unseen = append(unseen, "objects, of which the copy may not have all: none is reported as missing")
	}
	if n := len(x.moment.Server.Unseen); n > 0 {
		why := "they belong to another user; use sudo"
		if !x.moment.Living {
			why = "it was not saved"
		}
		unseen = append(unseen, fmt.Sprintf("what %d of MistServer's processes have in memory (%s)", n, why))
	}
	for _, s := range x.moment.Streams {
		unseen = append(unseen, unreadOf(s)...)
	}
	return unseen
}

// unreadOf returns in words the objects of a stream that could not be read, a line for each
// reason.
func unreadOf(s *streams.Stream) (lines []string) {
	names := map[string][]string{}
	var reasons []string
	for _, p := range s.Problems {
		if !p.Unread() {
			continue
		}
		why := fail.UnreadText(p.Err)
		if names[why] == nil {
			reasons = append(reasons, why)
		}
		names[why] = append(names[why], mist.EscapeName(p.Object))
	}
	for _, why := range reasons {
		lines = append(lines, fmt.Sprintf("stream %s: %s: %s", mist.EscapeName(s.Name), why, units.Few(names[why], 1)))
	}
	return lines
}

// verdictUnknown is the verdict on a stream with objects that could not be read.
const verdictUnknown = "unknown"

// verdict returns the verdict on a stream. It is unknown when nothing was found in a stream
// that could not be read.
func (x *examination) verdict(s *streams.Stream) string {
	verdict := x.worst(s.Name)
	if verdict == finding.VerdictOK && (x.moment.Unread != nil || slices.ContainsFunc(s.Problems, streams.Problem.Unread)) {
		return verdictUnknown
	}
	return verdict
}

// all returns the streams that have more than their configuration.
func (x *examination) all() []*streams.Stream {
	return slices.DeleteFunc(slices.Clone(x.moment.Streams), func(s *streams.Stream) bool { return s.Configured() })
}

// keep drops all streams but those of the rows, and keeps the server.
func (x *examination) keep(rows []streams.Row) {
	gone := func(stream string) bool {
		return !slices.ContainsFunc(rows, func(r streams.Row) bool { return r.Stream == stream })
	}
	x.moment.Streams = slices.DeleteFunc(x.moment.Streams, func(s *streams.Stream) bool { return gone(s.Name) })
	x.found = slices.DeleteFunc(x.found, func(f finding.Finding) bool { return f.Stream != "" && gone(f.Stream) })
}

// status returns the exit code: notes alone are no failure, and an unreadable stream is
// one.
func (x *examination) status() error {
	if finding.Verdict(x.counting()) != finding.VerdictOK {
		return fail.Status(fail.ExitFindings)
	}
	if x.unread() {
		return fail.Status(x.unreadExit())
	}
	return nil
}

// unreadExit returns the exit code for what could not be read: that of a failure of the
// system, or else that of a lack of permission.
func (x *examination) unreadExit() int {
	if x.moment.Unread != nil {
		return fail.Of(x.moment.Unread).Exit
	}
	for _, s := range x.moment.Streams {
		for _, p := range s.Problems {
			if p.Unread() && !errors.Is(p.Err, fs.ErrPermission) {
				return fail.Of(p.Err).Exit
			}
		}
	}
	return fail.ExitPermission
}

// unread reports whether the verdict on a stream is unknown.
func (x *examination) unread() bool {
	return slices.ContainsFunc(x.all(), func(s *streams.Stream) bool { return x.verdict(s) == verdictUnknown })
}
