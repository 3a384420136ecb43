//go:build linux && amd64 && !elsewhere

package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
)

// storeLab is a lab in which commands die behind their stores. What lies in its directory
// of objects is the ring of a case.
type storeLab struct {
	*lab
	deed  deed
	begin map[string][]byte // what the directory has when the command begins
}

func newStoreLab(t *testing.T) *storeLab {
	l := &storeLab{lab: &lab{t: t, dir: t.TempDir()}}
	for _, folder := range append(folders, "proc") {
		l.must(os.Mkdir(filepath.Join(l.dir, folder), 0o700))
	}
	return l
}

// run runs a command in this process that must succeed.
func (l *storeLab) run(args ...string) {
	if r := l.command(args...); r.code != fail.ExitOK {
		panic(fmt.Sprintf("%q: exit code %d\n%s", args, r.code, r.stderr))
	}
}

// begins makes the page of a ring, and what the commands of a case read.
func (l *storeLab) begins(r ring) {
	l.files(nil)
	l.cleared()
	l.run(r.make()...)
	if len(r.records) > 0 {
		var lines strings.Builder
		for _, record := range r.records {
			var members []string
			for i, c := range r.columns {
				members = append(members, fmt.Sprintf("%q:%s", c.name, record[i]))
			}
			fmt.Fprintf(&lines, "{%s}\n", strings.Join(members, ","))
		}
		l.must(os.WriteFile(filepath.Join(l.dir, "before"), []byte(lines.String()), 0o600))
		l.run("append", "page", "--from", filepath.Join(l.dir, "before"))
	}
	l.run("record", "page", "-w", l.recorded(), "--for", "1ms")
	l.begin = l.now()
}

func (l *storeLab) recorded() string { return filepath.Join(l.out(), "recorded.mcap") }

// files lets the directory have these files alone.
func (l *storeLab) files(all map[string][]byte) {
	for _, name := range l.names() {
		l.must(os.Remove(l.path(name)))
	}
	for name, b := range all {
		l.put(name, b)
	}
}

// now returns the files of the directory.
func (l *storeLab) now() map[string][]byte {
	all := map[string][]byte{}
	for _, name := range l.names() {
		b, err := os.ReadFile(l.path(name))
		l.must(err)
		all[name] = b
	}
	return all
}

// words returns the command of the case as arguments.
func (l *storeLab) words() (all []string) {
	names := strings.NewReplacer("$IN", filepath.Join(l.dir, "in"), "$RECORDED", l.recorded())
	for _, word := range l.deed.line {
		all = append(all, names.Replace(word))
	}
	return all
}

// process runs the command in a process of its own, with a word to the steps of its stores.
func (l *storeLab) process(word string) (killed bool) {
	l.files(l.begin)
	l.line = l.words()
	ctx, stop := context.WithTimeout(context.Background(), tooLong)
	defer stop()
	cmd := exec.CommandContext(ctx, stepsProgram(l.t), l.line...)
	cmd.Env = []string{cli.ShmDirVariable + "=" + l.shm(), cli.ProcDirVariable + "=" + filepath.Join(l.dir, "proc"), "TMPDIR=" + filepath.Join(l.dir, "tmp"), "HOME=" + l.dir, word, "SHMTOOL_STEPS_IMAGE_OF=" + l.shm()}
	out, err := cmd.CombinedOutput()
	l.commands++
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	killed = status.Signaled() && status.Signal() == syscall.SIGKILL && ctx.Err() == nil
	if err != nil && !killed {
		l.faultf("%v: %s", err, out)
	}
	return killed
}

// images returns what the directory has behind each store of the command.
func (l *storeLab) images() (all []map[string][]byte) {
	to := filepath.Join(l.dir, "images")
	l.must(os.RemoveAll(to))
	l.process("SHMTOOL_STEPS_IMAGES=" + to)
	b, err := os.ReadFile(to)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it stores nothing
	}
	l.must(err)
	lines := json.NewDecoder(bufio.NewReader(bytes.NewReader(b)))
	for lines.More() {
		var files map[string][]byte
		l.must(lines.Decode(&files))
		all = append(all, files)
	}
	return all
}

// page returns what a user sees of the page.
func (l *storeLab) page() (text string, consistent bool) {
	r := l.look("dump", "page", "-j")
	if r.code == fail.ExitNotFound {
		return ring{gone: true}.text(), true
	}
	text, consistent, err := seen(r.stdout)
	if r.code != fail.ExitOK || err != nil {
		l.faultf("the page reads with exit code %d: %v %s", r.code, err, r.stderr)
	}
	return text, consistent
}

