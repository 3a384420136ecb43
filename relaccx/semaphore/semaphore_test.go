package semaphore

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// pathVariable makes this binary another process, which takes turns with the semaphore
// at the path that it names.
const pathVariable = "SEMAPHORE_TEST_PATH"

const watchdog = time.Minute

func TestMain(m *testing.M) {
	path := os.Getenv(pathVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	for script := bufio.NewScanner(os.Stdin); script.Scan(); {
		if err := other(path, script.Text()); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
}

// other does what a line says: take the semaphore for good, or count in a file beside it,
// turn by turn.
func other(path, line string) error {
	sem, err := Open(path)
	if err != nil || line == "take" {
		return errors.Join(err, sem.Wait(context.Background()))
	}
	defer sem.Close()
	var turns int
	if _, err := fmt.Sscanf(line, "count %d", &turns); err != nil {
		return err
	}
	for range turns {
		if err := turn(sem, path+".count"); err != nil {
			return err
		}
	}
	return nil
}

// child is another process that does lines and answers each.
type child struct {
	t       *testing.T
	cmd     *exec.Cmd
	script  io.WriteCloser
	answers *bufio.Scanner
}

func startChild(t *testing.T, path string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), pathVariable+"="+path)
	return start(t, cmd)
}

func start(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	cmd.Stderr = os.Stderr
	script, scriptErr := cmd.StdinPipe()
	answers, answersErr := cmd.StdoutPipe()
	if err := errors.Join(scriptErr, answersErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	c := &child{t, cmd, script, bufio.NewScanner(answers)}
	t.Cleanup(c.kill)
	return c
}

func (c *child) tell(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.script, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) answered() {
	c.t.Helper()
	if !c.answers.Scan() || c.answers.Text() != "ok" {
		c.t.Fatalf("the other process says %q, %v", c.answers.Text(), c.answers.Err())
	}
}

func (c *child) does(line string) {
	c.t.Helper()
	c.tell(line)
	c.answered()
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// turn raises the number in a file by one. Two at a time would lose some.
func turn(sem *Semaphore, path string) error {
	if err := sem.Wait(context.Background()); err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+1)
	return errors.Join(os.WriteFile(path, b, 0o600), sem.Post())
}

func newSemaphore(t *testing.T, value uint32) (*Semaphore, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sem.turn")
	sem, err := Create(path, value, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sem.Close() })
	return sem, path
}

func wantValue(t *testing.T, sem *Semaphore, value, waiters uint32) {
	t.Helper()
	v, err := sem.Value()
	if err != nil || v.Value != value || v.Waiters != waiters {
		t.Fatalf("value %d with %d waiting, %v; want %d with %d", v.Value, v.Waiters, err, value, waiters)
	}
}

