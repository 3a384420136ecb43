package snapshot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
)

// nameable is kernel.Nameable. Tests put another system's here.
var nameable = kernel.Nameable

func allNameable(name string) bool {
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return !nameable(part) })
}

func (u *unpacking) leaveOut(object bool, name string) {
	if object {
		u.unnamed = append(u.unnamed, path.Base(name))
	}
}

// keepUnnamed notes in an unpacked snapshot that objects which it had could not be
// unpacked: they are not missing.
func keepUnnamed(root string, names []string) error {
	saved, err := procs.ReadSaved(root)
	switch {
	case err != nil:
		return err
	case saved == nil:
		return fmt.Errorf("this system takes no file of the name %q; look at it on Linux", names[0])
	}
	saved.Objects = slices.DeleteFunc(saved.Objects, func(o procs.SavedObject) bool {
		if !slices.Contains(names, string(o.Name)) {
			return false
		}
		o.Problem = procs.Unnamed
		saved.Unread = append(saved.Unread, o)
		return true
	})
	return saved.Write(root)
}
