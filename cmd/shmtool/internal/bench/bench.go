package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Benchmark is one thing that is measured.
type Benchmark struct {
	Name   string
	Unit   string // of its value: less is better in all of them
	Method string // what is done, in a line

	// Open sets up work that is done in this process; nil where other processes
	// do it.
	Open func(dir string) (*Work, error)

	uses []string // what it needs memory for: keys of memory

	// round measures for about s.slice.
	round func(ctx context.Context, s *site) ([]*sample, error)
	once  bool // one round, whose parts tell how far they are apart
	peer  bool // another program can do the same work: --against
}

// Nanoseconds is the unit of what has no other.
const Nanoseconds = "ns"

// Work is an operation that is done again and again.
type Work struct {
	Do    func(n int) error // does it n times
	Per   int               // what a time counts: records of one operation; 0 is 1
	Close func() error
}

// per returns how much one operation counts.
func (w *Work) per() float64 { return float64(max(1, w.Per)) }

// All returns all benchmarks, in the order in which they are printed.
func All() []*Benchmark {
	return slices.Concat(works(), latencies(), crowds(), commands(), idles())
}

// Names returns their names.
func Names() []string {
	var names []string
	for _, b := range All() {
		names = append(names, b.Name)
	}
	return names
}

// Options say what is measured, and how.
type Options struct {
	Dir     string        // of shared memory, in which a directory is made and removed
	ProcDir string        // of processes
	Names   []string      // of the benchmarks; none are all
	Time    time.Duration // for each
	Pin     []int         // CPUs: this process and writers on the first, readers on the next
	Against string        // a command of the shell that does the work of the only benchmark

	// Said is called before each measurement: its name, and which one of how many.
	Said func(name string, n, of int)
}

const (
	rounds = 3 // that a benchmark's time is parted into, with those of others between them

	// DefaultTime is how long a benchmark is measured.
	DefaultTime = 600 * time.Millisecond
)

// NameError names a benchmark that there is not.
type NameError struct{ Name string }

// Error returns one line with the name.
func (e *NameError) Error() string { return fmt.Sprintf("no benchmark %q", e.Name) }

// Chosen returns the benchmarks of the names, or all, in the order in which they are
// printed. A *NameError names one that there is not.
func Chosen(names []string) ([]*Benchmark, error) {
	all := All()
	for _, name := range names {
		if !slices.ContainsFunc(all, func(b *Benchmark) bool { return b.Name == name }) {
			return nil, &NameError{name}
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(b *Benchmark) bool { return !slices.Contains(names, b.Name) }), nil
}

// Run measures. It removes all that it has made, also when ctx ends.
func Run(ctx context.Context, o Options) (_ []*Result, err error) {
	list, err := Chosen(o.Names)
	if err != nil {
		return nil, err
	}
	if o.Against != "" && (len(list) != 1 || !list[0].peer) {
		return nil, ErrNoPeer
	}
	s, err := newSite(o, memoryOf(list))
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := s.close(); err == nil {
			err = closeErr
		}
	}()
	of := make([][]*sample, len(list))
	step, steps := 0, stepsOf(list)
	for r := range rounds {
		for i, b := range list {
			if b.once && r > 0 {
				continue
			}
			step++
			o.said(b.Name, step, steps)
			samples, err := s.measure(ctx, b)
			if err != nil {
				return nil, err
			}
			of[i] = append(of[i], samples...)
		}
	}
	var results []*Result
	for i, b := range list {
		results = append(results, resultsOf(b, of[i], s.peer)...)
	}
	return results, nil
}

// memory is what takes room in the directory, in bytes. All but "column" and "saving" stays
// there until the run ends.
var memory = map[string]uint64{
	"any": 4 << 20, "many": 6 << 20, "ndjson": 10 << 20, "csv": 7 << 20, "replay": 14 << 20, "pages": 6 << 20,
	"streams": 40 << 20, "saving": 40 << 20, "column": 17 << 20,
}

// memoryOf returns how much of it benchmarks take at most.
func memoryOf(list []*Benchmark) (bytes uint64) {
	uses := []string{"any"}
	for _, b := range list {
		uses = append(uses, b.uses...)
	}
	slices.Sort(uses)
	for _, use := range slices.Compact(uses) {
		bytes += memory[use]
	}
	return bytes
}

func stepsOf(list []*Benchmark) (steps int) {
	for _, b := range list {
		if steps++; !b.once {
			steps += rounds - 1
		}
	}
	return steps
}

func (o *Options) said(name string, n, of int) {
	if o.Said != nil {
		o.Said(name, n, of)
	}
}

// measure runs a round of a benchmark.
func (s *site) measure(ctx context.Context, b *Benchmark) ([]*sample, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	samples, err := s.roundOf(b)(ctx, s)
	if ctxErr := ctx.Err(); ctxErr != nil {
		return nil, ctxErr // a child that a signal has ended is no fault
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	return samples, nil
}

// roundOf returns the round of a benchmark: its own, or that of work in this process.
func (s *site) roundOf(b *Benchmark) func(context.Context, *site) ([]*sample, error) {
	if b.Open == nil {
		return b.round
	}
	return func(ctx context.Context, s *site) ([]*sample, error) { return s.inProcess(ctx, b) }
}
