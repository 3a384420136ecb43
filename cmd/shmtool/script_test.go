package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/sandbox"
)

// The scripts run this test binary as shmtool: the real main, in a process of
// its own. Every script has its own shared memory and its own /proc.
func TestMain(m *testing.M) {
	countGoroutines()
	if os.Getenv(cli.PagerVariable) == "" {
		os.Setenv(cli.PagerVariable, "cat") // which is none: a test that has a terminal reads what comes
	}
	os.Setenv(raceVariable, "atexit_sleep_ms=0 "+os.Getenv(raceVariable))
	testscript.Main(cleanedUp{m}, map[string]func(){"shmtool": main, looksName: strictly(sandbox.Looks), savesName: strictly(sandbox.Saves), injectedName: injected})
}

// cleanedUp removes what the tests have shared when they have run.
type cleanedUp struct{ *testing.M }

func (m cleanedUp) Run() int {
	code := m.M.Run()
	os.RemoveAll(unpacked.dir)
	return code
}

// raceVariable holds the options of the race detector, in whose binaries every
// process would sleep a second before it ends.
const raceVariable = "GORACE"

// skipShort leaves a test out of short runs: of the race detector's, which has
// nothing to see in one process after the other, and takes ten times as long.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("short")
	}
}

func TestScripts(t *testing.T) {
	skipShort(t)
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setupScript,
		// UPDATE_SCRIPTS=1 go test -run Scripts: take what cmp found for what it wants.
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: merged(objectCommands, map[string]func(*testscript.TestScript, bool, []string){
			"exits":     scriptExits,
			"fails":     scriptFails,
			"asnobody":  scriptAsNobody,
			"remember":  scriptRemember,
			"unchanged": scriptUnchanged,
			"untouched": scriptUntouched,
			"process":   scriptProcess,
			"size":      scriptSize,
			"mode":      scriptMode,
			"lines":     scriptLines,
			"appears":   scriptAppears,
			"setenv":    scriptSetenv,
			"sha256":    scriptSHA256,
			"records":   scriptRecords,
			"lock":      scriptLock,
		}),
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Getuid() == 0, nil
			case "sandbox": // that the kernel has filters of system calls
				return exec.Command(looksName, "--version").Run() == nil, nil
			case "nocontroller": // that this machine runs, whatever it serves
				return !slices.ContainsFunc(procs.Open("/proc", t.TempDir()).All(), func(p procs.Process) bool { return p.Name == "MistController" }), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func merged[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func setupScript(env *testscript.Env) error {
	env.Setenv(cli.ShmDirVariable, filepath.Join(env.WorkDir, "shm"))
	env.Setenv(cli.ProcDirVariable, filepath.Join(env.WorkDir, "proc"))
	env.Setenv(raceVariable, os.Getenv(raceVariable))
	env.Values[memoryKey{}] = map[string]remembered{}
	env.Values[locksKey{}] = map[string]*os.File{}
	return errors.Join(os.MkdirAll(filepath.Join(env.WorkDir, "shm"), 0o777), os.MkdirAll(filepath.Join(env.WorkDir, "proc"), 0o777))
}

// exits CODE PROGRAM ARG…: the program ends with just that code.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	if code := exitCode(ts, ts.Exec(args[1], args[2:]...)); code != args[0] {
		ts.Fatalf("exit code %s, not %s", code, args[0])
	}
}

func exitCode(ts *testscript.TestScript, err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &exit):
		return fmt.Sprint(exit.ExitCode())
	}
	ts.Fatalf("%v", err)
	return ""
}

// fails CODE MESSAGE ARG…: shmtool ARG… ends with just that code, with nothing
// on standard output and on standard error only the one line "shmtool: MESSAGE".
func scriptFails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fails CODE MESSAGE ARG…")
	}
	scriptExits(ts, false, append([]string{args[0], "shmtool"}, args[2:]...))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("standard output is not empty")
	}
	want := "shmtool: " + os.Expand(args[1], ts.Getenv) + "\n"
	if got := ts.ReadFile("stderr"); got != want {
		ts.Fatalf("standard error is\n%s\nnot\n%s", got, want)
	}
}

// lock FILE: this test takes the writer's lock on FILE, and gives way to no other
// writer; $PID is the PID that has it. "! lock FILE" gives it back.
func scriptLock(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] lock FILE")
	}
	path := ts.MkAbs(args[0])
	held := ts.Value(locksKey{}).(map[string]*os.File)
	if f := held[path]; f != nil {
		f.Close()
		delete(held, path)
	}
	if neg {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	ts.Check(err)
	ts.Defer(func() { f.Close() })
	held[path] = f
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	ts.Setenv("PID", fmt.Sprint(os.Getpid()))
}

type locksKey struct{}

const nobody = 65534

// asnobody CODE ARG…: shmtool ARG…, run without root's rights over files.
func scriptAsNobody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: asnobody CODE ARG…")
	}
	program, err := exec.LookPath("shmtool")
	ts.Check(err)
	work := ts.Getenv("WORK")
	for _, dir := range []string{filepath.Dir(filepath.Dir(program)), filepath.Dir(program), filepath.Dir(work), work} {
		ts.Check(os.Chmod(dir, 0o755)) // temporary ones are the owner's alone
	}
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+ts.Getenv(cli.ShmDirVariable), cli.ProcDirVariable+"="+ts.Getenv(cli.ProcDirVariable))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	if code := exitCode(ts, cmd.Run()); code != args[0] {
		ts.Fatalf("exit code %s, not %s", code, args[0])
	}
}

