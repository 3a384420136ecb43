package main

import (
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
)

// A long text goes through the pager on a terminal alone, and not when told. What the pager
// does with it decides no exit code.
func TestPager(t *testing.T) {
	t.Setenv(cli.PagerVariable, "sed -n s/^/paged:/p")
	t.Setenv("TERM", "xterm")
	dir := t.TempDir()
	shmtool(t, dir, "create", "log", "--records", "3", "--field", "n:uint8")
	for line, paged := range map[string]bool{
		"help exit-codes": true, "dump --help": true, "explain writer_dead": true, "ls": true, "dump log": true, "doctor": true,
		"get log n": false, "help exit-codes --no-pager": false, "ls --no-pager": false, "tail log": false,
	} {
		tm := onTerminal(t, 80, 24, append(strings.Fields(line), "--shm-dir", dir, "--proc-dir", t.TempDir())...)
		_ = tm.cmd.Wait()
		<-tm.read
		if said := tm.out.String(); strings.Contains(said, "paged:") != paged || tm.cmd.ProcessState.ExitCode() > 3 {
			t.Errorf("%s: %v: %q", line, tm.cmd.ProcessState, said)
		}
		if said, _ := printed(t, dir, strings.Fields(line)...); strings.Contains(said, "paged:") {
			t.Errorf("%s: no terminal: %q", line, said)
		}
	}
	t.Setenv(cli.PagerVariable, "true") // it ends at once
	tm := onTerminal(t, 80, 24, "explain", "writer_dead")
	if err := tm.cmd.Wait(); err != nil {
		t.Errorf("a pager that reads nothing: %v", err)
	}
}
