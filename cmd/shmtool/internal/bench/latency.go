package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/pause"
)

// latencies returns those from publish to seen, between two processes.
func latencies() []*Benchmark {
	list := []*Benchmark{
		{Name: "latency_spin", Method: "from publish to seen by another process that looks all the time", round: latency(false, true)},
		{Name: "latency_futex", Method: "the same, a reader that sleeps until the writer wakes it", round: latency(true, false)},
		{Name: "latency_poll", Method: "the same, a writer that wakes no reader, as MistServer's: it looks every millisecond", round: latency(false, false)},
		{Name: "latency_locked_1s", Method: "before RelAccX: a lock over the page, written and read once a second; 1 reader, then 10, 100, 1000", round: latencyLocked, once: true},
	}
	for _, b := range list {
		b.Unit = Nanoseconds
	}
	return list
}

// grace is how long a reader may take for what was published last.
const grace = 20 * time.Millisecond

// pair runs a writer and a reader of a new page for a while.
func (s *site) pair(ctx context.Context, writer, reader part, long time.Duration) (wrote, read *answer, err error) {
	dir, err := os.MkdirTemp(s.files, "pair-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	page := filepath.Join(dir, "page")
	w, err := newPage(page, tickSchema, ring, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	writer.Page, writer.CPU = page, s.writerCPU()
	reader.Page, reader.CPU = page, s.readerCPU()
	r, err := s.start(ctx, reader)
	if err != nil {
		return nil, nil, err
	}
	from, err := s.start(ctx, writer)
	if err != nil {
		_, readErr := r.end()
		return nil, nil, errors.Join(err, readErr)
	}
	_ = pause.For(ctx, long)
	wrote, err = from.end()
	_ = pause.For(ctx, grace)
	read, readErr := r.end()
	return wrote, read, errors.Join(err, readErr)
}

func latency(wake, spin bool) func(ctx context.Context, s *site) ([]*sample, error) {
	return func(ctx context.Context, s *site) ([]*sample, error) {
		wrote, read, err := s.pair(ctx, part{Role: roleWriter, Wake: wake}, part{Role: roleReader, Spin: spin}, s.slice)
		if err != nil {
			return nil, err
		}
		return []*sample{{seen: read.Seen, n: read.Seen.Records, lost: lostOf(wrote, read), cpu: read.CPU}}, nil
	}
}

// lostOf returns how many records the reader has not seen.
func lostOf(wrote, read *answer) uint64 {
	return wrote.Written - min(wrote.Written, read.Seen.Records)
}

const (
	lockedRate = 100 // frames a second that the writer with the lock has
	// lockedTime is how long the way before RelAccX is measured: the frames of the first
	// second are written at its end, and all readers have looked when the next ones come.
	lockedTime = 2*measure.LockedInterval - 10*time.Millisecond
)

// latencyLocked measures the way before RelAccX for more and more readers.
func latencyLocked(ctx context.Context, s *site) ([]*sample, error) {
	var all []*sample
	for _, readers := range []int{1, 10, 100, 1000} {
		one, err := s.locked(ctx, readers)
		if err != nil {
			return nil, err
		}
		if readers > 1 {
			one.suffix = fmt.Sprintf("_%d", readers)
		}
		one.note = fmt.Sprintf("readers: %d", readers)
		all = append(all, one)
	}
	return all, nil
}

func (s *site) locked(ctx context.Context, readers int) (_ *sample, err error) {
	path := filepath.Join(s.files, fmt.Sprint("locked-", readers))
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	r, err := s.start(ctx, part{Role: roleLockedReader, Page: path, CPU: s.readerCPU(), Count: readers})
	if err != nil {
		return nil, err
	}
	w, err := s.start(ctx, part{Role: roleLockedWriter, Page: path, CPU: s.writerCPU(), Epoch: measure.Now()})
	if err != nil {
		_, readErr := r.end()
		return nil, errors.Join(err, readErr)
	}
	_ = pause.For(ctx, lockedTime)
	read, err := r.end()
	_, writeErr := w.end()
	if err = errors.Join(err, writeErr); err != nil {
		return nil, err
	}
	return &sample{seen: read.Seen, n: read.Seen.Records, cpu: read.CPU}, nil
}
