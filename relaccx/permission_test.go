package relaccx

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asOther runs the rest of the test with the user and group id of somebody else.
func asOther(t *testing.T, id int) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	if err := errors.Join(syscall.Setegid(id), syscall.Seteuid(id)); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(syscall.Seteuid(0), syscall.Setegid(0)); err != nil {
			t.Fatal(err)
		}
	})
}

func statOf(t *testing.T, path string) (mode fs.FileMode, uid, gid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return info.Mode(), st.Uid, st.Gid
}

// The mode is the one that was asked for, whatever the umask is, and a reload
// keeps the one that the page has by then.
func TestMode(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	for _, mode := range []fs.FileMode{0, 0o600, 0o644, 0o666, 0o777, 0o200} {
		path := filepath.Join(shmDir(t), "page")
		w := mustCreate(t, path, "v:uint32", 2, CreateOptions{Mode: mode})
		want := mode
		if mode == 0 {
			want = 0o600
		}
		if got, _, _ := statOf(t, path); got != want {
			t.Errorf("created with mode %v, want %v", got, want)
		}
		for _, later := range []fs.FileMode{want, 0o640, 0} {
			if err := os.Chmod(path, later); err != nil {
				t.Fatal(err)
			}
			if err := w.Reload(parseShape(t, "v:uint64", 3), ReloadOptions{}); err != nil {
				t.Fatal(err)
			}
			if got, _, _ := statOf(t, path); got != later {
				t.Errorf("reloaded with mode %v, want %v", got, later)
			}
		}
	}
}

func TestOwnerIsKept(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a page away")
	}
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, "v:uint32", 2, CreateOptions{Mode: 0o640})
	if err := os.Chown(path, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	if err := w.Reload(parseShape(t, "v:uint64", 3), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	if mode, uid, gid := statOf(t, path); mode != 0o640 || uid != 4711 || gid != 4712 {
		t.Errorf("owner %d:%d, mode %v", uid, gid, mode)
	}
}

// Who may write a page, but cannot keep its owner, does not reload it.
func TestOwnerThatCannotBeKept(t *testing.T) {
	dir := shmDir(t)
	path := filepath.Join(dir, "page")
	w := mustCreate(t, path, "v:uint32", 2, CreateOptions{Mode: 0o666})
	if err := errors.Join(os.Chmod(dir, 0o777), w.Close()); err != nil {
		t.Fatal(err)
	}
	asOther(t, 4711)
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	wantErr(t, w.Reload(parseShape(t, "v:uint64", 3), ReloadOptions{}), fs.ErrPermission)
	wantErr(t, w.Reload(parseShape(t, "v:uint64", 3), ReloadOptions{DryRun: true}), fs.ErrPermission)
	if names := namesIn(t, dir); len(names) != 1 || w.Page().Replaced() {
		t.Errorf("left behind: %v", names)
	}
}

// To read needs the right to read, and no more.
func TestReadersNeedNoRightToWrite(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, "v:uint32", 2, CreateOptions{Mode: 0o444})
	pushValues(t, w, 1)
	if err := errors.Join(os.Chmod(filepath.Dir(path), 0o755), w.Close()); err != nil {
		t.Fatal(err)
	}
	asOther(t, 4711)
	if got := valuesOf(t, mustReader(t, path)); len(got) != 1 {
		t.Errorf("read %v", got)
	}
	_, err := OpenWriter(path, WriterOptions{})
	wantErr(t, err, fs.ErrPermission)
	if want := `relaccx: open "page": permission denied`; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
	wantValues(t, follow(t, path, FollowOptions{Start: FromOldest()}), 1)
}

// mappingsOf are the rights of this process's mappings of a file.
func mappingsOf(t *testing.T, path string) (rights []string) {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 5 && words[5] == path {
			rights = append(rights, words[1])
		}
	}
	return rights
}

func TestReadersMapReadOnly(t *testing.T) {
	w := newPage(t, "v:uint32", 2)
	path := w.Page().Path()
	if got := mappingsOf(t, path); len(got) != 1 || got[0] != "rw-s" {
		t.Errorf("a Writer's mappings: %v", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, path)
	if got := mappingsOf(t, path); len(got) != 1 || got[0] != "r--s" {
		t.Errorf("a reader's mappings: %v", got)
	}
	if _, err := p.file.WriteAt([]byte{0}, 0); err == nil {
		t.Error("a reader's file can be written")
	}
	f := follow(t, path, FollowOptions{})
	nothing(t, f)
	for _, rights := range mappingsOf(t, path) {
		if rights != "r--s" {
			t.Errorf("a Follower's mapping: %s", rights)
		}
	}
}
