package procs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Life is whether a process lives.
type Life uint8

// Whether a process lives. A process that cannot be looked at is never said to be dead.
const (
	Dead    Life = iota // there is none, or a zombie: it has ended
	Alive               // it may be another user's, and show nothing but that
	Unknown             // the table does not show it, and may hide it
)

// String returns "dead", "alive" or "unknown".
func (l Life) String() string { return [...]string{"dead", "alive", "unknown"}[l] }

const (
	maxPID = 1 << 22                        // the most that Linux gives out
	tick   = 10 * time.Millisecond          // in which /proc counts times, on every machine
	ticks  = uint64(1<<63-1) / uint64(tick) // that a Duration can hold
)

// Look returns a process, and whether it lives. If it does not, or if nothing else is
// known, Process has only the PID.
func (t *Table) Look(pid int) (Process, Life) {
	l, known := t.looked[pid]
	if !known {
		l = t.look(pid)
		t.looked[pid] = l
	}
	return l.process, l.life
}

// looked is what a Table has seen of a process.
type looked struct {
	process Process
	life    Life
	zombie  bool
}

func (t *Table) look(pid int) looked {
	unseen := Process{PID: pid}
	switch {
	case !t.ok:
		return looked{process: unseen, life: Unknown}
	case pid <= 0 || pid > maxPID:
		return looked{process: unseen, life: Dead}
	}
	p, err := t.Read(pid)
	switch {
	case err != nil:
		return looked{process: unseen, life: t.lifeOfUnseen(pid, err)}
	case p.Ended():
		return looked{process: unseen, life: Dead, zombie: true}
	}
	return looked{process: p, life: Alive}
}

// lifeOfUnseen reports whether a process lives that could not be read. In a saved
// moment it was not there. A living table may hide what belongs to others
// (hidepid); then the kernel is asked, where it counts PIDs as the table does.
func (t *Table) lifeOfUnseen(pid int, err error) Life {
	saved := t.saved()
	switch {
	case kernel.Broken(err):
		return Unknown
	case errors.Is(err, fs.ErrPermission) && t.Live():
		return Alive
	case errors.Is(err, fs.ErrPermission):
		return Unknown // the copy has it, and keeps it from you
	case saved != nil:
		return saved.life(pid)
	case !t.Live():
		return Dead
	case t.showsFirst(): // it hides nothing, and every process can be seen as process 1 can
		return Dead
	case !t.Ours():
		return Unknown
	}
	switch err := kernel.Kill(pid, 0); {
	case err == nil || errors.Is(err, syscall.EPERM):
		return Alive
	case errors.Is(err, syscall.ESRCH):
		return Dead
	}
	return Unknown
}

// Hides reports whether there may be processes that the table does not show, as far as it
// has looked.
func (t *Table) Hides() bool {
	if s := t.saved(); s != nil {
		return s.Processes.Hiding || t.hides || t.Unread() != nil
	}
	return !t.ok || t.hides || t.Unread() != nil || t.Live() && !t.showsFirst()
}

// Missing reports whether there is no process table at all: the objects are copies, which
// came without one.
func (t *Table) Missing() bool {
	if s := t.saved(); s != nil {
		return s.Partial
	}
	return !t.ok
}

// Ours reports whether the table's PIDs are those of our own namespace.
func (t *Table) Ours() bool {
	self, err := t.readLink(filepath.Join(t.procDir, "self"))
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// OfMist reports whether a process has the name of one of MistServer's, or of
// our own, which plays them in a simulation.
func (p Process) OfMist() bool {
	return strings.HasPrefix(p.Name, "Mist") || strings.HasPrefix(p.Name, "shmtool") || p.simulated()
}

// zombie reports whether a process had ended, and its parent had not looked yet, when the
// table looked at it.
func (t *Table) zombie(pid int) bool {
	t.Look(pid)
	return t.looked[pid].zombie
}
