//go:build linux && amd64 && !elsewhere

package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/dtsc"
)

// looks are commands that change no page, on a server with a stream, a page and a recording.
var looks = []string{
	"ls --fields name,kind,size,status,rcount,present,endpos,writer,readers",
	"ls --all -o csv --fields name,kind,size,status,endpos,writer",
	"ls -j --stream live",
	"dump page", "dump page -j", "dump page -o hex", "dump page -o rax", "dump MstMetalive:tracks --records", "dump MstSTATElive", "dump MstDatalive@0_4 -j", "check MstDatalive@0_4", "dump sem.MstInputlive",
	"get page a",
	"tail page -n 2 -o ndjson", "tail page other -n 1",
	"rate page --count 1 --interval 1ms -o csv --fields name,endpos,rate",
	"wait page --for ready", "wait page --for record=2",
	"check page MstMetalive", "check -j",
	"streams", "streams -j", "streams -o openmetrics",
	"doctor", "doctor live -j", "doctor -o nagios",
	"clean --proc-dir $DIR/proc",
	"top --once --interval 1ms --fields name,kind,size,endpos,status",
	"diff page other", "diff $DIR/copy page -j", "diff - page |$DIR/copy",
	"dump - <$DIR/copy", "dump - -j |$DIR/copy", "check - |$DIR/copy", "get - a <$DIR/copy",
	"tail page -f -n 3 --count 3 -o ndjson", "tail page other -f -n 1 --count 2",
	"watch page --count 1 --interval 1ms", "watch page --count 1 --interval 1ms -o ndjson",
	"streams --watch --count 2 --interval 1ms -o ndjson",
	"doctor --watch --count 2 --interval 1ms --debounce 1",
	"serve --listen :0 ?metrics", "serve --listen :0 ?report/live", "serve --listen :0 --enable-snapshot ?snapshot",
	"top --interval 1ms =q", "watch page --count 1 --interval 1ms =q", "streams --watch --count 2 --interval 1ms =q", "rate page --count 1 --interval 1ms =q",
	"report live -w $OUT/report.html",
	"replay $DIR/recorded --list",
	"ls --moment $DIR/moment.tar.zst --fields name,kind,size,status,endpos,writer,readers", "doctor --moment $DIR/moment", "doctor -j --moment $DIR/moment.tar.zst",
	"diff $DIR/moment $DIR/moment.tar.zst",
}

// broken is a server that a call fails on.
type broken struct {
	*made
	world  string // the folder of its processes
	writes bool   // its lines change something
	lines  []doing
	well   map[string]traced    // what each line does when nothing fails
	cases  map[string][]failure // that each line has
}

// failure is a call of a command that fails with an error.
type failure struct {
	doing
	spot
	errno syscall.Errno
}

func (f failure) String() string {
	return fmt.Sprintf("%s: %v fails with %v", f.line, f.spot, f.errno)
}

// newServer returns one with a stream and its processes for commands that look.
func newServer(t *testing.T) *broken {
	m := &made{lab: &lab{t: t, dir: t.TempDir(), fails: true}, tracer: newTracer(t, failureRules())}
	for _, folder := range folders {
		m.must(os.Mkdir(filepath.Join(m.dir, folder), 0o700))
	}
	w := streamstest.NewWorld(t)
	w.Shm = m.shm()
	m.must(os.Rename(w.Proc, filepath.Join(m.dir, "proc")))
	w.Proc = filepath.Join(m.dir, "proc")
	_, video := w.Sample("live")
	first, err := dtsc.AppendPacket(nil, &dtsc.Packet{Key: true}, []byte("published"))
	m.must(err)
	second, err := dtsc.AppendPacket(nil, &dtsc.Packet{Time: 1}, []byte("on its way"))
	m.must(err)
	w.Object("MstDatalive@0_4", append(append(first, second...), make([]byte, 4096)...))
	video.Nested("pages").Set(1, "avail", uint64(len(first)))
	w.Object("MstTraklive@412-0", video.Bytes)
	w.Maps(streamstest.BufferPID, "MstMetalive", "MstUserlive")
	w.Maps(streamstest.ControllerPID, "MstGlobalConfig")
	m.quiet("create", "page", "--records", "4", "--field", "a:uint32", "--field", "b:string:8")
	m.quiet("create", "other", "--records", "2", "--field", "a:uint32")
	m.quiet("append", "other", "a=1")
	for i := range 3 {
		m.quiet("append", "page", fmt.Sprintf("a=%d", i), fmt.Sprintf("b=was%d", i))
	}
	for _, words := range [][]string{
		{"save", "page", m.dir + "/copy"},
		{"save", "--all", m.dir + "/moment"},
		{"save", "--all", m.dir + "/moment.tar.zst"},
		{"record", "page", "-w", m.dir + "/recorded", "--for", "1ms"},
	} {
		m.quiet(words...)
	}
	b := &broken{made: m, world: w.Proc, well: map[string]traced{}, cases: map[string][]failure{}}
	for _, line := range looks {
		b.lines = append(b.lines, doing{line: line})
	}
	return b
}

