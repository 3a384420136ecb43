package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
	"shmtool/relaccx/semaphore"
)

// The test binary is its own other processes: with this variable set to "hold",
// "wait" or "open" and a semaphore's path it does that until it is killed, or the
// test has ended.
const partVariable = "DOCTOR_TEST_PART"

func TestMain(m *testing.M) {
	part := os.Getenv(partVariable)
	if part == "" {
		os.Exit(m.Run())
	}
	what, path, _ := strings.Cut(part, " ")
	if err := play(what, path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// makeLock makes a semaphore that is held as the C library does: under another name, which
// it then loses.
func makeLock(path string) (*semaphore.Semaphore, error) {
	making := filepath.Join(filepath.Dir(path), "sem.Ab12Cd")
	if err := os.WriteFile(making, mist.Semaphore{Value: 0, Size: 32}.Encode(), 0o600); err != nil {
		return nil, err
	}
	sem, err := semaphore.Open(making)
	if err == nil {
		err = errors.Join(os.Link(making, path), os.Remove(making))
	}
	return sem, err
}

func play(what, path string) error {
	if what == "make" {
		sem, err := makeLock(path)
		if err != nil {
			return err
		}
		fmt.Println("ready")
		return sem.Wait(context.Background())
	}
	sem, err := semaphore.Open(path)
	if err != nil {
		return err
	}
	switch what {
	case "hold":
		if _, err := sem.TryWait(); err != nil {
			return err
		}
	case "wait":
		fmt.Println("ready")
		return sem.Wait(context.Background())
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin) // until the test ends
	return errors.Join(err, sem.Close())
}

// user is another process that has the semaphore in memory.
type user struct{ cmd *exec.Cmd }

func startUser(t *testing.T, what, path string) *user {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	u := &user{exec.Command(program)}
	u.cmd.Env = append(os.Environ(), partVariable+"="+what+" "+path)
	out, err := u.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.cmd.StdinPipe(); err != nil { // it ends with this process
		t.Fatal(err)
	}
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return u
}

func (u *user) pid() int { return u.cmd.Process.Pid }

func (u *user) kill() {
	if u.cmd.ProcessState == nil {
		_ = u.cmd.Process.Kill()
		_ = u.cmd.Wait()
	}
}

// Who holds a lock, who waits for it, that nobody has it in memory any more, and
// that it is free: told apart.
func TestShortLockOfProcesses(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "relaccx-test-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "sem.MstSemTRKSlive")
	sem, err := semaphore.Create(path, 1, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := sem.Close(); err != nil {
		t.Fatal(err)
	}
	check := func(what string, holders, waiting []int) {
		t.Helper()
		var got *finding.Finding
		for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(10 * time.Millisecond) { // a waiter may be on its way into the kernel
			if got = stuckLock(t, dir); got != nil && samePIDs(got.Evidence["holders"], holders) && samePIDs(got.Evidence["waiting"], waiting) {
				t.Logf("%s: %s", what, got.Message)
				return
			}
		}
		t.Errorf("%s: %+v, want holders %v, waiting %v", what, got, holders, waiting)
	}

	open := startUser(t, "open", path)
	if f := stuckLock(t, dir); f != nil {
		t.Errorf("free, and yet %+v", f)
	}
	open.kill()
	holder := startUser(t, "hold", path)
	check("held", []int{holder.pid()}, nil)
	waiter := startUser(t, "wait", path)
	check("held and waited for", []int{holder.pid()}, []int{waiter.pid()})
	holder.kill()
	check("its holder dead", nil, []int{waiter.pid()})
	waiter.kill()
	check("all dead", nil, nil)
}

// stuckLock is the finding about the lock, if there is one.
func stuckLock(t *testing.T, dir string) *finding.Finding {
	t.Helper()
	m, err := streams.Look(dir, procs.Open("/proc", dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	found := Suspicions(nil, m)
	if i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.Code == finding.ShortLockStuck }); i >= 0 {
		return &found[i]
	}
	return nil
}

func samePIDs(evidence any, want []int) bool {
	got, _ := evidence.([]int)
	return slices.Equal(got, want)
}

// The process that made a lock waits for it as any other does, and is seen to when the
// lock is deleted, though it has it in memory under no name of a lock.
func TestMakerOfADeletedLock(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "relaccx-test-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "MstSTATElive"), []byte{byte(mist.StateReady)}, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sem.MstSemTRKSlive")
	maker := startUser(t, "make", path)
	if f := stuckLock(t, dir); f == nil || f.Evidence["deleted"] != nil {
		t.Errorf("held, and yet %+v", f)
	}
	opener := startUser(t, "open", path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var f *finding.Finding
	for begun := time.Now(); f == nil && time.Since(begun) < time.Minute; time.Sleep(10 * time.Millisecond) { // it may be on its way into the kernel
		f = stuckLock(t, dir)
	}
	if f == nil || f.Evidence["deleted"] != true || !samePIDs(f.Evidence["waiting"], []int{maker.pid()}) ||
		!samePIDs(f.Evidence["holders"], []int{opener.pid()}) || f.Stream != "live" || f.Object != "sem.MstSemTRKSlive" {
		t.Errorf("deleted, and yet %+v", f)
	}
}
