package relaccx

import (
	"io"

	"shmtool/relaccx/internal/shm"
)

// Identity tells one object from another that has had the same name: its device
// and its inode.
type Identity = shm.Identity

// LockHolders returns the processes that hold the writer's lock of each object, read from
// the text of /proc/locks, or of a saved copy of it. Lines that do not parse are ignored.
// On file systems whose device numbers differ there from what fstat says, holders are not
// found.
func LockHolders(locks io.Reader) map[Identity]int { return shm.LockHolders(locks) }
