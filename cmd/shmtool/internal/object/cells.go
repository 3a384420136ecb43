package object

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout/mist"
)

func OrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func TextOrNull(s string) any {
	if s == "" {
		return nil
	}
	return dump.Text(s)
}

// OrNil is what a pointer leads to.
func OrNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// ProcessText is a process by its PID and, where it is known, its name.
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
