package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// examination is streams, and what is wrong with them.
type examination struct {
	moment *streams.Moment
	found  []finding.Finding
	looks  int
}

// of are the findings about one stream; "" is the whole server.
func (x *examination) of(stream string) []finding.Finding {
	var of []finding.Finding
	for _, f := range x.found {
		if f.Stream == stream {
			of = append(of, f)
		}
	}
	return of
}

// look reads the streams that are wanted, as they are now.
func (e *env) look(want func(stream string) bool) (*streams.Moment, error) {
	moment, err := streams.Look(e.shmDir, procs.Open(e.procDir, e.shmDir), want)
	if err != nil {
		return nil, hinted(fmt.Errorf("shared memory directory %q: %w", e.shmDir, bare(err)), "--shm-dir names another")
	}
	return moment, nil
}

// examine looks, and judges. The time until a second look is for wait to say; 0
// is none. Nothing moves in a saved moment: there one look tells all.
func (e *env) examine(ctx context.Context, want func(stream string) bool, wait func(*streams.Moment) time.Duration) (*examination, error) {
	first, err := e.look(want)
	if err != nil {
		return nil, err
	}
	x := &examination{moment: first, looks: 1}
	if d := wait(first); first.Living && d > 0 && pause(ctx, d) {
		second, err := e.look(want)
		if err != nil {
			return nil, err
		}
		return &examination{moment: second, found: doctor.Judge(first, second), looks: 2}, nil
	}
	x.found = doctor.Judge(nil, first)
	return x, nil
}

// unseen is what could not be looked at, in words: about it nothing was found, and
// nothing is known.
func (x *examination) unseen() []string {
	var unseen []string
	if x.moment.Hiding {
		unseen = append(unseen, "processes that the table does not show (hidepid, or no /proc): nobody is said to be dead")
	}
	if n := len(x.moment.Server.Unseen); n > 0 {
		unseen = append(unseen, fmt.Sprintf("what %d of MistServer's processes have in memory (they are another user's: try as root)", n))
	}
	for _, s := range x.moment.Streams {
		for _, p := range s.Problems {
			if errors.Is(p.Err, fs.ErrPermission) {
				unseen = append(unseen, p.Object+": permission denied")
			}
		}
	}
	return unseen
}

// pause waits, and reports whether nothing ended it early.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
