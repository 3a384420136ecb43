package bench

import (
	"context"
	"errors"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
)

// sample is what one round has measured.
type sample struct {
	suffix string         // behind the benchmark's name, for another result of it
	costs  []float64      // of short pieces of work, in the result's unit; or
	seen   *measure.Tally // latencies in ns; or
	direct []float64      // values that stand for themselves, each of a part of the time
	n      uint64         // operations
	lost   uint64
	cpu    float64 // percent of a core that the measured process used
	note   string
	peers  []float64 // costs of the peer, in the same unit
}

// chunk is how long a piece of work takes whose cost is taken: short, so that on a busy
// machine some pieces run undisturbed.
const chunk = 250 * time.Microsecond

// inProcess measures work in this process for a slice.
func (s *site) inProcess(ctx context.Context, b *Benchmark) (_ []*sample, err error) {
	dir, err := os.MkdirTemp(s.files, b.Name+"-")
	if err != nil {
		return nil, err
	}
	w, err := b.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close(), os.RemoveAll(dir)) }()
	one := &sample{}
	if err := one.work(ctx, w, s.slice); err != nil {
		return nil, err
	}
	if s.peer != nil {
		if err := s.peer.counted(ctx, s, dir, one); err != nil {
			return nil, err
		}
	}
	return []*sample{one}, nil
}

// work adds pieces of work until a time is over. The first one, which finds cold caches,
// does not count.
func (m *sample) work(ctx context.Context, w *Work, long time.Duration) error {
	n, err := pieceOf(w)
	if err != nil {
		return err
	}
	cpu, _, _ := kernel.OwnUsage()
	begun := time.Now()
	for time.Since(begun) < long && ctx.Err() == nil || len(m.costs) == 0 {
		from := time.Now()
		if err := w.Do(n); err != nil {
			return err
		}
		m.costs = append(m.costs, float64(time.Since(from))/float64(n)/w.per())
		m.n += uint64(n) * uint64(w.per())
	}
	after, _, _ := kernel.OwnUsage()
	m.cpu = percent(after-cpu, time.Since(begun))
	return nil
}

// pieceOf returns how many operations make a piece of work.
func pieceOf(w *Work) (n int, err error) {
	for n = 1; ; n *= 2 {
		from := time.Now()
		if err := w.Do(n); err != nil {
			return 0, err
		}
		if time.Since(from) > chunk/2 {
			return n, nil
		}
	}
}

func percent(cpu, wall time.Duration) float64 {
	if wall <= 0 {
		return 0
	}
	return 100 * float64(cpu) / float64(wall)
}
