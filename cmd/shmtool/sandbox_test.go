package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/sandbox"
)

// The names by which this binary is shmtool in a sandbox that kills.
const (
	looksName = "shmtool-looks"
	savesName = "shmtool-saves"
)

// strictly returns a main that the kernel kills at the first call that a rule refuses.
func strictly(rules func() []sandbox.Rule) func() {
	return func() {
		if err := sandbox.Install(rules(), sandbox.Kill); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		main()
	}
}

// lookingLines are lines of each command that only looks, by its name. $DIR is a folder
// for what a command saves, and $TRACK a page that has records again and again.
var lookingLines = map[string][]string{
	"ls": {"ls", "ls -j", "ls --stream live", "ls -o csv"},
	"dump": {
		"dump MstMetalive", "dump $TRACK", "dump $TRACK -j", "dump $TRACK -o rax", "dump $TRACK:keys -o ndjson",
		"dump MstMetalive:tracks --where .id>=0", "dump $TRACK:parts --jq .",
	},
	"get":        {"get $TRACK lastms"},
	"tail":       {"tail $TRACK:keys", "tail -f $TRACK:keys --count 3", "tail -f MstTraklive@*:keys --for 1s", "tail -f none --wait 200ms"},
	"rate":       {"rate $TRACK:keys --for 1s --interval 500ms"},
	"wait":       {"wait $TRACK --for ready", "wait MstMetalive --for gone --timeout 300ms"},
	"save":       {"save $TRACK $DIR/page", "save --all $DIR/folder", "save --all $DIR/all.tar.zst", "save --all --redact $DIR/redacted.tgz"},
	"diff":       {"diff $TRACK --ago 200ms", "diff $TRACK MstMetalive -j", "save --all $DIR/before", "diff $DIR/before $DIR/before", "diff $DIR/before"},
	"check":      {"check MstMetalive", "check $TRACK -j", "check $TRACK:keys"},
	"record":     {"record $TRACK:keys --for 1s -w $DIR/keys.mcap", "record $TRACK:keys --for 1s -w -"},
	"streams":    {"streams", "streams -j", "streams -o openmetrics", "streams -o prometheus", "streams --watch --for 1s"},
	"doctor":     {"doctor", "doctor -j", "doctor live"},
	"serve":      {}, // it opens its socket before: TestServe has it in the sandbox
	"examples":   {"examples alerts"},
	"cheat":      {"cheat", "cheat doctor"},
	"explain":    {"explain", "explain writer_dead"},
	"report":     {"report -w $DIR/report.html", "report live -w - --redact", "record $TRACK:keys --for 1s -w $DIR/report.mcap", "report --recording $DIR/report.mcap -w -"},
	"top":        {"top --once --interval 200ms", "top -o ndjson --interval 200ms"},
	"watch":      {"watch $TRACK --count 2 --interval 200ms"},
	"version":    {"version", "version --licenses", "version -j"},
	"completion": {"completion bash", "completion zsh", "completion fish"},
	"replay":     {"replay $DIR/keys.mcap --list"},
	"clean":      {"clean", "clean --all -j", "clean --stream live --end"},
}

// A command that only looks makes no call that could change what it looks at.
func TestSandboxKillsNoLook(t *testing.T) {
	skipShort(t)
	t.Parallel()
	l := newSandboxLab(t)
	fine := []int{fail.ExitOK, fail.ExitFindings, fail.ExitTimeout}
	for _, c := range commands() {
		lines := lookingLines[c.Name]
		if !c.Access.Writes() && lines == nil {
			t.Errorf("lookingLines has no line of %s", c.Name)
		}
		for _, line := range append(slices.Clone(lines), c.Name+" --help") {
			program := looksName
			if c.Finishes {
				program = savesName
			}
			if status, out := l.run(program, line); !slices.Contains(fine, status.ExitStatus()) {
				t.Errorf("%s %s: %v\n%s", program, line, status, out)
			}
		}
	}
}

// SECURITY.md and the manual name the commands and flags that may make files in the sandbox.
func TestSandboxSavers(t *testing.T) {
	t.Parallel()
	var savers []string
	for _, c := range commands() {
		if c.Finishes && !c.Access.Writes() {
			savers = append(savers, c.Name)
		}
	}
	for _, flag := range cli.SavingFlags {
		savers = append(savers, "--"+flag)
	}
	_, line, _ := strings.Cut(readFile(t, "SECURITY.md"), "The sandbox has limits:\n\n- ")
	line, _, _ = strings.Cut(line, " need files")
	sameWords(t, "SECURITY.md", strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("` ,", r) }), append(savers, "and"))
	text, _, _ := strings.Cut(readFile(t, "man/shmtool.1"), "\nmay still make, change and remove files")
	text = text[strings.LastIndex(text, "before.\n")+len("before.\n"):]
	text = strings.NewReplacer(".Cm ", "", ".Fl -", "--", ",", "", "and\n", "").Replace(text)
	sameWords(t, "man/shmtool.1", strings.Fields(text), savers)
}

