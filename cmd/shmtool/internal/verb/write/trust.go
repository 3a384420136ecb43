package write

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/relaccx"
)

// Any user may put an object, or a symbolic link, under any name in /dev/shm. A
// command that writes therefore follows no link from a name, and touches another
// user's object only when told to: by --force, or by a path.

// writable returns the object that a command may write, and the options to open it
// with. An object that is given by its name must be the user's own.
func (a access) writable(t object.Target) (object.Target, relaccx.WriterOptions, error) {
	t, o, err := a.writableByAnyone(t)
	o.OwnOnly = !world.IsPath(t.Arg)
	return t, o, err
}

// writableByAnyone does what writable does, for objects of all users.
func (a access) writableByAnyone(t object.Target) (object.Target, relaccx.WriterOptions, error) {
	o := relaccx.WriterOptions{NoFollow: true}
	for range maxLinks {
		info, err := os.Lstat(t.Path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return t, o, nil // opening the object reports the error
		}
		to, err := os.Readlink(t.Path)
		if err != nil {
			return t, o, object.Explain(a.World, t, err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(t.Path), to)
		}
		if !world.IsPath(t.Arg) {
			return t, o, refuseLink(t, fail.Refusef("it is a symbolic link to %q, which a name does not follow", to))
		}
		if plantedLink(t.Path, info) {
			return t, o, refuseLink(t, fail.Refusef("it is a symbolic link to %q, made by %s in a directory that all may write", to, userName(uidOf(info))))
		}
		t.Path = to
	}
	return t, o, t.OnPage(syscall.ELOOP)
}

func refuseLink(t object.Target, err error) error {
	return t.OnPage(fail.Hinted(err, "give the path that it leads to"))
}

// maxLinks is how many links may lead to a page, as in the kernel.
const maxLinks = 40

// plantedLink reports whether a link may lead into a trap: it lies in a sticky
// directory that all may write, and belongs neither to us nor to the directory's
// owner. The kernel's protected_symlinks has the same rule.
func plantedLink(path string, link fs.FileInfo) bool {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || dir.Mode()&fs.ModeSticky == 0 || dir.Mode().Perm()&0o002 == 0 {
		return false
	}
	owner := uidOf(link)
	return owner != os.Geteuid() && owner != uidOf(dir)
}

func uidOf(info fs.FileInfo) int {
	if st, ok := kernel.StatOf(info); ok {
		return int(st.UID)
	}
	return -1
}

// userName returns a user's name and number, or the number alone when the name is not
// known.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}
