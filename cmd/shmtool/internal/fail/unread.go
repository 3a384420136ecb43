package fail

import (
	"errors"
	"io/fs"
	"syscall"

	"shmtool/cmd/shmtool/internal/cause"
)

// Unread reports whether err says that an object was not read, so that nothing is known of
// what it holds: you may not read it, or the system failed. An object that vanished, is no
// file, or is just being removed is none of those.
func Unread(err error) bool {
	var errno syscall.Errno
	switch {
	case denied(err):
		return true
	case !errors.As(err, &errno) || errno == syscall.EWOULDBLOCK:
		return false
	}
	class := Of(err)
	return class == Internal || class == NoSpace
}

// UnreadText returns why an object was not read, in a few words.
func UnreadText(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "permission denied"
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return cause.Of(err).Error()
}

// UnreadStatus returns what stands as the status of an object that was not read.
func UnreadStatus(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "no permission"
	}
	return UnreadText(err)
}