// A screen that is drawn again and again takes no more than a document does.
func TestSandboxKillsNoScreen(t *testing.T) {
	skipShort(t)
	t.Setenv("TERM", "xterm-256color")
	l := newSandboxLab(t)
	for _, line := range []string{"top", "watch $TRACK", "streams --watch"} {
		args := append(l.words(line), "--interval", "10ms", "--shm-dir", l.shm)
		tm := programOnTerminal(t, looksName, 150, 30, args...)
		tm.until("live")
		if line == "top" {
			tm.press("\r")
			tm.until("header")
		}
		tm.press("q")
		if args[0] == "streams" {
			_ = tm.cmd.Process.Signal(os.Interrupt)
		}
		_ = tm.cmd.Wait()
		if status := tm.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() && status.Signal() != syscall.SIGINT || status.ExitStatus() > 0 {
			t.Errorf("%s ended by %v", line, tm.cmd.ProcessState)
		}
	}
}

// A saved moment is looked at without a write as well, and an archive with no more writes
// than it takes to unpack it.
func TestSandboxKillsNoLookAtSnapshots(t *testing.T) {
	skipShort(t)
	t.Parallel()
	l := newSandboxLab(t)
	for _, to := range []string{"folder", "all.tar.zst"} {
		if status, out := l.run(savesName, "save --all $DIR/"+to); status.ExitStatus() != 0 {
			t.Fatalf("%v\n%s", status, out)
		}
		program := looksName
		if to != "folder" {
			program = savesName
		}
		for _, line := range []string{"ls", "dump MstMetalive", "check MstMetalive", "streams", "doctor", "clean"} {
			if status, out := l.run(program, line+" --moment $DIR/"+to); status.Signaled() || status.ExitStatus() > 1 {
				t.Errorf("%s %s: %v\n%s", program, line, status, out)
			}
		}
	}
}

// The filters do kill: each of these lines writes, in the sandbox that forbids it.
func TestSandboxKills(t *testing.T) {
	skipShort(t)
	t.Parallel()
	l := newSandboxLab(t)
	shmtool(t, l.shm, "create", "own", "--records", "3", "--field", "n:uint8")
	for _, c := range []struct{ program, line string }{
		{looksName, "create $DIR/new --records 3 --field n:uint8"},
		{savesName, "create $DIR/new --records 3 --field n:uint8"},
		{looksName, "append own n=1"},
		{savesName, "mark own reload"},
		{looksName, "rm own"},
		{looksName, "save $TRACK $DIR/page"},
		{looksName, "record $TRACK:keys --for 1s -w $DIR/keys.mcap"},
		{looksName, "streams -o openmetrics --to $DIR/metrics"},
		{savesName, "simulate --stream other --for 1s"},
	} {
		if status, out := l.run(c.program, c.line); status.Signal() != syscall.SIGSYS {
			t.Errorf("%s %s: %v\n%s", c.program, c.line, status, out)
		}
	}
}

// needsSandbox skips where the kernel has no seccomp filters.
func needsSandbox(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(looksName, "--version").CombinedOutput(); err != nil {
		t.Skipf("no seccomp filters here: %s", out)
	}
}

// sandboxLab is a simulation that runs, and a folder for what commands save.
type sandboxLab struct {
	t               *testing.T
	shm, dir, track string
}

func newSandboxLab(t *testing.T) *sandboxLab {
	t.Helper()
	needsSandbox(t)
	l := &sandboxLab{t: t, shm: t.TempDir(), dir: t.TempDir()}
	p := launch(t, l.shm, "simulate", "--for", "0", "--backlog", "2s", "--gop", "5")
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(os.Interrupt)
		p.done()
	})
	p.until("a track with a viewer", func() bool {
		tracks, _ := filepath.Glob(filepath.Join(l.shm, "MstTraklive@*"))
		viewers, _ := filepath.Glob(filepath.Join(l.shm, "MstUserlive*"))
		if len(tracks) < 3 || len(viewers) == 0 {
			return false
		}
		l.track = filepath.Base(tracks[0])
		return true
	})
	return l
}

// run runs a line, and returns how it ended and what it said.
func (l *sandboxLab) run(program, line string) (syscall.WaitStatus, string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, l.words(line)...)
	cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+l.shm)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begun := time.Now()
	_ = cmd.Run()
	if cmd.ProcessState == nil {
		l.t.Fatalf("%s does not start", program)
	}
	l.t.Logf("%s %s: %v, %v", program, line, cmd.ProcessState, time.Since(begun))
	return cmd.ProcessState.Sys().(syscall.WaitStatus), out.String()
}

// words returns the arguments of a line.
func (l *sandboxLab) words(line string) []string {
	return strings.Fields(strings.NewReplacer("$DIR", l.dir, "$TRACK", l.track).Replace(line))
}
