package streams

import (
	"fmt"

	"shmtool/layout/mist"
)

func (l *looker) lock(s *Stream, o *Object) error {
	b, err := l.small(o)
	if err != nil || len(b) == 0 {
		return err
	}
	sem, err := mist.DecodeSemaphore(b, o.Is.Form)
	if err != nil {
		return fmt.Errorf("semaphore: %w", err)
	}
	lock := Lock{Object: o, Semaphore: sem}
	if sem.Held() {
		lock.Users = l.usersOf(o, sem)
	}
	s.Locks = append(s.Locks, lock)
	return nil
}

// usersOf returns the processes that have a semaphore in memory. A semaphore counts who waits
// for it, so that the threads of processes need not be looked at when none does; a process
// that was killed as it waited is counted for ever.
func (l *looker) usersOf(o *Object, sem mist.Semaphore) []LockUser {
	l.mu.Lock()
	defer l.mu.Unlock()
	var users []LockUser
	for _, m := range l.mapped[o.Identity] {
		u := LockUser{}
		if u.Process, _ = l.table.Look(m.PID); u.Process.Name == "" {
			continue
		}
		if u.Known = l.at.Living && sem.Waiters == 0 && !sem.Marked; !u.Known {
			u.Waits, u.Known = l.table.Waits(m)
		}
		if u.Process.Name == "MistSession" {
			u.Children = l.table.Children(m.PID)
		}
		users = append(users, u)
	}
	return users
}
