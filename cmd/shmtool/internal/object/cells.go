package object

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// OrNull returns a string for a cell, or null when it is empty.
func OrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// TextOrNull does what OrNull does for a string that may hold any bytes.
func TextOrNull(s string) any {
	if s == "" {
		return nil
	}
	return dump.Text(s)
}

// OrNil returns the value that a pointer leads to, or null.
func OrNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// ProcessText returns a process's PID, and its name when that is known.
func ProcessText(p procs.Process) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", p.PID, mist.EscapeName(p.Name)))
}

func toned(value, text string, good bool) dump.Cell {
	tone := dump.Attention
	if good {
		tone = dump.Good
	}
	return dump.Cell{Value: value, Text: text, Tone: tone}
}
