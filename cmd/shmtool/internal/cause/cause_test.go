package cause

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"shmtool/relaccx"
)

func TestOf(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "/dev/shm/x", Err: syscall.EACCES}
	link := &os.LinkError{Op: "rename", Old: "/a", New: "/b", Err: syscall.ENOSPC}
	said := fmt.Errorf("line 3: %w", path)
	both := errors.Join(path, link)
	for _, c := range []struct{ err, of, ofFile error }{
		{nil, nil, nil},
		{syscall.EIO, syscall.EIO, syscall.EIO},
		{path, syscall.EACCES, syscall.EACCES},
		{link, syscall.ENOSPC, syscall.ENOSPC},
		{&relaccx.PageError{Op: "open", Page: "x", Err: path}, syscall.EACCES, syscall.EACCES},
		{errors.Join(nil, link), syscall.ENOSPC, syscall.ENOSPC},
		{said, said, syscall.EACCES}, // "line 3" says something
		{both, both, syscall.EACCES},
	} {
		if got := Of(c.err); !same(got, c.of) {
			t.Errorf("Of(%v) is %v, want %v", c.err, got, c.of)
		}
		if got := OfFile(c.err); !same(got, c.ofFile) {
			t.Errorf("OfFile(%v) is %v, want %v", c.err, got, c.ofFile)
		}
	}
}

func same(a, b error) bool { return fmt.Sprintf("%T %v", a, a) == fmt.Sprintf("%T %v", b, b) }
