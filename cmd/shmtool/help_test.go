package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/cli"
)

// Every line of every help fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, cmd := range append(commands(), &cli.Command{}) {
		for line := range strings.Lines(shmtool(t, dir, strings.Fields("help "+cmd.Name)...)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("help %s: %d columns: %s", cmd.Name, n, line)
			}
		}
	}
}