// newWriters returns a server for commands that change something.
func newWriters(t *testing.T) *broken {
	b := &broken{made: newMade(t, failureRules()), well: map[string]traced{}, cases: map[string][]failure{}}
	b.fails, b.writes = true, true
	var err error
	b.world, err = filepath.EvalSymlinks(filepath.Join(b.dir, "proc"))
	b.must(err)
	for _, d := range slices.Concat(doings, measuring) {
		if !d.slow || long() {
			b.lines = append(b.lines, d)
		}
	}
	b.states[""] = b.state()
	return b
}

// learned runs a line that nothing happens to, once, and returns the calls that may fail
// in it.
func (b *broken) learned(d doing) []failure {
	if all, done := b.cases[d.line]; done {
		return all
	}
	if b.writes {
		for _, line := range append([]string{d.line}, d.between...) {
			b.made.learn(line, func(call) bool { return false })
		}
		b.reset()
	}
	seen := map[spot]int{}
	var spots []spot
	b.well[d.line] = b.trace(d.line, plan{wants: func(c call) bool {
		name, where := b.spotOf(c)
		if name == "" {
			return false
		}
		s := spot{name: name, where: where}
		seen[s]++
		if s.nth = seen[s]; s.nth <= 2 {
			spots = append(spots, s)
		}
		return true
	}})
	b.judge(b.well[d.line].result)
	var all []failure
	for _, s := range spots {
		for _, errno := range s.errors() {
			all = append(all, failure{d, s, errno})
		}
	}
	slices.SortFunc(all, func(x, y failure) int { return strings.Compare(x.String(), y.String()) })
	b.cases[d.line] = all
	return all
}

// errors returns what a call fails with at a spot. Rights do not change within a command.
func (s spot) errors() (all []syscall.Errno) {
	for _, f := range failures {
		for _, errno := range f.fails {
			happens := errno != syscall.ESRCH || strings.HasPrefix(s.where, "proc") || s.where == "no file"
			if f.name == s.name && (s.nth == 1 || !denied(errno)) && happens {
				all = append(all, errno)
			}
		}
	}
	return all
}

func denied(errno syscall.Errno) bool { return errno == syscall.EACCES || errno == syscall.EPERM }

// A command of which one system call fails says so, or prints and leaves what it does when
// none fails. It takes no failure of the system for a fault of a page or of a server.
func TestFailedCallsOfLooks(t *testing.T)  { testFailedCalls(t, newServer) }
func TestFailedCallsOfWrites(t *testing.T) { testFailedCalls(t, newWriters) }

func testFailedCalls(t *testing.T, newBroken func(t *testing.T) *broken) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	first := newBroken(t)
	var all []failure
	if long() {
		for _, d := range first.lines {
			all = append(all, first.learned(d)...)
		}
		t.Logf("%d failures of %d commands", len(all), len(first.lines))
		seed, _ := chosen(t)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	labs := map[*lab]*broken{}
	run(t, few, min(many, len(all)), func(t *testing.T) *lab {
		b := first
		if len(labs) > 0 {
			b = newBroken(t)
		}
		labs[b.lab] = b
		return b.lab
	}, func(l *lab, dice *rand.Rand) {
		b := labs[l]
		if long() {
			b.try(all[l.number%len(all)])
		} else {
			b.try(one(dice, b.learned(one(dice, b.lines...))...))
		}
	})
}

