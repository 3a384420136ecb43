package fail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx"
)

// A system that fails is not an object that is no page: nothing is known of what it holds.
func TestUnread(t *testing.T) {
	onPage := func(err error) error { return &relaccx.PageError{Op: "open", Page: "x", Err: err} }
	for _, c := range []struct {
		err    error
		unread bool
		status string
	}{
		{nil, false, ""},
		{onPage(syscall.EACCES), true, "no permission"},
		{onPage(syscall.EPERM), true, "no permission"},
		{onPage(syscall.EIO), true, "input/output error"},
		{onPage(os.NewSyscallError("fstat", syscall.EIO)), true, "input/output error"},
		{onPage(syscall.EMFILE), true, "too many open files"},
		{&fs.PathError{Op: "stat", Path: "/x", Err: syscall.ENOMEM}, true, "cannot allocate memory"},
		{onPage(syscall.ENOENT), false, ""},
		{onPage(syscall.ELOOP), false, ""},
		{onPage(syscall.EWOULDBLOCK), false, ""}, // a clean removes it
		{onPage(relaccx.ErrNotPage), false, ""},
		{onPage(relaccx.ErrTruncated), false, ""},
		{fmt.Errorf("at 3: %w", &layout.FormatError{}), false, ""},
		{errors.New("something else"), false, ""},
	} {
		if got := Unread(c.err); got != c.unread {
			t.Errorf("Unread(%v) is %v", c.err, got)
		}
		if c.unread && UnreadStatus(c.err) != c.status {
			t.Errorf("UnreadStatus(%v) is %q, not %q", c.err, UnreadStatus(c.err), c.status)
		}
	}
}
