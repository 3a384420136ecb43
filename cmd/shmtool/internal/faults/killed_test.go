//go:build linux && amd64 && !elsewhere

package faults

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/sandbox"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/mist"
)

// doing is a command that changes something, and what may be when it ends before its end.
type doing struct {
	line     string   // $OUT is a folder for files, $DEAD a stream; its last word may say what is beside it
	between  []string // lines that would leave what may also be left
	again    []int    // how the same line may end afterwards, besides 0
	parts    bool     // it has several steps, each of which counts
	measures bool     // it makes what it needs, and removes it
	slow     bool     // it has many steps, or looks at all processes of the machine: only in the long form
}

// doings are all commands that change pages or write files.
var doings = []doing{
	{line: "create new --records 3 --field a:uint32 --field b:string:8", again: []int{fail.ExitRefused}},
	{line: "create page --force --records 3 --field c:uint32"},
	{line: "create new --schema $DIR/schema --records 3", again: []int{fail.ExitRefused}},
	{line: "create new --schema - --records 3 |$DIR/schema", again: []int{fail.ExitRefused}},
	{line: "append page a=7 b=seven", between: []string{"append page a=7 b=seven", "append page --from $DIR/append-7-7"}},
	{line: "append page --from $DIR/lines", between: []string{"append page a=8 b=eight", "append page --from $DIR/two", "append page --from $DIR/lines"}},
	{line: "append page --from - <$DIR/lines", between: []string{"append page a=8 b=eight", "append page --from $DIR/two", "append page --from $DIR/lines"}},
	{line: "append page --from - |$DIR/lines", between: []string{"append page a=8 b=eight", "append page --from $DIR/two", "append page --from $DIR/lines"}},
	{line: "set page 2 a=77"},
	{line: "delete page --count 1", between: []string{"delete page --count 2"}},
	{line: "delete page --all", again: []int{fail.ExitNotFound}, parts: true},
	{line: "resize page --records 9 --field d:uint64"},
	{line: "resize page --records 1"},
	{line: "mark page exit", again: []int{fail.ExitRefused}},
	{line: "rm page", again: []int{fail.ExitNotFound}},
	{line: "rm page other", again: []int{fail.ExitNotFound}, parts: true},
	{line: "clean --stream $DEAD --yes --min-age 0s --proc-dir /proc", again: []int{fail.ExitRefused}, parts: true, slow: true},
	{line: "clean --stream $DEAD --end --yes --proc-dir /proc", again: []int{fail.ExitRefused, fail.ExitNotFound}, parts: true, slow: true},
	{line: "save page $OUT/copy"},
	{line: "save page $OUT/old"},
	{line: "save --all $OUT/folder", again: []int{fail.ExitRefused}},
	{line: "save --all $OUT/empty", again: []int{fail.ExitRefused}, slow: true},
	{line: "save --all $OUT/all.tar.gz", again: []int{fail.ExitRefused}},
	{line: "save --all $OUT/all.tar.zst", again: []int{fail.ExitRefused}},
	{line: "save --all --redact $OUT/red.tar.gz", again: []int{fail.ExitRefused}, slow: true},
	{line: "save --all --redact $OUT/red", again: []int{fail.ExitRefused}, slow: true},
	{line: "record page -w $OUT/r.mcap --for 1ms", parts: true, again: []int{fail.ExitRefused}, slow: true},
	{line: "replay $DIR/recorded --speed 1000 --force", parts: true, again: []int{fail.ExitRefused}, slow: true},
	{line: "streams -o openmetrics --to $OUT/streams.prom", parts: true, slow: true},
}

// made is a lab with processes, and what is in its folders when a case begins.
type made struct {
	*lab
	tracer *tracer
	dead   string
	was    map[string]map[string][]byte // by folder and name
	counts []int                        // how many steps each of doings has
	states map[string]string            // the state that each line leaves
	output string                       // of the line that was run last
}

// folders are those of a lab that commands change.
var folders = []string{"shm", "out", "tmp"}

