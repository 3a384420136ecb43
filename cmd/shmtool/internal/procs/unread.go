package procs

import (
	"os"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Unread returns the first failure of the system that kept the table from reading what it
// was asked for: too many open files, no memory, a fault of the disk. In a copy a file of a
// process that you may not read is one as well. The table then knows less than there is, and
// says neither that a process is dead nor that it does not use an object. It is nil when all
// was read, also where another user's living process shows nothing.
func (t *Table) Unread() error {
	t.unreadMu.Lock()
	defer t.unreadMu.Unlock()
	return t.unread
}

// OnUnread has a function called with the first failure of which Unread tells.
func (t *Table) OnUnread(tell func(error)) {
	t.tellUnread = tell
	if err := t.Unread(); err != nil {
		tell(err)
	}
}

// other opens another table, whose failures are those of this one.
func (t *Table) other(procDir, shmDir string) *Table {
	o := Open(procDir, shmDir)
	o.OnUnread(func(err error) { t.remember(err) })
	return o
}

// note remembers err if it is a failure of the system, and returns it.
func (t *Table) note(err error) error {
	if kernel.Broken(err) {
		t.remember(err)
	}
	return err
}

// noteOfProcess does what note does with an error about a file of a process. A living
// process may keep its files from you; a copy has the files, and is not read whole.
func (t *Table) noteOfProcess(err error) error {
	if refused(err) && !t.Live() {
		t.remember(err)
	}
	return t.note(err)
}

// remember keeps the first failure, and tells of it.
func (t *Table) remember(err error) {
	t.unreadMu.Lock()
	first := t.unread == nil
	if first {
		t.unread = err
	}
	t.unreadMu.Unlock()
	if first && t.tellUnread != nil {
		t.tellUnread(err)
	}
}

// readDir lists a folder of the table.
func (t *Table) readDir(path string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(path)
	return entries, t.noteOfProcess(err)
}

// readLink reads a link of the table.
func (t *Table) readLink(path string) (string, error) {
	to, err := os.Readlink(path)
	return to, t.noteOfProcess(err)
}

// lstat looks at an object of the shared memory.
func (t *Table) lstat(path string) (os.FileInfo, error) {
	info, err := os.Lstat(path)
	return info, t.note(err)
}
