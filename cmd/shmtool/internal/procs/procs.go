// Package procs looks at the processes around a page: who lives, who maps
// what, who holds a lock, and which process MistServer means to own an object.
package procs

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"shmtool/relaccx"
)

// Process is one process, as far as it can be seen.
type Process struct {
	PID    int
	Parent int           // PID of its parent
	Name   string        // comm, at most 15 bytes; "" where only its existence is known
	State  string        // "R", "S", …; "Z" has ended, and its parent has not looked yet
	Start  time.Duration // since the boot
	Args   []string
}

// Table is the processes of one /proc, and the shared memory they use. It is one look: what
// it has read of a process is not read again, so a later look needs another Table.
type Table struct {
	procDir, shmDir string
	ok              bool
	looked          map[int]looked
	lists           map[string][]listedTrack // of streams, once read
	mounted         func() bool              // whether procDir is a mounted proc
	showsFirst      func() bool              // whether it shows process 1, which it hides when it hides any that is not the user's own
	all             []Process                // live ones, once loaded
	loaded          bool
	left            int  // the process whose memory is left out; 0 none
	use             *Use // once looked for
	hides           bool // a process, or all of them, could not be looked at
	saved           func() *Saved
	device          func() (device uint64, sure bool) // of shmDir, and whether maps name the same
	inMemory        func() bool                       // whether shmDir is in memory
	homeSpace       func() string                     // the PID namespace in which a live table counts, if it is ours
	knownAs         func() string                     // shmDir as its processes know it
	suspended       func() time.Duration              // see Suspended
	boot            func() int64                      // see Boot
	ahead           func() time.Duration              // see findAhead
	stats           sync.Map                          // of objects that File was asked about: Object by name

	unreadMu   sync.Mutex
	unread     error       // the first failure of the system
	tellUnread func(error) // is called with it

	// Each is worked out when it is first asked for.
	users   *users
	byPID   map[int][]Mapping
	spaceOf map[int]spaced
	foreign map[string]bool
	streams map[string]bool
	named   map[string][]string
	using   map[int]map[string]bool // streams whose objects a process has in memory, by PID
	waiting map[int]threadWaits
	memory  map[int][]mapLine // the objects of MistServer's in the maps of each process, as they were for use
	devices map[int][]uint64  // of MistServer's objects that a process has in memory
}

// Open looks at procDir. One that cannot be read has no processes.
func Open(procDir, shmDir string) *Table {
	info, err := os.Stat(procDir)
	t := &Table{
		procDir: procDir, shmDir: shmDir, ok: err == nil && info.IsDir(),
		looked:  map[int]looked{},
		lists:   map[string][]listedTrack{},
		mounted: sync.OnceValue(func() bool { return isProc(procDir) }),
	}
	t.saved = sync.OnceValue(func() *Saved {
		s, err := readSaved(procDir, shmDir)
		_ = t.noteOfProcess(err) // the one that opens a snapshot is told of all else
		return s
	})
	_ = t.note(err)
	t.inMemory = sync.OnceValue(t.isInMemory)
	t.device = sync.OnceValues(t.findDevice)
	t.suspended, t.boot = sync.OnceValue(t.findSuspended), sync.OnceValue(t.systemBoot)
	t.ahead = sync.OnceValue(t.findAhead)
	t.knownAs = sync.OnceValue(func() string { return KnownAs(shmDir) })
	t.homeSpace = sync.OnceValue(func() string {
		if !t.Live() || !t.Ours() {
			return ""
		}
		return t.spaceLink("self")
	})
	t.showsFirst = sync.OnceValue(func() bool {
		_, err := t.ofProcess(1, "stat")
		return err == nil
	})
	return t
}

// Dir returns the folder of processes.
func (t *Table) Dir() string { return t.procDir }

// Alive returns a living process; a zombie is dead. One that cannot be looked at is
// not said to live; Look knows more.
func (t *Table) Alive(pid int) (Process, bool) {
	p, life := t.Look(pid)
	return p, life == Alive && p.Name != ""
}

// Stopped reports whether a process is stopped, by SIGSTOP or a debugger, as a whole.
// The signal reaches one thread first, and the others run on until they hear of it.
func (t *Table) Stopped(pid int) bool {
	threads, err := t.threadStates(pid)
	if !t.ok || err != nil {
		return false
	}
	return len(threads) > 0 && !slices.ContainsFunc(threads, func(state string) bool { return !isStopped(state) })
}

// live returns every living process.
func (t *Table) live() []Process {
	if t.loaded || !t.ok {
		return t.all
	}
	t.loaded = true
	pids, err := t.pids()
	if err != nil {
		return nil
	}
	for _, pid := range pids {
		if process, ok := t.Alive(pid); ok {
			t.all = append(t.all, process)
		}
	}
	return t.all
}

// Object tells objects apart.
type Object = relaccx.Identity

// Mappers returns the PIDs that map each object of shared memory, and whether any
// process could not be looked into.
func (t *Table) Mappers() (mappers map[Object][]int, partial bool) {
	mappers = map[Object][]int{}
	unseen, ok := t.eachMap(func(pid int, m mapLine) {
		if pids := mappers[m.object]; len(pids) == 0 || pids[len(pids)-1] != pid {
			mappers[m.object] = append(pids, pid)
		}
	})
	return mappers, !ok || len(unseen) > 0 || t.Hides()
}

// LockHolders returns the PIDs that hold the writer's lock of each object.
func (t *Table) LockHolders() map[Object]int {
	locks, err := t.text(maxMaps, "locks")
	if err != nil {
		return map[Object]int{}
	}
	return relaccx.LockHolders(bytes.NewReader(locks))
}

// Controller returns the living MistController; in a simulation the process that
// plays it and holds the lock on the controller's page, global. One that uses another
// shared memory, as in a container, is another server's.
func (t *Table) Controller(global Object) (Process, bool) {
	if p, ok := t.find(func(p Process) bool { return p.Name == "MistController" && t.within(p) }); ok {
		return p, true
	}
	pid, held := t.LockHolders()[global]
	if !held {
		return Process{}, false
	}
	return t.Alive(pid)
}

// Session returns the living process that keeps a viewer's session.
func (t *Table) Session(id string) (Process, bool) {
	return t.find(func(p Process) bool { return p.Name == "MistSession" && slices.Contains(p.Args, id) && t.within(p) })
}

// OfMist returns how many processes of MistServer live, or play it, and use this memory.
func (t *Table) OfMist() int { return len(t.Mist()) }

// Mist returns the processes of MistServer that live, or play it, and use this memory.
func (t *Table) Mist() (all []Process) {
	for _, p := range t.live() {
		if (strings.HasPrefix(p.Name, "Mist") || p.simulated()) && t.within(p) {
			all = append(all, p)
		}
	}
	return all
}

func (t *Table) find(is func(Process) bool) (Process, bool) {
	all := t.live()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Process{}, false
}
