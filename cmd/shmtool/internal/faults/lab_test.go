package faults

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/verb/follow"
	"shmtool/cmd/shmtool/internal/verb/list"
	"shmtool/cmd/shmtool/internal/verb/read"
	"shmtool/cmd/shmtool/internal/verb/server"
	"shmtool/cmd/shmtool/internal/verb/write"
	"shmtool/cmd/shmtool/internal/world"
)

// verbs are the commands that are run on what is damaged.
func verbs() []*cli.Command {
	return []*cli.Command{
		write.Create(), write.Append(), write.Set(), write.Delete(), write.Resize(), write.Mark(), write.Rm(),
		list.Ls(), read.Dump(), read.Get(), follow.Tail(), follow.Rate(), follow.Wait(), read.Save(), read.Check(),
		follow.Record(), follow.Replay(), server.Streams(), server.Doctor(), server.Explain(), server.Clean(), list.Top(), list.Watch(),
	}
}

// lab is a place where objects are damaged: shm and proc in a directory, and a place for
// what commands write.
type lab struct {
	t        *testing.T
	dir      string
	subjects []subject
	width    int    // of the terminal; 0 is a pipe
	onOutput func() // called before the first byte of a command's output

	ran, commands int
	pages, faults int // for the totals
	number        int // of the case
	kills         int
	fails         bool        // the system fails, so that a command may end in an unforeseen way
	hangs         *time.Timer // ends the case
	line          []string    // the command that runs
	what          []string    // how the case is damaged
	failed        bool
}

// subject is an object that is damaged.
type subject struct {
	name  string
	bytes []byte
}

func (l *lab) shm() string             { return filepath.Join(l.dir, "shm") }
func (l *lab) path(name string) string { return filepath.Join(l.dir, "shm", name) }
func (l *lab) out() string             { return filepath.Join(l.dir, "out") }

// must ends the test when the lab itself fails.
func (l *lab) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (l *lab) put(name string, b []byte) { l.must(os.WriteFile(l.path(name), b, 0o600)) }

// damagedf notes what a case does to its subject.
func (l *lab) damagedf(format string, args ...any) {
	l.what = append(l.what, fmt.Sprintf(format, args...))
}

func (l *lab) faultf(format string, args ...any) {
	l.failed = true
	l.t.Errorf("%q on %d columns: %s\ndamage: %q", l.line, l.width, fmt.Sprintf(format, args...), l.what)
}

// result is how a command ended.
type result struct {
	args           []string
	code           int
	stdout, stderr string
}

// onFirst calls a function before the first byte that is written through it.
type onFirst struct {
	to   *bytes.Buffer
	once sync.Once
	do   func()
}

func (w *onFirst) Write(b []byte) (int, error) {
	w.once.Do(w.do)
	return w.to.Write(b)
}

// command runs one in this process.
func (l *lab) command(args ...string) result {
	l.line, l.commands = args, l.commands+1
	var stdout, stderr bytes.Buffer
	env := map[string]string{cli.ShmDirVariable: l.shm(), cli.ProcDirVariable: filepath.Join(l.dir, "proc")}
	w := world.New(strings.NewReader(""), &stdout, &stderr, func(name string) string { return env[name] })
	if l.onOutput != nil {
		w.Stdout = &onFirst{to: &stdout, do: l.onOutput}
	}
	w.Terminal, w.Width = l.width > 0, l.width
	code := cli.Run(context.Background(), w, verbs(), args)
	return result{args, code, stdout.String(), stderr.String()}
}

// allocating is held by one that counts what a command alone allocates.
var allocating sync.RWMutex

// look runs a command that only looks, judges how it ends, and that it changes nothing.
func (l *lab) look(args ...string) result {
	allocating.RLock()
	before := allocated()
	r := l.command(args...)
	took := allocated() - before
	allocating.RUnlock()
	if took > muchMemory {
		allocating.Lock()
		before = allocated()
		l.command(args...)
		took = allocated() - before
		allocating.Unlock()
		if took > muchMemory {
			l.faultf("allocates %d bytes", took)
		}
	}
	l.judge(r)
	return r
}

// muchMemory is more than a command allocates over its life on what a lab has. A table
// renders the 1 MB of a track's init in many small steps.
const muchMemory = 2 << 30

// unchanged reports as a fault that the objects are no longer those of a case.
func (l *lab) unchanged(name string, b []byte, names []string) {
	now, err := os.ReadFile(l.path(name))
	if err != nil || !bytes.Equal(now, b) {
		l.faultf("changed the object it looked at: %v", err)
	}
	if is := l.names(); !slices.Equal(is, names) {
		l.faultf("left %q, there were %q", is, names)
	}
}

func (l *lab) names() []string {
	all, err := os.ReadDir(l.shm())
	l.must(err)
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// cleared empties the place for what commands write.
func (l *lab) cleared() {
	l.must(os.RemoveAll(l.out()))
	l.must(os.Mkdir(l.out(), 0o700))
}

// one returns one of some values.
func one[T any](dice *rand.Rand, of ...T) T { return of[dice.IntN(len(of))] }