type remembered struct {
	hash  [sha256.Size]byte
	inode uint64
	mtime time.Time
}

type memoryKey struct{}

func look(ts *testscript.TestScript, file string) remembered {
	info, err := os.Stat(ts.MkAbs(file))
	ts.Check(err)
	return remembered{sha256.Sum256([]byte(ts.ReadFile(file))), info.Sys().(*syscall.Stat_t).Ino, info.ModTime()}
}

// remember FILE…: unchanged compares with what they are now.
func scriptRemember(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		ts.Value(memoryKey{}).(map[string]remembered)[file] = look(ts, file)
	}
}

// [!] unchanged FILE…: it is the same file with the same bytes.
func scriptUnchanged(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		was, is := ts.Value(memoryKey{}).(map[string]remembered)[file], look(ts, file)
		if same := was.hash == is.hash && was.inode == is.inode; same == neg {
			ts.Fatalf("%s: unchanged is %v", file, same)
		}
	}
}

// untouched FILE…: unchanged, and nobody wrote as much as the same bytes. (To
// wake a page's readers is a write to the kernel.)
func scriptUntouched(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		if ts.Value(memoryKey{}).(map[string]remembered)[file] != look(ts, file) {
			ts.Fatalf("%s was touched", file)
		}
	}
}

// process PID COMM STATE ARG…: a process in the script's own /proc.
func scriptProcess(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: process PID COMM STATE ARG…")
	}
	dir := filepath.Join(ts.Getenv(cli.ProcDirVariable), args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	stat := fmt.Sprintf("%s (%s) %s 1 %s %s 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 100 1000 10 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		args[0], args[1], args[2], args[0], args[0])
	ts.Check(os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o666))
	ts.Check(os.WriteFile(filepath.Join(dir, "cmdline"), []byte(strings.Join(args[3:], "\x00")+"\x00"), 0o666))
	ts.Check(os.WriteFile(filepath.Join(dir, "maps"), nil, 0o666))
}

// size BYTES FILE
func scriptSize(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprint(info.Size()); got != args[0] {
		ts.Fatalf("%s has %s bytes, not %s", args[1], got, args[0])
	}
}

// mode OCTAL FILE
func scriptMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode()&fs.ModePerm); got != args[0] {
		ts.Fatalf("%s has mode %s, not %s", args[1], got, args[0])
	}
}

// lines COUNT FILE
func scriptLines(ts *testscript.TestScript, neg bool, args []string) {
	if got := fmt.Sprint(strings.Count(ts.ReadFile(args[1]), "\n")); got != args[0] {
		ts.Fatalf("%s has %s lines, not %s", args[1], got, args[0])
	}
}

// appears PATTERN FILE: waits until what a process writes to the file matches.
func scriptAppears(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[0])
	text := ""
	for start := time.Now(); time.Since(start) < patience; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(ts.MkAbs(args[1]))
		if text = string(b); err == nil && pattern.MatchString(text) {
			return
		}
	}
	ts.Fatalf("%q did not appear in\n%s", args[0], text)
}

// setenv NAME FILE: the variable is what stands in the file.
func scriptSetenv(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// sha256 HASH FILE
func scriptSHA256(ts *testscript.TestScript, neg bool, args []string) {
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(ts.ReadFile(args[1])))); got != args[0] {
		ts.Fatalf("%s hashes %s, not %s", args[1], got, args[0])
	}
}

// records FIRST COUNT ndjson|numbered|csv|tsv FILE: records of n:uint32,
// time:uint64, msg:string:24, raw:raw:4, delta:int16, as dump prints them, or,
// tsv, as append reads them. None has a heading.
func scriptRecords(ts *testscript.TestScript, neg bool, args []string) {
	first, err1 := strconv.Atoi(args[0])
	count, err2 := strconv.Atoi(args[1])
	ts.Check(errors.Join(err1, err2))
	var b bytes.Buffer
	for n := first; n < first+count; n++ {
		time, raw, delta := uint64(1e18)+uint64(n)*40, uint32(n)*2654435761, n%65536-32768
		switch args[2] {
		case "ndjson":
			fmt.Fprintf(&b, `{"n":%d,"time":%d,"msg":"r\"%d\", x","raw":{"hex":"%08x"},"delta":%d}`+"\n", n, time, n, raw, delta)
		case "numbered":
			fmt.Fprintf(&b, `{"#":%d,"n":%d,"time":%d,"msg":"r\"%d\", x","raw":{"hex":"%08x"},"delta":%d}`+"\n", n, n, time, n, raw, delta)
		case "csv":
			fmt.Fprintf(&b, `%d,%d,"r""%d"", x",hex:%08x,%d`+"\n", n, time, n, raw, delta)
		case "tsv":
			fmt.Fprintf(&b, "%d\t%d\tr\"%d\", x\thex:%08x\t%d\n", n, time, n, raw, delta)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), b.Bytes(), 0o666))
}
