//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// farAway is how far the wall clock is set: a difference of two looks at it is a number that no
// command prints otherwise, in whatever unit.
const farAway = 12_345_678 * time.Second

// untrue are the forms of that difference, in seconds and parts of them and in words, and a time
// below 0.
var untrue = regexp.MustCompile(`1234567[5678]|\b14[23]d|\b34(29|30)h|-\d+(\.\d+)?(s|ms|µs|m|h|d)\b|_m?s":-\d{6}`)

// waysToSet are how the wall clock is set before a command looks at it, and while it runs.
var waysToSet = map[string]func(look int) time.Duration{
	"set forward before":                func(int) time.Duration { return farAway },
	"set back before":                   func(int) time.Duration { return -farAway },
	"set forward after the third look":  func(look int) time.Duration { return farAway * time.Duration(min(1, look/4)) },
	"set back after the third look":     func(look int) time.Duration { return -farAway * time.Duration(min(1, look/4)) },
	"set forward and back at each look": func(look int) time.Duration { return farAway * time.Duration(look%2) },
}

// timed are commands that measure time, or tell ages: the exit code of each, and the least time
// that it takes by the machine's own clock. Of a simulation the clock is that of the process
// that plays the controller.
var timed = []timing{
	{"rate page --for 300ms --interval 100ms -j", 0, 300 * time.Millisecond},
	{"rate MstTraklive@*:keys --time time --count 2 --interval 150ms -j", 0, 300 * time.Millisecond},
	{"tail page -f --delta --for 300ms", 0, 300 * time.Millisecond},
	{"tail page other -f --delta --for 300ms -o ndjson", 0, 300 * time.Millisecond},
	{"wait page --for record=1000000000 --timeout 300ms", 6, 300 * time.Millisecond},
	{"wait page --for gone --timeout 300ms", 6, 300 * time.Millisecond},
	{"watch page --for 300ms --interval 50ms", 0, 300 * time.Millisecond},
	{"watch page --plot a --for 300ms --interval 50ms", 0, 300 * time.Millisecond},
	{"top --once --interval 200ms -j", 0, 200 * time.Millisecond},
	{"streams --watch --count 3 --interval 100ms", 0, 200 * time.Millisecond},
	{"streams --for 300ms --interval 100ms --watch -o ndjson", 0, 300 * time.Millisecond},
	{"doctor live --watch --for 300ms --interval 100ms", 0, 300 * time.Millisecond},
	{"doctor live -j", 0, 0},
	{"clean --all -j --min-age 1h", 5, 0},
	{"clean --stream gone --yes --min-age 1h", 5, 0},
	{"append other --rate 10 --from $DIR/lines", 0, 300 * time.Millisecond},
	{"set locked 0 a=1 --lock-timeout 300ms", 5, 300 * time.Millisecond},
	{"record page -w $DIR/again --force --for 300ms", 0, 300 * time.Millisecond},
	{"replay $DIR/recorded --speed 1 --page page=other --force", 0, 0}, // as long as it is
	{"simulate --stream mine --for 1s --backlog 1s --tracks 1 --viewers 1", 0, time.Second},
}

// timing is what is expected of a command.
type timing struct {
	line  string
	code  int
	least time.Duration
}

// No command ends early, hangs, tells of a time that did not pass, or finds a fault in a stream
// that is well, because the wall clock was set. In the everyday test each command meets one of
// the ways to set it.
func TestWallClockIsSet(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	w := newWallClock(t)
	l := newTimed(t)
	env := append(os.Environ(), "SHMTOOL_SHM_DIR="+l.shm())
	for i, c := range timed {
		ways := slices.Sorted(maps.Keys(waysToSet))
		if !long() {
			ways = ways[i%len(ways):][:1]
		}
		if strings.HasPrefix(c.line, "simulate") && !long() { // it takes seconds
			continue
		}
		for _, how := range ways {
			l.what, l.line = []string{how}, strings.Fields(strings.ReplaceAll(c.line, "$DIR", l.dir))
			l.try(func(alone bool) string {
				set := waysToSet[how]
				if alone {
					set = func(int) time.Duration { return 0 }
				}
				l.put("MstIPIDgone", mist.EncodePID(1<<21))
				return l.wrong(c, w.run(t, set, env, l.line...))
			})
		}
	}
	l.otherNamespaces(env)
	t.Logf("%d runs of %d commands", l.ran, len(timed))
}

// try tells what is wrong with a run when nothing is wrong with one whose clocks are left alone: on
// a machine that has too much to do, a stream may really stand still.
func (l *timedLab) try(run func(alone bool) (wrong string)) {
	l.ran++
	if run(false) == "" || run(true) != "" {
		return
	}
	if wrong := run(false); wrong != "" {
		l.faultf("%s", wrong)
	}
}

// wrong returns what is wrong with a run, "" for nothing.
func (l *timedLab) wrong(c timing, r told) string {
	text := r.stdout + r.stderr
	switch file := filepath.Join(l.dir, "again"); {
	case strings.HasPrefix(c.line, "replay"):
		c.least = l.lasted(filepath.Join(l.dir, "recorded"))
	case strings.HasPrefix(c.line, "record") && (l.lasted(file) <= 0 || l.lasted(file) > time.Minute):
		return fmt.Sprintf("the recording is of %v", l.lasted(file))
	}
	switch {
	case r.looks == 0:
		return "it was not asked for the time of day"
	case r.code != c.code:
		return fmt.Sprintf("exit code %d, want %d\n%s", r.code, c.code, text)
	case r.took < c.least:
		return fmt.Sprintf("it ended after %v\n%s", r.took, text)
	case untrue.MatchString(text):
		return fmt.Sprintf("%q is not true:\n%s", untrue.FindString(text), text)
	case strings.Contains(text, `"verdict":"free"`):
		return "an object that has just been made is free:\n" + text
	}
	return ""
}

