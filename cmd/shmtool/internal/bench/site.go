package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// site is where a run works: a directory of its own in shared memory.
type site struct {
	dir     string // all of it, locked while it is in use
	files   string // what is no page: inputs, outputs, and pages of work in this process
	program string // this one
	procDir string
	slice   time.Duration // of a round
	pin     []int
	peer    *peer
	lock    *os.File
	kept    []*child          // processes that hold fixtures
	made    map[string]string // fixtures: their directories, by their names
}

const (
	prefix = "shmtool-bench-"
	// settled is how old a directory must be before it may be one that a killed run has
	// left: a new one is not locked yet.
	settled = 10 * time.Second
)

// The errors that a caller may want to branch on.
var (
	// ErrNoPeer: --against goes with one benchmark, of a command or of work in this process.
	ErrNoPeer = errors.New("not one benchmark that another program can do")
	// ErrNoLinux: pages in shared memory live on Linux.
	ErrNoLinux = errors.New("needs the shared memory of Linux")
)

// SpaceError says that a directory has no room for what is measured.
type SpaceError struct {
	Dir        string
	Free, Need uint64
}

// Error returns one line with both sizes.
func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s has %d MiB free, and up to %d MiB are needed", e.Dir, e.Free>>20, e.Need>>20)
}

// Unwrap says what kind of error it is.
func (e *SpaceError) Unwrap() error { return syscall.ENOSPC }

// CPUError names a CPU on which this process may not run.
type CPUError struct{ CPU int }

// Error returns one line with the CPU.
func (e *CPUError) Error() string { return fmt.Sprintf("cannot run on CPU %d", e.CPU) }

func newSite(o Options, need uint64) (*site, error) {
	if !kernel.Linux {
		return nil, ErrNoLinux
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	removeLeft(o.Dir)
	st, err := kernel.StatFS(o.Dir)
	if err != nil {
		return nil, &fs.PathError{Op: "statfs", Path: o.Dir, Err: err}
	}
	if free := st.Available * uint64(st.Block); free < need {
		return nil, &SpaceError{o.Dir, free, need}
	}
	s := &site{program: program, procDir: o.ProcDir, slice: max(o.Time/rounds, time.Millisecond), pin: o.Pin, made: map[string]string{}}
	if o.Against != "" {
		s.peer = &peer{command: o.Against}
	}
	if s.dir, err = os.MkdirTemp(o.Dir, fmt.Sprintf("%s%d-", prefix, os.Getpid())); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) begin() (err error) {
	if s.lock, err = os.Open(s.dir); err != nil {
		return err
	}
	if err := kernel.Flock(s.lock, kernel.Exclusive|kernel.NoWait); err != nil {
		return err
	}
	s.files = filepath.Join(s.dir, "files")
	if err := os.Mkdir(s.files, 0o700); err != nil {
		return err
	}
	for _, cpu := range slices.Backward(s.pin) { // this process stays on the first
		if err := kernel.Pin(cpu); err != nil {
			return &CPUError{cpu}
		}
	}
	return nil
}

func (s *site) close() (err error) {
	for _, c := range s.kept {
		_, _ = c.end() // a signal may have ended it
	}
	err = os.RemoveAll(s.dir)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// removeLeft removes directories of runs that were killed. They are no longer locked.
func removeLeft(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if !strings.HasPrefix(e.Name(), prefix) || err != nil || !info.IsDir() || time.Since(info.ModTime()) < settled {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.Open(path)
		if err != nil {
			continue // of another user
		}
		if kernel.Flock(f, kernel.Exclusive|kernel.NoWait) == nil {
			_ = os.RemoveAll(path)
		}
		f.Close()
	}
}

// fixture returns a directory that make has filled, once for all benchmarks that use it.
func (s *site) fixture(name string, make func(dir string) error) (string, error) {
	if dir, ok := s.made[name]; ok {
		return dir, nil
	}
	dir := filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if err := make(dir); err != nil {
		return "", err
	}
	s.made[name] = dir
	return dir, nil
}

// readerCPU returns the CPU for the process that reads, -1 for any.
func (s *site) readerCPU() int {
	if len(s.pin) == 0 {
		return -1
	}
	return s.pin[len(s.pin)-1]
}

func (s *site) writerCPU() int {
	if len(s.pin) == 0 {
		return -1
	}
	return s.pin[0]
}

// median returns the middle one of values.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which a part of all lies.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
