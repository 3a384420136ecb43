//go:build linux && amd64 && !elsewhere

package faults

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/sandbox"
)

// An object that the system fails to read looked like one without content in ls --all, and
// was left out of ls and top without a word.
func TestUnreadIsSaid(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	m := &made{lab: &lab{t: t, dir: t.TempDir()}, tracer: newTracer(t, []sandbox.Rule{{Call: unix.SYS_FSTAT}})}
	for _, folder := range append(folders, "proc") {
		m.must(os.Mkdir(m.dir+"/"+folder, 0o700))
	}
	m.quiet("create", "page", "--records", "4", "--field", "a:uint32")
	first := uint64(3) // the descriptor of the first file that is opened for itself
	for _, c := range []struct{ line, stdout, stderr string }{
		{"ls --all --fields name,status,endpos --no-header", "page  input/output error\n", "input/output error: cannot read 1 object\n"},
		{"ls", "", "cannot read 1 object that may be a page; run shmtool ls --all to list all objects\n"},
		{"top --once --interval 1ms", "", "cannot read 1 object that may be a page; run shmtool ls --all to list all objects\n"},
	} {
		p := plan{wants: func(c call) bool { return c.arguments[0] > first }, at: -1}
		all := m.trace(c.line, p).calls
		said := false
		for at := range all { // one of them is the page's
			p.at, p.fails = at+1, func(call) syscall.Errno { return syscall.EIO }
			r := m.trace(c.line, p)
			m.judge(r.result)
			said = said || r.code == fail.ExitOK && r.stdout == c.stdout && strings.Contains(r.stderr, c.stderr)
			t.Logf("%q: %d of %d: %d %q %q", c.line, p.at, len(all), r.code, r.stdout, r.stderr)
		}
		if !said {
			t.Errorf("%s: no failing call is told of", c.line)
		}
	}
}
