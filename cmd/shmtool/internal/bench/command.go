package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// task is a command of this program that is run again and again.
type task struct {
	args   []string
	dir    string       // its --shm-dir
	before func() error // runs before each run; nil does nothing
	per    float64      // what its time is parted by, in nanoseconds of the unit
	page   string       // for a peer: the path of what is read
}

// commands returns those of commands as a user runs them: a process each, whose output
// goes to /dev/null, and whose processor time counts.
func commands() []*Benchmark {
	list := []*Benchmark{
		{Name: "dump_ndjson", uses: []string{"many"}, Method: "dump -o ndjson of 100,000 records", round: dumping("-o", "ndjson")},
		{Name: "dump_json", uses: []string{"many"}, Method: "dump -j of 100,000 records", round: dumping("-j")},
		{Name: "dump_table", uses: []string{"many"}, Method: "dump of 100,000 records as a table", round: dumping("--records")},
		{Name: "dump_rax", uses: []string{"many"}, Method: "dump -o rax of 100,000 records", round: dumping("-o", "rax")},
		{Name: "where", uses: []string{"many", "ndjson"}, Method: "dump -o ndjson --where '.a == 5' of 100,000 records", round: running(choosing)},
		{Name: "append_ndjson", uses: []string{"many", "ndjson"}, Method: "append 100,000 records from NDJSON", round: appendingFrom("ndjson")},
		{Name: "append_csv", uses: []string{"many", "csv"}, Method: "append 100,000 records from CSV", round: appendingFrom("csv")},
		{Name: "replay", uses: []string{"many", "replay"}, Method: "replay --speed max of a recording of 100,000 records", round: running(replaying)},
		{Name: "start", Unit: "ms", Method: "get of one value: the program's start", round: running(starting)},
		{Name: "ls_1000", uses: []string{"pages"}, Unit: "ms", Method: "ls of 1000 pages", round: running(listing)},
		{Name: "streams_300", uses: []string{"streams"}, Unit: "ms", Method: "streams: 300 streams of 3 tracks each", round: running(seeingStreams)},
		{Name: "scrape_300", uses: []string{"streams"}, Unit: "ms", Method: "serve: a scrape of these streams, but for the first", round: scraping, once: true},
		{Name: "save_all", uses: []string{"streams", "saving"}, Unit: "ms", Method: "save --all of these streams into a .tar.gz", round: running(savingAll)},
	}
	for _, b := range list {
		b.peer = b.Name != "scrape_300"
		if b.Unit == "" {
			b.Unit = "ns/record"
		}
	}
	return list
}

const perMillisecond = float64(time.Millisecond)

// running returns rounds of a task.
func running(prepare func(ctx context.Context, s *site) (*task, error)) func(ctx context.Context, s *site) ([]*sample, error) {
	return func(ctx context.Context, s *site) ([]*sample, error) {
		t, err := prepare(ctx, s)
		if err != nil {
			return nil, err
		}
		one := &sample{}
		var walls []float64
		for begun := time.Now(); time.Since(begun) < s.slice && ctx.Err() == nil || len(one.costs) == 0; {
			wall, err := s.runOnce(ctx, t, one)
			if err != nil {
				return nil, err
			}
			walls = append(walls, wall.Seconds()*1e3)
			if s.peer != nil {
				if err := s.peer.timed(ctx, s, t, one); err != nil {
					return nil, err
				}
			}
		}
		one.note = fmt.Sprintf("processor time; by the clock %.3g ms a run", median(walls))
		return []*sample{one}, nil
	}
}

// runOnce runs a task, and adds its cost.
func (s *site) runOnce(ctx context.Context, t *task, to *sample) (wall time.Duration, err error) {
	if t.before != nil {
		if err := t.before(); err != nil {
			return 0, err
		}
	}
	cmd := s.command(ctx, append([]string{"--shm-dir", t.dir, "--proc-dir", s.procDir}, t.args...)...)
	begun := time.Now()
	if err := runQuietly(cmd); err != nil {
		return 0, err
	}
	wall = time.Since(begun)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	to.costs = append(to.costs, float64(cpu)/t.per)
	to.n++
	to.cpu = percent(cpu, wall)
	return wall, nil
}

// command returns a process of this program.
func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := ownGroup(exec.CommandContext(ctx, s.program, args...))
	cmd.Args[0] = "shmtool"
	return cmd
}