func newMade(t *testing.T, rules []sandbox.Rule) *made {
	m := &made{lab: &lab{t: t, dir: t.TempDir()}, tracer: newTracer(t, rules), dead: fmt.Sprintf("killed_%d", os.Getpid()), was: map[string]map[string][]byte{}, states: map[string]string{}}
	w := streamstest.NewWorld(t)
	m.must(os.Symlink(w.Proc, filepath.Join(m.dir, "proc")))
	for _, folder := range folders {
		m.must(os.Mkdir(filepath.Join(m.dir, folder), 0o700))
	}
	m.quiet("create", "page", "--records", "4", "--field", "a:uint32", "--field", "b:string:8")
	m.quiet("create", "other", "--records", "2", "--field", "x:uint8")
	for i := range 3 {
		m.quiet("append", "page", fmt.Sprintf("a=%d", i), fmt.Sprintf("b=was%d", i))
	}
	m.quiet("record", "page", "-w", filepath.Join(m.dir, "recorded"), "--for", "1ms")
	m.must(os.WriteFile(filepath.Join(m.dir, "two"), []byte("{\"a\":8,\"b\":\"eight\"}\n{\"a\":9}\n"), 0o600))
	m.must(os.WriteFile(filepath.Join(m.dir, "lines"), []byte("{\"a\":8,\"b\":\"eight\"}\n{\"a\":9}\n{\"a\":10}\n"), 0o600))
	m.must(os.WriteFile(filepath.Join(m.dir, "schema"), []byte("a:uint32\nb:string:8\n"), 0o600))
	m.must(os.WriteFile(filepath.Join(m.dir, "append-7-7"), []byte("{\"a\":7,\"b\":\"seven\"}\n{\"a\":7,\"b\":\"seven\"}\n"), 0o600))
	m.must(os.WriteFile(filepath.Join(m.out(), "old"), []byte("of old"), 0o600))
	m.must(os.Mkdir(filepath.Join(m.out(), "empty"), 0o700))
	m.put("MstSTATE"+m.dead, []byte{4, 255})
	m.put("MstIPID"+m.dead, []byte{0xff, 0xff, 0x3f, 0, 0, 0, 0, 0})
	m.put("MstData"+m.dead+"@0_4", make([]byte, 4096))
	m.put("MstMeta"+m.dead, streamstest.NewPage(t, mist.MetaTemplate(2)).Bytes)
	for _, folder := range folders {
		m.was[folder] = map[string][]byte{}
		entries, err := os.ReadDir(filepath.Join(m.dir, folder))
		m.must(err)
		for _, e := range entries {
			m.was[folder][e.Name()] = nil // a folder
			if !e.IsDir() {
				m.was[folder][e.Name()], err = os.ReadFile(filepath.Join(m.dir, folder, e.Name()))
				m.must(err)
			}
		}
	}
	return m
}

// quiet runs a command in this process that must succeed.
func (m *made) quiet(args ...string) {
	if r := m.command(args...); r.code != fail.ExitOK {
		m.t.Fatalf("%q: exit code %d\n%s", args, r.code, r.stderr)
	}
}

// reset makes the folders as they were.
func (m *made) reset() {
	for _, folder := range folders {
		dir := filepath.Join(m.dir, folder)
		entries, err := os.ReadDir(dir)
		m.must(err)
		for _, e := range entries {
			m.must(os.RemoveAll(filepath.Join(dir, e.Name())))
		}
		for name, b := range m.was[folder] {
			if b == nil {
				m.must(os.Mkdir(filepath.Join(dir, name), 0o700))
				continue
			}
			m.must(os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
	}
}

// words returns a line as arguments.
func (m *made) words(line string) []string {
	line = strings.NewReplacer("$OUT", m.out(), "$DIR", m.dir, "$DEAD", m.dead).Replace(line)
	return strings.Fields(line)
}

func (m *made) environment() []string {
	return []string{
		cli.ShmDirVariable + "=" + m.shm(), cli.ProcDirVariable + "=" + filepath.Join(m.dir, "proc"), "TMPDIR=" + filepath.Join(m.dir, "tmp"),
		"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir,
	}
}

// trace runs a line under a plan.
func (m *made) trace(line string, p plan) traced {
	m.line, m.commands = m.words(line), m.commands+1
	args, b, err := besideOf(m.line)
	m.must(err)
	defer b.close()
	m.line = args
	return m.tracer.run(m.t, p, b, m.environment(), m.line...)
}

// left returns what is in the folders under names that a user would not give.
func (m *made) left() (all []string) {
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(m.dir, folder))
		m.must(err)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || folder == "tmp" {
				all = append(all, folder+"/"+e.Name())
			}
		}
	}
	return all
}

// state tells what a user finds in the folders: pages as they are dumped, files with their
// bytes, snapshots by their objects.
func (m *made) state() string {
	var text strings.Builder
	for _, folder := range folders[:2] {
		entries, err := os.ReadDir(filepath.Join(m.dir, folder))
		m.must(err)
		for _, e := range entries {
			path := filepath.Join(m.dir, folder, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), "."):
			case e.IsDir() || strings.Contains(e.Name(), ".tar"):
				fmt.Fprintf(&text, "%s: %s\n", e.Name(), m.snapshotState(path, e))
			case folder == "shm" && !strings.HasPrefix(e.Name(), "Mst"):
				r := m.command("dump", e.Name(), "-j")
				fmt.Fprintf(&text, "%s: %d %s\n", e.Name(), r.code, r.stdout)
			default:
				b, err := os.ReadFile(path)
				m.must(err)
				if strings.HasSuffix(e.Name(), ".prom") || strings.HasSuffix(e.Name(), ".mcap") {
					b = nil // of another time each
				}
				fmt.Fprintf(&text, "%s: %x\n", e.Name(), b)
			}
		}
	}
	return text.String()
}

