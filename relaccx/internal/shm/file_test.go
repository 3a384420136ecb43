package shm

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o641); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	opened, err := StatFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if named, err := StatPath(path); err != nil || named != opened {
		t.Errorf("by name %+v, %v, by file %+v", named, err, opened)
	}
	if opened.Links != 1 || opened.Size != 5 || opened.Mode != 0o641 || opened.UID != os.Getuid() || opened.GID != os.Getgid() || opened.Inode == 0 {
		t.Errorf("%+v", opened)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if st, err := StatFile(f); err != nil || st.Links != 0 || st.Identity != opened.Identity {
		t.Errorf("unlinked: %+v, %v", st, err)
	}
	if _, err := StatPath(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unlinked, by name: %v", err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if err := Lock(first, 0); err != nil {
		t.Fatal(err)
	}
	if err := Lock(first, 0); err != nil {
		t.Errorf("again, by its holder: %v", err)
	}
	begun := time.Now()
	if err := Lock(second, 12*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) < 12*time.Millisecond {
		t.Errorf("locked: %v after %v", err, time.Since(begun))
	}
	st, err := StatFile(first)
	if err != nil {
		t.Fatal(err)
	}
	if locks, err := os.Open("/proc/locks"); err == nil {
		if pid := LockHolders(locks)[st.Identity]; pid != os.Getpid() {
			t.Logf("lock holder %d, this is %d: file systems may have other device numbers there", pid, os.Getpid())
		}
		locks.Close()
	}
	got := make(chan error)
	go func() { got <- Lock(second, 30*time.Second) }()
	for deadline := time.Now().Add(30 * time.Second); !Requested(first) && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	first.Close()
	if err := <-got; err != nil {
		t.Errorf("set free: %v", err)
	}
}

func TestLockHolders(t *testing.T) {
	const text = `1: POSIX  ADVISORY  WRITE 100 00:19:8523 0 EOF
2: FLOCK  ADVISORY  READ  101 00:19:8523 0 EOF
3: FLOCK  ADVISORY  WRITE 102 00:19:85230 0 EOF
4: FLOCK  ADVISORY  WRITE 103 01:19:8523 0 EOF
5: FLOCK  ADVISORY  WRITE 4711 00:19:8523 0 EOF
5: -> FLOCK  ADVISORY  WRITE 104 00:19:8523 0 EOF
6: OFDLCK ADVISORY  WRITE -1 00:19:8524 0 EOF
7: FLOCK  ADVISORY  WRITE 4712 103:02:99 0 EOF
8: short
9: FLOCK  ADVISORY  WRITE none 00:20:1 0 EOF
10: FLOCK  ADVISORY  WRITE 5 00:20 0 EOF
11: FLOCK  ADVISORY  WRITE 5 zz:20:1 0 EOF
`
	for want, id := range map[int]Identity{
		4711: {unix.Mkdev(0, 0x19), 8523},
		4712: {unix.Mkdev(0x103, 2), 99},
		102:  {unix.Mkdev(0, 0x19), 85230},
		0:    {unix.Mkdev(0, 0x20), 1},
	} {
		if got := LockHolders(strings.NewReader(text))[id]; got != want {
			t.Errorf("%+v: %d, want %d", id, got, want)
		}
	}
	if got := LockHolders(strings.NewReader(text))[Identity{}]; got != 0 {
		t.Errorf("nobody: %d", got)
	}
}

func TestRenameNew(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := errors.Join(os.WriteFile(from, []byte("from"), 0o600), os.WriteFile(to, []byte("to"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := RenameNew(from, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "to" {
		t.Errorf("%q, %v", b, err)
	}
	if err := errors.Join(os.Remove(to), RenameNew(from, to)); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "from" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestReserve(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, -5, 4096, 2 << 20} {
		if err := Reserve(f, 8192, size); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if st, err := StatFile(f); err != nil || st.Size != 1<<20 {
			t.Errorf("the file has %d bytes after it, %v", st.Size, err)
		}
	}
	if err := Reserve(f, 0, math.MaxInt64); err == nil {
		t.Error("2^63 bytes were reserved")
	}
}

// Holes are found, and what is read of them are zeros; a file that is too short is
// a fault.
func TestHoles(t *testing.T) {
	f, err := os.CreateTemp("/dev/shm", "shm-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := int64(os.Getpagesize())
	_, err = f.WriteAt([]byte("x"), 8*page)
	if err := errors.Join(err, f.Truncate(20*page)); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[int64][2]int64{0: {8 * page, 9 * page}, 8*page + 5: {8*page + 5, 9 * page}, 9 * page: {math.MaxInt64, math.MaxInt64}} {
		if start, end := NextData(f, from); start != want[0] || end != want[1] {
			t.Errorf("behind %d: %d to %d, want %v", from, start, end, want)
		}
	}
	b := make([]byte, 3)
	if err := ReadFile(f, b, 8*page-1); err != nil || fmt.Sprintf("%q", b) != `"\x00x\x00"` {
		t.Errorf("%q, %v", b, err)
	}
	if err := ReadFile(f, b, 20*page-2); err != ErrFault {
		t.Errorf("past the end: %v", err)
	}
}
