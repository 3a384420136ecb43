package procs

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// LooksOn reports whether a holder is a shmtool that only reads what it has, such
// as top, tail and record. It keeps no stream alive, and what it reads may lose its
// name. The parts of a simulation do not look on: they play MistServer.
func (t *Table) LooksOn(h Holder) bool {
	if h.Writes || h.simulated() || len(h.Args) > 1 && h.Args[1] == "simulate" {
		return false
	}
	return h.Name == "shmtool" || h.PID != os.Getpid() && t.runsOurs(h.PID)
}

// ownProgram is the file of the program that runs here.
var ownProgram = sync.OnceValue(func() os.FileInfo {
	info, err := os.Stat("/proc/self/exe")
	if err != nil {
		return nil
	}
	return info
})

// runsOurs reports whether a process runs the same program as this one, whatever
// its name is.
func (t *Table) runsOurs(pid int) bool {
	info, err := os.Stat(filepath.Join(t.procDir, strconv.Itoa(pid), "exe"))
	return err == nil && t.Live() && ownProgram() != nil && os.SameFile(info, ownProgram())
}
