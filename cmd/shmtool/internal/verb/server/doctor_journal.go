package server

import (
	"fmt"
	"io"
	"os"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/world"
)

// journal tells whether a file is the journal of systemd, which takes the priority of a line
// from a number before it.
type journal bool

// journalOf compares the file behind an output, nil for none, with the one that systemd names
// in the environment.
func journalOf(w *world.World, f *os.File) journal {
	named := w.Getenv("JOURNAL_STREAM")
	if f == nil || named == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	device, inode := kernel.Identity(info)
	return journal(named == fmt.Sprintf("%d:%d", device, inode))
}

// The priorities of syslog.
const (
	priorityError   = "<3>"
	priorityWarning = "<4>"
	priorityNotice  = "<5>"
	priorityInfo    = "<6>"
)

// prefix returns the priority of an event, for the journal alone.
func (j journal) prefix(e event) string {
	switch {
	case !bool(j):
		return ""
	case !e.came:
		return priorityInfo
	case e.Severity == finding.Error:
		return priorityError
	case e.Severity == finding.Warning:
		return priorityWarning
	}
	return priorityNotice
}

// warnings is standard error where that is the journal: each write is a line.
type warnings struct{ to io.Writer }

// Write writes a line as a warning.
func (w warnings) Write(line []byte) (int, error) {
	if _, err := w.to.Write(append([]byte(priorityWarning), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}
