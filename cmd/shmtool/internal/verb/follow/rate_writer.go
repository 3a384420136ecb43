package follow

import (
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// writerSight is what rate knows of the process that writes a page.
type writerSight struct {
	Pid   int // 0: never seen
	name  string
	Known bool // alive is
	alive bool
}

// writers is what the writers of many pages are found by, as it is at one time.
type writers struct {
	table   *procs.Table
	holders map[procs.Object]int // of the locks; nil: not read yet
}

func (w *writers) lockHolders() map[procs.Object]int {
	if w.holders == nil {
		w.holders = w.table.LockHolders()
	}
	return w.holders
}

// look finds out who writes the page at path: the holder of its lock, else the owner by
// MistServer's rules, else the process seen before or named by the page.
func (s *writerSight) look(w *writers, path string) {
	table := w.table
	if info, err := os.Stat(path); err == nil {
		if pid := w.lockHolders()[table.File(info).Identity]; pid != 0 {
			s.Pid = pid
		} else if owner, ok := table.Owner(path); ok {
			s.Pid = owner.PID
		}
	}
	if is, ok := mist.ParseName(filepath.Base(path)); ok && s.Pid == 0 && is.PID > 0 {
		s.Pid = is.PID
	}
	s.check(table)
}

// check looks whether the writer is alive.
func (w *writerSight) check(table *procs.Table) {
	if w.Pid == 0 {
		return
	}
	p, life := table.Look(w.Pid)
	w.Known, w.alive = life != procs.Unknown, life == procs.Alive
	if p.Name != "" {
		w.name = p.Name
	}
}

// text returns a text that says that the writer is dead, "" when it may live.
func (w *writerSight) text() string {
	if w.Pid == 0 || !w.Known || w.alive {
		return ""
	}
	return "writer " + object.ProcessText(procs.Process{PID: w.Pid, Name: w.name}) + " is dead"
}

func (w *writerSight) pidOrNil() *int {
	if w.Pid == 0 {
		return nil
	}
	return &w.Pid
}

func (w *writerSight) aliveOrNil() *bool {
	if w.Pid == 0 || !w.Known {
		return nil
	}
	return &w.alive
}
