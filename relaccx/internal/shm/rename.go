package shm

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrOther means that another object has got the name. It is an *OtherError.
var ErrOther = errors.New("another object has the name")

// OtherError is ErrOther. When the other object could not get its name back, because a
// third one had it, Kept is the path that it has now.
type OtherError struct{ Kept string }

// Error returns one line, with the path of an object that was kept.
func (e *OtherError) Error() string {
	if e.Kept == "" {
		return ErrOther.Error()
	}
	return fmt.Sprintf("%v, and is kept as %q", ErrOther, e.Kept)
}

// Unwrap makes it ErrOther.
func (e *OtherError) Unwrap() error { return ErrOther }

// keep returns the error for an object that lies at path and has no name of its
// own: it gets one that no later command takes for a dead page's.
func keep(path string) error {
	kept := path + ".kept"
	if err := RenameNew(path, kept); err != nil {
		kept = path
	}
	return &OtherError{kept}
}

// BeforeRename is called before each rename that relies on an earlier look at
// the name. Tests put another object there.
var BeforeRename = func(path string) {}

// The flags of rename.
const (
	noReplace = 1 << iota
	exchange
)

// RenameNew gives the object at from the name to; fs.ErrExist when something
// has that name already, which rename(2) would replace.
func RenameNew(from, to string) error { return rename(from, to, noReplace) }

// Replace gives the object at from the name to, which the object old must have now; from
// then names old. ErrOther, with both names as they were, when another object has the
// name; fs.ErrNotExist when none has. When the file system cannot exchange names, old
// loses its name at once, and kept is false. ours is the object at from.
func Replace(from, to string, ours, old Identity) (kept bool, err error) {
	BeforeRename(to)
	err = rename(from, to, exchange)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) {
		return false, replaceLooking(from, to, old)
	}
	if err != nil {
		return false, err
	}
	if now, err := StatName(from); err != nil || now.Identity == old {
		return true, nil // without a look there is nothing to put back either
	}
	return false, putBack(from, to, ours)
}

// putBack gives the object at from its name to back, which ours has in its place.
func putBack(from, to string, ours Identity) error {
	if err := rename(from, to, exchange); err != nil { // the name is gone again
		if RenameNew(from, to) != nil {
			return keep(from)
		}
		return &OtherError{}
	}
	if now, err := StatName(from); err == nil && now.Identity != ours {
		return keep(from)
	}
	return &OtherError{}
}

// replaceLooking returns Replace by a look and a rename, between which the name may come
// to lead elsewhere.
func replaceLooking(from, to string, old Identity) error {
	now, err := StatName(to)
	switch {
	case err != nil:
		return err
	case now.Identity != old:
		return &OtherError{}
	}
	return rename(from, to, 0)
}

// SetAside gives the object old at path the name aside, which nothing may have.
// ErrOther when path names another object, which keeps its name.
func SetAside(path, aside string, old Identity) error {
	if now, err := StatName(path); err == nil && now.Identity != old {
		return &OtherError{}
	}
	BeforeRename(path)
	if err := RenameNew(path, aside); err != nil {
		return err
	}
	if now, err := StatName(aside); err != nil || now.Identity == old {
		return err
	}
	if RenameNew(aside, path) != nil {
		return keep(aside)
	}
	return &OtherError{}
}