// ownGroup gives a command a group of its own, which ends with ctx: a signal of the
// terminal is for this process alone.
func ownGroup(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = kernel.OwnGroup()
	cmd.Cancel = func() error { return kernel.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// runQuietly runs a command, and keeps what it says for its error.
func runQuietly(cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		err = fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
		if first, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n"); first != "" {
			err = fmt.Errorf("%w: %s", err, first)
		}
		return err
	}
	return nil
}

// manyPage returns the directory of a page with many records.
func (s *site) manyPage() (string, error) {
	return s.fixture("many", func(dir string) error {
		return makePage(filepath.Join(dir, "page"), recordSchema, many, many)
	})
}

func dumping(flags ...string) func(ctx context.Context, s *site) ([]*sample, error) {
	return running(func(_ context.Context, s *site) (*task, error) {
		dir, err := s.manyPage()
		return &task{args: append([]string{"dump", "page"}, flags...), dir: dir, per: many, page: filepath.Join(dir, "page")}, err
	})
}

// choosing reads a page that a peer gets as NDJSON.
func choosing(ctx context.Context, s *site) (*task, error) {
	dir, err := s.manyPage()
	if err != nil {
		return nil, err
	}
	file, err := s.manyAs(ctx, "ndjson")
	return &task{args: []string{"dump", "page", "-o", "ndjson", "--where", ".a == 5"}, dir: dir, per: many, page: file}, err
}

// manyAs returns a file with what dump prints of the page with many records.
func (s *site) manyAs(ctx context.Context, format string) (string, error) {
	from, err := s.manyPage()
	if err != nil {
		return "", err
	}
	dir, err := s.fixture("many_"+format, func(dir string) error {
		f, err := os.Create(filepath.Join(dir, "in"))
		if err != nil {
			return err
		}
		cmd := s.command(ctx, "--shm-dir", from, "dump", "page", "-o", format)
		cmd.Stdout = f
		return errors.Join(runQuietly(cmd), f.Close())
	})
	return filepath.Join(dir, "in"), err
}

// appendingFrom appends what dump prints of the page with many records.
func appendingFrom(format string) func(ctx context.Context, s *site) ([]*sample, error) {
	return running(func(ctx context.Context, s *site) (*task, error) {
		file, err := s.manyAs(ctx, format)
		if err != nil {
			return nil, err
		}
		dir, err := s.fixture("append_"+format, func(dir string) error {
			return makePage(filepath.Join(dir, "page"), recordSchema, ring, 0)
		})
		return &task{args: []string{"append", "page", "--from", file}, dir: dir, per: many, page: file}, err
	})
}

// replaying records the page with many records, and plays it into another directory.
func replaying(ctx context.Context, s *site) (*task, error) {
	from, err := s.manyPage()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.files, "page.mcap")
	dir, err := s.fixture("replay", func(string) error {
		return runQuietly(s.command(ctx, "--shm-dir", from, "record", "page", "-w", file, "--count", fmt.Sprint(many)))
	})
	return &task{args: []string{"replay", file, "--speed", "max", "--force"}, dir: dir, per: many, page: file}, err
}

func starting(_ context.Context, s *site) (*task, error) {
	dir, err := s.fixture("start", func(dir string) error {
		return makePage(filepath.Join(dir, "page"), recordSchema, 1, 1)
	})
	return &task{args: []string{"get", "page", "a"}, dir: dir, per: perMillisecond, page: filepath.Join(dir, "page")}, err
}

// pages returns a directory with so many small pages.
func (s *site) pages(count int) (string, error) {
	return s.fixture(fmt.Sprint("pages_", count), func(dir string) error {
		for i := range count {
			if err := makePage(filepath.Join(dir, fmt.Sprint("page", i)), intSchema, 10, 10); err != nil {
				return err
			}
		}
		return nil
	})
}

func listing(_ context.Context, s *site) (*task, error) {
	dir, err := s.pages(1000)
	return &task{args: []string{"ls"}, dir: dir, per: perMillisecond, page: dir}, err
}

func seeingStreams(ctx context.Context, s *site) (*task, error) {
	dir, err := s.streams(ctx)
	return &task{args: []string{"streams"}, dir: dir, per: perMillisecond, page: dir}, err
}

func savingAll(ctx context.Context, s *site) (*task, error) {
	dir, err := s.streams(ctx)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.files, "all.tar.gz")
	gone := func() error {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	return &task{args: []string{"save", "--all", file}, dir: dir, before: gone, per: perMillisecond, page: dir}, nil
}