func (m *made) snapshotState(path string, e fs.DirEntry) string {
	if entries, err := os.ReadDir(path); e.IsDir() && err == nil && len(entries) == 0 {
		return "empty"
	}
	r := m.command("ls", "--all", "-o", "csv", "--fields", "name,kind,size,status,endpos", "--moment", path)
	return fmt.Sprint(r.code, r.stdout, r.stderr)
}

// prepare runs all lines once, to learn what they leave and how many steps they have.
func (m *made) prepare() {
	for _, d := range doings {
		if d.slow && !long() {
			m.counts = append(m.counts, 0)
			continue
		}
		m.counts = append(m.counts, len(m.learn(d.line, changing)))
		for _, line := range d.between {
			m.learn(line, changing)
		}
	}
	m.reset()
	m.states[""] = m.state()
}

// learn runs a line that nothing happens to.
func (m *made) learn(line string, wants func(call) bool) []call {
	m.reset()
	r := m.trace(line, plan{wants: wants})
	if r.code != fail.ExitOK {
		m.t.Fatalf("%q: exit code %d, signal %v\n%s", m.line, r.code, r.signal, r.stderr)
	}
	if left := m.left(); len(left) > 0 {
		m.t.Fatalf("%q left %q", m.line, left)
	}
	m.states[line], m.output = m.state(), r.stdout
	return r.calls
}

// step returns which line a case is about, and at which of its steps.
func (m *made) step(n int) (d doing, at int) {
	for i, count := range m.counts {
		if n < count {
			return doings[i], n + 1
		}
		n -= count
	}
	return m.step(n)
}

// shmtool is killed before each system call by which it changes something, whatever it
// does. What it leaves is as it was before or as it is to be, and the same command, given
// again, makes it so and takes away all that the first one left.
func TestKilledAtEachCall(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	first := newMade(t, rules())
	first.prepare()
	steps := 0
	for i, count := range first.counts {
		steps += count
		t.Logf("%d steps: %s", count, doings[i].line)
	}
	labs := map[*lab]*made{}
	kills := 0
	run(t, steps, steps, func(t *testing.T) *lab {
		m := first
		if len(labs) > 0 {
			m = newMade(t, rules())
			m.prepare()
		}
		labs[m.lab] = m
		return m.lab
	}, func(l *lab, dice *rand.Rand) {
		if m := labs[l]; m.chosen(l.number) && m.killed(m.step(l.number)) {
			l.kills++
		}
	})
	for l := range labs {
		kills += l.kills
	}
	t.Logf("%d kills", kills)
}

// chosen reports whether a step is one of those that run by default: each third, others by
// another seed.
func (m *made) chosen(n int) bool {
	seed, only := chosen(m.t)
	return long() || only >= 0 || uint64(n)%3 == seed%3
}

// killed kills a command at a step, and looks at what is left.
func (m *made) killed(d doing, at int) bool {
	m.reset()
	r := m.trace(d.line, plan{wants: changing, at: at})
	if !r.killed {
		m.judge(r.result) // it had fewer steps this time
		return false
	}
	m.damagedf("killed before call %d that changes something: %v", at, r.calls)
	m.between(d, m.state())
	m.stream()
	again := m.trace(d.line, plan{wants: changing})
	m.judge(again.result)
	if again.code != fail.ExitOK && !slices.Contains(d.again, again.code) {
		m.faultf("given again, it ends with exit code %d\n%s", again.code, again.stderr)
	}
	if d.between == nil && !d.parts && m.state() != m.states[d.line] {
		m.faultf("given again, it leaves\n%s\nnot\n%s", m.state(), m.states[d.line])
	}
	if left := m.left(); len(left) > 0 {
		m.swept(left)
	}
	return true
}

// swept runs clean, which takes away what the next command of the same kind would.
func (m *made) swept(left []string) {
	m.command("clean", "--all", "--yes", "--min-age", "0s", "--proc-dir", "/proc")
	if now := m.left(); len(now) > 0 {
		m.faultf("left for ever: %q, before clean %q", now, left)
	}
}

// between judges a state that a command left which was killed or failed.
func (m *made) between(d doing, state string) {
	if d.parts || state == m.states[""] || state == m.states[d.line] {
		return
	}
	for _, line := range d.between {
		if state == m.states[line] {
			return
		}
	}
	m.faultf("left\n%s\nwhich is neither as before\n%s\nnor as it is to be\n%s", state, m.states[""], m.states[d.line])
}

// stream reports as a fault a dead stream that an input would take up by half.
func (m *made) stream() {
	var there []string
	for _, name := range m.names() {
		if strings.HasPrefix(name, "Mst") && strings.Contains(name, m.dead) {
			there = append(there, name)
		}
	}
	if _, err := os.Stat(m.path("MstMeta" + m.dead)); err == nil && len(there) < 4 {
		m.faultf("half of a stream is left: %q", there)
	}
}
