package streams

import (
	"errors"
	"syscall"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// unread returns the objects that were there when a moment was saved, and could not be
// read: they are not missing.
func (l *looker) unread() []*Object {
	saved := l.table.Saved()
	if saved == nil {
		return nil
	}
	var all []*Object
	for _, was := range saved.Unread {
		o := &Object{
			Name: string(was.Name), Size: was.Size, Allocated: was.Allocated, Mode: was.Mode.Perm(), Modified: was.Modified,
			Identity: relaccx.Identity{Device: was.Device, Inode: was.Inode}, unread: problemOf(was),
		}
		o.Is, _ = mist.ParseName(o.Name)
		all = append(all, o)
	}
	return all
}

// problemOf returns why an object was not read: in most cases it may not be.
func problemOf(o procs.SavedObject) error {
	switch o.Problem {
	case syscall.EACCES.Error():
		return syscall.EACCES
	case procs.Unnamed: // nothing is wrong with it, but that it may not be read
		return fail.Worded(syscall.EACCES, o.Problem)
	}
	return errors.New(o.Problem)
}
