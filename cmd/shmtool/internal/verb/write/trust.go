package write

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/relaccx"
)

// Any user may put an object, or a symbolic link, under any name in /dev/shm. A
// command that writes therefore follows no link from a name, and touches another
// user's object only when told to: by --force, or by a path.

// writable returns the object that a command may write, and how to open it. links
// tells what to do about a name that is a link.
func writable(c *cli.Call, t object.Target, force bool, links string) (object.Target, relaccx.WriterOptions, error) {
	o := relaccx.WriterOptions{NoFollow: true, OwnOnly: !world.IsPath(t.Arg) && !force}
	for range maxLinks {
		info, err := os.Lstat(t.Path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return t, o, nil // an error is the open's to tell
		}
		to, err := os.Readlink(t.Path)
		if err != nil {
			return t, o, object.Explain(c.World, t, err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(t.Path), to)
		}
		if !world.IsPath(t.Arg) {
			return t, o, t.OnPage(fail.Hinted(fail.Refusef("it is a symbolic link to %q, which a name does not follow", to), links))
		}
		if plantedLink(t.Path, info) {
			return t, o, t.OnPage(fail.Hinted(fail.Refusef("it is a symbolic link to %q, made by %s in a directory that all may write", to, ownerOf(info)), "give the path that it leads to"))
		}
		t.Path = to
	}
	return t, o, t.OnPage(syscall.ELOOP)
}

// maxLinks is how many links may lead to a page, as in the kernel.
const maxLinks = 40

const byItsPath = "give the path that it leads to"

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
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

func ownerOf(info fs.FileInfo) string { return userName(uidOf(info)) }

// userName returns a user's name and number, as far as they are known.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}

// anothers makes an *OwnerError a refusal that says how to go on.
func anothers(err error, hint string) error {
	var owner *relaccx.OwnerError
	if !errors.As(err, &owner) {
		return err
	}
	return fail.Hinted(fail.Refusef("it belongs to %s, and you are %s", userName(owner.UID), userName(os.Geteuid())), hint)
}

// replacedMeanwhile is the error of a command that wrote a page which lost its
// name meanwhile: no reader will look there.
func replacedMeanwhile(w *relaccx.Writer, err error) error {
	if err == nil && w.Page().Replaced() {
		return fail.Hinted(relaccx.ErrReplaced, "look at the new page, and run the command again")
	}
	return err
}
