package server

import (
	"os"
	"os/exec"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// machineOf returns what explain's commands have to fit: the shared memory and the
// processes that are looked at, and this machine's own ps.
func machineOf(w *world.World) finding.Machine {
	m := finding.Machine{Musl: onlyMusl(w.ShmDir), NoSystemd: runsNoSystemd(w.Procs())}
	if ps, err := exec.LookPath("ps"); err == nil {
		to, err := filepath.EvalSymlinks(ps)
		m.BusyBox = err == nil && filepath.Base(to) == "busybox"
	}
	return m
}

// onlyMusl reports whether a directory has semaphores, and all have musl's names.
func onlyMusl(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	musl := false
	for _, e := range entries {
		switch of, is := mist.ParseName(e.Name()); {
		case !is || of.Kind != mist.KindSemaphore:
		case of.Form != mist.FormMusl:
			return false
		default:
			musl = true
		}
	}
	return musl
}

// runsNoSystemd reports whether the first process is known, and is not systemd.
func runsNoSystemd(t *procs.Table) bool {
	first, life := t.Look(1)
	return life == procs.Alive && first.Name != "" && first.Name != "systemd"
}
