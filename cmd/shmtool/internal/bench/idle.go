package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
)

// idles returns those of commands that follow pages on which nothing happens.
func idles() []*Benchmark {
	return []*Benchmark{
		{Name: "idle_1", uses: []string{"pages"}, Unit: "% of a core", Method: "tail -f of one page that nothing writes", round: idling(1), once: true},
		{Name: "idle_500", uses: []string{"pages"}, Unit: "% of a core", Method: "tail -f of 500 pages that nothing writes", round: idling(500), once: true},
	}
}

const (
	// idleBegins is how long a command may take to find its pages and to fall silent.
	idleBegins = 1200 * time.Millisecond
	idleParts  = 3
	// idleLongest ends a command whose parent was killed.
	idleLongest = "10m"
	idleLeast   = 300 * time.Millisecond // of a part
)

// idling measures a tail -f of so many pages.
func idling(count int) func(ctx context.Context, s *site) ([]*sample, error) {
	return func(ctx context.Context, s *site) (_ []*sample, err error) {
		dir, err := s.pages(count)
		if err != nil {
			return nil, err
		}
		cmd := s.command(ctx, "--shm-dir", dir, "tail", "-f", "page*", "-n", "0", "--for", idleLongest)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		defer func() {
			_ = cmd.Process.Signal(syscall.SIGINT)
			if waitErr := cmd.Wait(); err != nil {
				err = errors.Join(err, waitErr, errors.New(strings.TrimSpace(said.String())))
			}
		}()
		_ = pause.For(ctx, idleBegins)
		one, err := s.idle(ctx, cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		return []*sample{one}, nil
	}
}

// idle measures a process for some parts of the time.
func (s *site) idle(ctx context.Context, pid int) (*sample, error) {
	one := &sample{}
	begun := time.Now()
	first, err := usageOf(pid)
	last := first
	for i := 0; i < idleParts && err == nil; i++ {
		from, at := last, time.Now()
		_ = pause.For(ctx, max(s.slice, idleLeast))
		if last, err = usageOf(pid); err == nil {
			one.direct = append(one.direct, percent(last.ran-from.ran, time.Since(at)))
		}
	}
	if err != nil {
		return nil, err
	}
	long := time.Since(begun)
	one.n = last.switches - first.switches
	one.cpu = percent(last.ran-first.ran, long)
	one.note = fmt.Sprintf("%.0f switches of threads a second", float64(one.n)/long.Seconds())
	return one, nil
}

// usage is what the threads of a process have used.
type usage struct {
	ran      time.Duration
	switches uint64
}

// usageOf reads it to the nanosecond. Threads that have ended are left out: those of an
// idle process stay.
func usageOf(pid int) (u usage, err error) {
	tasks := filepath.Join("/proc", strconv.Itoa(pid), "task")
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return u, err
	}
	for _, t := range threads {
		text, err := os.ReadFile(filepath.Join(tasks, t.Name(), "schedstat"))
		var ran int64
		if err == nil {
			_, err = fmt.Sscan(string(text), &ran)
		}
		if err != nil {
			return u, err
		}
		u.ran += time.Duration(ran)
		status, err := os.ReadFile(filepath.Join(tasks, t.Name(), "status"))
		if err != nil {
			return u, err
		}
		for line := range strings.Lines(string(status)) {
			if key, value, _ := strings.Cut(line, ":"); strings.HasSuffix(key, "voluntary_ctxt_switches") {
				n, _ := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
				u.switches += n
			}
		}
	}
	return u, nil
}