// dies judges what a command leaves that dies behind a store, and what the same command
// makes of it when it is given again.
func (l *storeLab) dies(before ring, dice *rand.Rand, store int, left map[string][]byte) {
	l.what = []string{fmt.Sprintf("%q behind store %d, on %s", l.deed.line, store, before.text())}
	l.hangs.Reset(tooLong)
	l.files(left)
	all := l.deed.does(before)
	text, _ := l.page()
	at := slices.IndexFunc(all, func(r ring) bool { return r.text() == text })
	if at < 0 {
		l.faultf("left\n%s\nwhich is nothing on the way to\n%s", text, last(all).text())
		return
	}
	if dice.IntN(8) == 0 {
		l.look(l.pageLine(dice, "page", "n")...)
	}
	again := l.command(l.words()...)
	l.judge(again)
	if again.code != fail.ExitOK && !slices.Contains(l.deed.again, again.code) {
		l.faultf("given again, it ends with exit code %d\n%s", again.code, again.stderr)
	}
	after := last(l.deed.does(all[at]))
	text, consistent := l.page()
	if text != after.text() {
		l.faultf("given again, it leaves\n%s\nnot\n%s", text, after.text())
	}
	switch {
	case again.code != fail.ExitOK: // a command that refuses what is done mends and sweeps nothing
		l.run("create", "other", "--records", "1", "--field", "a:uint8")
	case !consistent:
		l.faultf("given again, it leaves counters that do not agree: %s", text)
	case !after.gone:
		l.clean()
	}
	if hidden := slices.DeleteFunc(l.names(), func(name string) bool { return name == "page" || name == "other" }); len(hidden) > 0 {
		l.faultf("given again, it leaves %q", hidden)
	}
}

// clean reports as a fault what check finds on the page, but for an exit that was asked for.
func (l *storeLab) clean() {
	r := l.command("check", "page", "-j")
	l.judge(r)
	if found := strings.Count(r.stdout, `"severity":`); r.code != fail.ExitOK || found != strings.Count(r.stdout, `"code":"exit_set"`) {
		l.faultf("check finds %s", r.stdout)
	}
}

// sameFiles reports whether two directories have the same files; those with hidden names get
// other names each time.
func sameFiles(a, b map[string][]byte) bool {
	return slices.Equal(listed(a), listed(b))
}

func listed(files map[string][]byte) []string {
	var all []string
	for name, b := range maps.All(files) {
		if strings.HasPrefix(name, ".shmtool-") {
			name = ".shmtool-"
		}
		all = append(all, fmt.Sprintf("%s %x", name, b))
	}
	slices.Sort(all)
	return all
}

// A command that changes a page dies behind each of its stores into it. What it leaves is
// the page at a step that the command may show, all of it; and the same command, given
// again, goes on from there to where it was to come. A few of the deaths of each command are
// those of a process: the others are images of what the store left, and must be the same.
func TestKilledAtEachStore(t *testing.T) {
	if _, only := chosen(t); !extended() && only < 0 {
		t.Skip("it builds the program again; SHMTOOL_LONG_TESTS=1 or =program runs it")
	}
	var labs sync.Map
	run(t, 20, storeCases, func(t *testing.T) *lab {
		l := newStoreLab(t)
		labs.Store(l.lab, l)
		return l.lab
	}, func(of *lab, dice *rand.Rand) {
		is, _ := labs.Load(of)
		l := is.(*storeLab)
		before := newRing(dice)
		l.begins(before)
		l.deed = newDeed(dice, before)
		l.must(os.WriteFile(filepath.Join(l.dir, "in"), []byte(l.deed.input), 0o600))
		images := l.images()
		for i, left := range images {
			l.dies(before, dice, i+1, left)
		}
		totals.deaths.Add(int64(len(images)))
		for range min(len(images), 2) {
			store := 1 + dice.IntN(len(images))
			if !l.process(fmt.Sprint("SHMTOOL_STEPS_DEATH=", store)) {
				l.faultf("is not killed at store %d", store)
			}
			if !sameFiles(l.now(), images[store-1]) {
				l.faultf("killed at store %d, it leaves %q, not %q", store, listed(l.now()), listed(images[store-1]))
			}
			l.kills++
		}
	})
	t.Logf("%d images of what a store left", totals.deaths.Load())
}

// storeCases are so many that they have a hundred thousand deaths.
const storeCases = 2200

// A replay that was killed left its hidden page for ever: the next one did not take it away,
// as create, resize and rm do.
func TestReplaySweeps(t *testing.T) {
	l := newStoreLab(t)
	l.cleared()
	l.begins(ring{columns: []column{{name: "n", kind: "uint64"}}, slots: 2})
	l.put(".shmtool-"+strings.Repeat("a", 26), nil)
	l.run("replay", l.recorded(), "--force")
	if names := l.names(); !slices.Equal(names, []string{"page"}) {
		t.Errorf("left: %q", names)
	}
}

// Commands that only look, and clean, which removes, store nothing into a page: no kill
// behind a store is theirs.
func TestStoresNothing(t *testing.T) {
	if !extended() {
		t.Skip("it builds the program again; SHMTOOL_LONG_TESTS=1 or =program runs it")
	}
	m := newMade(t, rules())
	to := filepath.Join(m.dir, "images")
	for _, d := range doings {
		verb, _, _ := strings.Cut(d.line, " ")
		if !slices.Contains([]string{"clean", "save", "record", "streams"}, verb) {
			continue
		}
		m.reset()
		m.must(os.RemoveAll(to))
		cmd := exec.Command(stepsProgram(t), m.words(d.line)...)
		cmd.Env = append(m.environment(), "SHMTOOL_STEPS_IMAGES="+to, "SHMTOOL_STEPS_IMAGE_OF="+m.shm())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", d.line, err, out)
		}
		if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s stores into a page: %v", d.line, err)
		}
	}
}