// otherNamespaces runs commands that tell ages in time namespaces, where the clocks of MistServer
// and of the starts of processes show other times.
func (l *timedLab) otherNamespaces(env []string) {
	if text, err := exec.Command("unshare", "--time", "true").CombinedOutput(); err != nil {
		l.t.Logf("no time namespace is to be had: %v: %s", err, text)
		return
	}
	for _, offsets := range []string{"--monotonic 12345678 --boottime 12345678", "--monotonic 0 --boottime 12345678", "--monotonic 12345678 --boottime 0"} {
		for _, line := range []string{"streams -j", "doctor live -j", "clean --all --min-age 0s -j", "ls -j", "dump MstMetalive:tracks -j"} {
			l.what, l.line = []string{"time namespace", offsets}, strings.Fields(line)
			l.try(func(alone bool) string {
				words := append([]string{program(l.t)}, l.line...)
				if !alone {
					words = slices.Concat([]string{"unshare", "--time"}, strings.Fields(offsets), words)
				}
				cmd := exec.Command(words[0], words[1:]...)
				cmd.Env = env
				text, err := cmd.CombinedOutput()
				switch {
				case err != nil:
					return fmt.Sprintf("%v:\n%s", err, text)
				case untrue.Match(text):
					return fmt.Sprintf("%q is not true:\n%s", untrue.Find(text), text)
				case strings.HasPrefix(line, "dump") && !bytes.Contains(text, today(0)) && !bytes.Contains(text, today(time.Minute)):
					return fmt.Sprintf("the tracks were not updated today:\n%s", text)
				}
				return ""
			})
		}
	}
}

// today returns how JSON tells that a track was updated some time ago, without the time of day.
func today(ago time.Duration) []byte {
	return time.Now().UTC().Add(-ago).AppendFormat(nil, `"lastupdate":"2006-01-02T`)
}

// newTimed makes a simulated stream, and pages on one of which a record comes every few
// milliseconds.
func newTimed(t *testing.T) *timedLab {
	l := &timedLab{&lab{t: t, dir: t.TempDir()}}
	shm, err := os.MkdirTemp("/dev/shm", "shmtool-test-")
	l.must(err)
	t.Cleanup(func() { _ = os.RemoveAll(shm) })
	if !procs.Open("/proc", shm).InMemory() {
		t.Skip("/dev/shm is not in memory")
	}
	l.must(os.Symlink(shm, l.shm()))
	l.must(os.Symlink("/proc", filepath.Join(l.dir, "proc")))
	l.simulate()
	for _, name := range []string{"page", "other", "locked"} {
		l.quiet("create", name, "--records", "16", "--field", "a:uint32")
	}
	l.quiet("append", "other", "a=1")
	l.must(os.WriteFile(filepath.Join(l.dir, "lines"), []byte(strings.Repeat("{\"a\":1}\n", 4)), 0o600))
	held, err := relaccx.OpenWriter(l.path("locked"), relaccx.WriterOptions{})
	l.must(err)
	t.Cleanup(func() { _ = held.Close() })
	l.write("page")
	l.quiet("wait", "page", "--for", "record=20", "--timeout", tooLong.String())
	l.quiet("record", "page", "-w", filepath.Join(l.dir, "recorded"), "--for", "300ms")
	return l
}

// timedLab is a lab in which time passes.
type timedLab struct{ *lab }

func (l *timedLab) quiet(args ...string) {
	if r := l.command(args...); r.code != 0 {
		l.t.Fatalf("%q: exit code %d\n%s", args, r.code, r.stderr)
	}
}

// simulate simulates a stream until the test ends, and waits for it.
func (l *timedLab) simulate() {
	cmd := exec.Command(program(l.t), "simulate", "--shm-dir", l.shm(), "--for", "0", "--tracks", "2", "--viewers", "1")
	l.must(cmd.Start())
	l.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	l.quiet("wait", "MstSTATElive", "--for", "ready", "--timeout", tooLong.String())
	for _, track := range []string{"0", "1"} {
		pages, err := filepath.Glob(l.path("MstTraklive@*-" + track))
		l.must(err)
		for _, page := range pages {
			l.quiet("wait", filepath.Base(page)+":keys", "--for", "record=2", "--timeout", tooLong.String())
		}
	}
}

// write appends to a page until the test ends.
func (l *timedLab) write(name string) {
	w, err := relaccx.OpenWriter(l.path(name), relaccx.WriterOptions{})
	l.must(err)
	stop, stopped := make(chan struct{}), make(chan struct{})
	l.t.Cleanup(func() {
		close(stop)
		<-stopped
		_ = w.Close()
	})
	go func() {
		defer close(stopped)
		for tick := time.Tick(5 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick:
				l.must(w.AppendOverwrite(make([]byte, 4)))
			}
		}
	}()
}

// lasted returns how long a recording is.
func (l *timedLab) lasted(file string) time.Duration {
	r := l.command("replay", file, "--list", "-o", "csv", "--fields", "first,last,records", "--no-header")
	cells := strings.Split(strings.TrimSpace(r.stdout), ",")
	if len(cells) != 3 || cells[2] == "0" {
		l.t.Fatalf("the recording is not to be listed: %q %s", r.stdout, r.stderr)
	}
	first, errFirst := time.Parse(time.RFC3339Nano, cells[0])
	last, errLast := time.Parse(time.RFC3339Nano, cells[1])
	l.must(errors.Join(errFirst, errLast))
	return last.Sub(first)
}
