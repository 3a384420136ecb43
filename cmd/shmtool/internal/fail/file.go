package fail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// OnFile returns err as one about the output file that the user named. It does not
// show the name of the file's temporary form.
func OnFile(name string, err error) error {
	return Output(fmt.Errorf("file %q: %w", name, Bare(err)))
}

// Output returns err as one about what was to be written: input that is wrong, unless
// the medium cannot take it, or the system failed.
func Output(err error) error {
	if NoRoom(err) || kernel.Broken(err) {
		return As(WriteFailed, err)
	}
	return As(BadInput, err)
}

// Unwritten reports whether output did not get where it was to go.
func Unwritten(err error) bool {
	return Is(err, WriteFailed) || OnOpen(err, os.Stdout) && NoRoom(err)
}

// NoRoom reports whether the medium could not take what was written.
func NoRoom(err error) bool {
	return among(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO)(err)
}

// OnOpen reports whether an error is about an open file, and not about what is put
// there.
func OnOpen(err error, f *os.File) bool {
	var about *fs.PathError
	return errors.As(err, &about) && about.Path == f.Name()
}