// untilWaiters waits until so many wait.
func untilWaiters(t *testing.T, sem *Semaphore, waiters uint32) {
	t.Helper()
	until(t, func() bool {
		v, err := sem.Value()
		if err != nil {
			t.Fatal(err)
		}
		return v.Waiters == waiters
	})
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(watchdog); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

func TestSemaphoreObject(t *testing.T) {
	sem, path := newSemaphore(t, 1)
	b, err := os.ReadFile(path)
	if err != nil || len(b) != 32 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if want := "\x01\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00" + strings.Repeat("\x00", 20); string(b) != want {
		t.Errorf("bytes % x", b)
	}
	info, _ := os.Stat(path)
	if info.Mode() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
	if _, err := Create(path, 1, 0o600); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "sem.turn") {
		t.Errorf("created twice: %v", err)
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	again, err := Ensure(path, 1, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for _, want := range []bool{true, false} {
		if taken, err := again.TryWait(); taken != want || err != nil {
			t.Errorf("taken %v, %v; want %v", taken, err, want)
		}
	}
	wantValue(t, sem, 0, 0)
	if err := again.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) || !sem.Replaced() {
		t.Errorf("removed: %v, replaced %v", err, sem.Replaced())
	}
	fresh, err := Ensure(path, 1, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if err := sem.Remove(); err != nil { // not the one that has its name now
		t.Fatal(err)
	}
	wantValue(t, fresh, 1, 0)
	if fresh.Replaced() {
		t.Error("an old one removed a new one")
	}
}

func TestSemaphoreHostile(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 16, 31, 33, 4096} {
		path := filepath.Join(dir, fmt.Sprint("sem.", size))
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		var format *layout.FormatError
		if _, err := Open(path); !errors.As(err, &format) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := Ensure(filepath.Join(dir, "none", "sem.x"), 1, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	sem, path := newSemaphore(t, 1<<31-1)
	wantErr(t, sem.Post(), ErrTooMany)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := sem.TryWait()
	wantErr(t, err, relaccx.ErrTruncated)
	wantErr(t, sem.Post(), relaccx.ErrTruncated)
	wantErr(t, sem.Wait(t.Context()), relaccx.ErrTruncated)
}

// Processes take turns: none is lost, and nobody is left waiting.
func TestSemaphoreTurns(t *testing.T) {
	sem, path := newSemaphore(t, 1)
	count := path + ".count"
	if err := os.WriteFile(count, make([]byte, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	const processes, turns = 3, 400
	var others []*child
	for range processes {
		others = append(others, startChild(t, path))
	}
	for _, c := range others {
		c.tell(fmt.Sprint("count ", turns))
	}
	for range turns {
		if err := turn(sem, count); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range others {
		c.answered()
	}
	b, err := os.ReadFile(count)
	if n := binary.LittleEndian.Uint64(b); err != nil || n != (processes+1)*turns {
		t.Errorf("counted to %d, %v", n, err)
	}
	wantValue(t, sem, 1, 0)
}

// Who dies with it never gives it back: a waiter waits until it is posted for
// the dead, or until its context ends, and then counts as waiting no more.
func TestSemaphoreKilledHolder(t *testing.T) {
	sem, path := newSemaphore(t, 1)
	holder := startChild(t, path)
	holder.does("take")
	holder.kill()
	wantValue(t, sem, 0, 0)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- sem.Wait(ctx) }()
	untilWaiters(t, sem, 1)
	cancel()
	err := <-ended
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "sem.turn") {
		t.Errorf("cancelled: %v", err)
	}
	wantValue(t, sem, 0, 0)

	go func() { ended <- sem.Wait(t.Context()) }()
	untilWaiters(t, sem, 1)
	if err := sem.Post(); err != nil {
		t.Fatal(err)
	}
	wantErr(t, <-ended, nil)
	wantValue(t, sem, 0, 0)
}

// glibc is python3 with the system's own semaphores, by a line of script each.
const glibc = `
import ctypes, ctypes.util, sys
c = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
c.sem_open.restype = ctypes.c_void_p
c.sem_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_uint]
s = None
for line in sys.stdin:
    verb, *rest = line.split()
    if verb == "open":
        s = ctypes.c_void_p(c.sem_open(rest[0].encode(), 0o100, 0o600, 1))
        r = 0 if s.value else -1
    elif verb == "unlink": r = c.sem_unlink(rest[0].encode())
    else: r = getattr(c, "sem_" + verb)(s)
    print("ok" if r == 0 else "error %d" % ctypes.get_errno(), flush=True)
`

func startGlibc(t *testing.T) *child {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	return start(t, exec.Command(python, "-c", glibc))
}

// The C library's own functions and ours work on one object, whoever made it,
// and wake each other.
func TestSemaphoreWithGlibc(t *testing.T) {
	for _, whoMakes := range []string{"ours", "theirs"} {
		t.Run(whoMakes, func(t *testing.T) { withGlibc(t, whoMakes == "ours") })
	}
}

func withGlibc(t *testing.T, ours bool) {
	name := fmt.Sprintf("shmtool-test-%d-%v", os.Getpid(), ours)
	path := relaccx.ShmPath("sem." + name)
	t.Cleanup(func() { os.Remove(path) })
	c := startGlibc(t)
	if ours {
		made, err := Create(path, 1, 0o600)
		if err != nil {
			t.Skip(err) // no /dev/shm
		}
		made.Close()
	}
	c.does("open /" + name)
	sem, err := Open(path)
	if err != nil {
		t.Fatal(err) // of a size that is not glibc's on this machine?
	}
	defer sem.Close()
	b, err := os.ReadFile(path)
	if want := (mist.Semaphore{Layout: mist.Glibc64, Value: 1}).Encode(); err != nil || string(b) != string(want) {
		t.Fatalf("bytes % x, want % x, %v", b, want, err)
	}

	c.does("wait")
	wantValue(t, sem, 0, 0)
	ended := make(chan error)
	go func() { ended <- sem.Wait(t.Context()) }()
	untilWaiters(t, sem, 1)
	c.does("post") // theirs wakes ours
	wantErr(t, <-ended, nil)
	wantValue(t, sem, 0, 0)

	c.tell("wait")
	untilWaiters(t, sem, 1)
	if err := sem.Post(); err != nil { // ours wakes theirs
		t.Fatal(err)
	}
	c.answered()
	wantValue(t, sem, 0, 0)
	c.kill() // with it in hand
	if taken, err := sem.TryWait(); taken || err != nil {
		t.Errorf("a dead holder's is taken: %v, %v", taken, err)
	}
}