// few is how many failures are tried by default, and many in the long form: others by another
// seed, and more by SHMTOOL_FAULTS_TIMES.
const (
	few  = 15
	many = 5000
)

// try lets one call fail. It reports false when the command did not make that call.
func (b *broken) try(f failure) bool {
	b.learned(f.doing)
	if b.writes {
		b.reset()
	}
	r := b.trace(f.line, b.planOf(f))
	b.damagedf("%v", f)
	b.judge(r.result)
	if len(r.calls) == 0 && r.signal == 0 {
		return false
	}
	b.faults++
	switch {
	case r.signal != 0:
		b.faultf("ended by signal %v\n%s", r.signal, r.stderr)
	case b.writes:
		b.changed(f, r)
	default:
		b.looked(f, r)
	}
	return true
}

// planOf returns the plan of one run in which a call fails.
func (b *broken) planOf(f failure) plan {
	seen := 0
	return plan{
		wants: func(c call) bool {
			name, where := b.spotOf(c)
			if name != f.name || where != f.where {
				return false
			}
			seen++
			return seen == f.nth
		},
		at:    1,
		fails: func(call) syscall.Errno { return f.errno },
	}
}

// hidden reports whether a process does not let the user look into it, or has gone, which is
// no failure.
func (f failure) hidden() bool {
	return strings.Contains("/"+f.where, "/proc") && (denied(f.errno) || slices.Contains(vanished, f.errno))
}

// passing are parts of an output that differ from run to run.
var passing = regexp.MustCompile(`[0-9.]+(ns|µs|ms|s|m|h)\b|"(age_s|age|time|moment)":[^,}]*|[0-9]+\.[0-9]+e?`)

// codes are those of findings, in JSON, in tables and in metrics.
var codes = regexp.MustCompile(`"code":"[a-z_]+"|(error|warning) +[a-z_]+|code="[a-z_]+"[^}]*} [1-9]`)

// unseen returns how many things an output says could not be seen.
func unseen(text string) int {
	n := strings.Count(text, "could not be seen")
	if m := unseenMetric.FindStringSubmatch(text); m != nil {
		more, _ := strconv.Atoi(m[1])
		n += more
	}
	return n
}

var unseenMetric = regexp.MustCompile(`(?m)^mist_doctor_unseen ([0-9]+)$`)

// looked judges a command that looks.
func (b *broken) looked(f failure, r traced) {
	defer b.cleared()
	well := b.well[f.line]
	if strings.Contains(f.line, " =") {
		b.drawn(r.result, well.result)
		return
	}
	same := passing.ReplaceAllString(r.stdout, "") == passing.ReplaceAllString(well.stdout, "")
	silent := !saysMore(r.stderr, well.stderr) && (r.code == well.code || r.code <= fail.ExitFindings) // which may be of what was not read
	switch {
	case f.errno == syscall.EINTR && (!same || !silent):
		b.faultf("an interrupted call is not made again: exit code %d\n%s\n%s\nnot\n%s", r.code, r.stderr, r.stdout, well.stdout)
	case slices.Contains(vanished, f.errno), f.hidden():
	case unseen(r.stdout) > unseen(well.stdout):
	case strings.HasPrefix(f.line, "serve") && !served.MatchString(r.stdout): // so the client knows
	case !same && silent && !strings.Contains(r.stdout, f.errno.Error()) && !(denied(f.errno) && strings.Contains(r.stdout, "permission denied")):
		b.faultf("prints without a word\n%s\nnot\n%s", r.stdout, well.stdout)
	}
	b.words(f, r.result, well.result)
}

// saysMore reports whether a text has a line that another one has not.
func saysMore(text, other string) bool {
	lines := strings.Split(passing.ReplaceAllString(other, ""), "\n")
	return slices.ContainsFunc(strings.Split(passing.ReplaceAllString(text, ""), "\n"), func(line string) bool { return !slices.Contains(lines, line) })
}

// served begins an answer that says nothing of a failure.
var served = regexp.MustCompile(`^(200|404) `)

// words judges what a command says about a call that failed.
func (b *broken) words(f failure, r, well result) {
	gone := slices.Contains(vanished, f.errno)
	for _, wrong := range []string{"invalid_page", "not a valid", "truncated"} {
		if text := r.stdout + r.stderr; !gone && !denied(f.errno) && strings.Contains(text, wrong) && !strings.Contains(well.stdout+well.stderr, wrong) {
			b.faultf("a fault of the system is called one of the page:\n%s\n%s", r.stderr, r.stdout)
		}
	}
	for _, code := range codes.FindAllString(r.stdout, -1) {
		if !gone && !strings.Contains(well.stdout, code) {
			b.faultf("a fault of the system becomes a finding: %s\n%s\n%s", code, r.stderr, r.stdout)
		}
	}
	if known := gone || denied(f.errno) || r.code == well.code || strings.Contains(f.line, "nagios"); !known { // which has exit codes of its own
		switch r.code {
		case fail.ExitUsage:
			b.faultf("a fault of the system is called a wrong use: %s", r.stderr)
		case fail.ExitNotFound:
			b.faultf("what the system cannot look at is said not to be there: %s", r.stderr)
		}
	}
	if r.code > fail.ExitFindings && r.code != well.code && r.stderr == "" && r.stdout == well.stdout {
		b.faultf("exit code %d without a word", r.code)
	}
	if n := strings.Count(r.stderr, "\nshmtool: ") - strings.Count(well.stderr, "\nshmtool: "); n > 1 && !strings.HasPrefix(f.line, "clean") { // which has a line for each object
		b.faultf("says it in %d lines:\n%s", n+1, r.stderr)
	}
}

// changed judges a command that changes something.
func (b *broken) changed(f failure, r traced) {
	if f.measures && (r.code != fail.ExitOK || slices.Contains(vanished, f.errno)) { // the next bench removes what this one could not
		b.removed("shmtool-bench-*")
	}
	well, state := b.well[f.line], b.state()
	switch {
	case f.hidden():
	case f.errno == syscall.EINTR && (r.code != well.code || state != b.states[f.line]):
		b.faultf("an interrupted call is not made again: exit code %d, %s\n%s", r.code, r.stderr, state)
	case b.hadGone(f, r, state):
	case r.code == well.code && r.stderr == well.stderr && state != b.states[f.line] && !strings.Contains(r.stdout, f.errno.Error()):
		b.faultf("leaves without a word\n%s\nnot\n%s", state, b.states[f.line])
	case r.code == fail.ExitLoss: // an object was left out
	case f.measures && f.name == "unlinkat" && r.code != fail.ExitOK: // it could not remove it
	case denied(f.errno) && strings.HasPrefix(f.where, "shm/") && strings.HasPrefix(f.line, "save --all"): // of another program
	default:
		b.between(f.doing, state)
	}
	b.words(f, r.result, well.result)
	left := b.left()
	if r.code != fail.ExitOK { // the next clean goes on with what this one has moved aside
		left = slices.DeleteFunc(left, func(name string) bool { return strings.HasPrefix(name, "shm/.cleaning-") })
	}
	if len(left) > 0 && f.name != "unlinkat" && !strings.Contains(f.where, "TEMPORARY") { // which could not be removed
		b.faultf("left %q", left)
	}
	again := b.trace(f.line, plan{wants: func(call) bool { return false }})
	b.judge(again.result)
	if again.code != fail.ExitOK && !slices.Contains(f.again, again.code) && again.code != r.code {
		b.faultf("given again, it ends with exit code %d\n%s", again.code, again.stderr)
	}
	if left := b.left(); len(left) > 0 {
		b.swept(left)
	}
	b.ended()
}
