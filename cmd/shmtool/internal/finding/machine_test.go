package finding

import (
	"strings"
	"testing"
)

const fitted = `A page.

HOW TO SEE IT BY HAND
    shmtool dump sem.MstSemInptlive          # held; holder_alive false
    systemctl status mistserver; journalctl -u mistserver -n 50
    ps -o pid,ppid,stat,lstart,args -p PID   # Z: a zombie, dead
    ps axo pid,ppid,args | grep '[-]s live'
    ps --ppid PID -o pid,lstart,args         # the handler that runs
glibc writes sem.MstSemInptlive; systemctl and ps axo are words here.

WHAT TO DO
1. Look.
2. If systemd runs it, look:
    systemctl cat mistserver
    systemctl restart mistserver
3. Start it:
    shmtool doctor live

WHAT NOT TO DO
1. Wait.
`

func TestFit(t *testing.T) {
	if got := (Machine{}).Fit(fitted); got != fitted {
		t.Errorf("a machine with all of it changes the page:\n%s", got)
	}
	const want = `A page.

HOW TO SEE IT BY HAND
    shmtool dump MstSemInptlive              # held; holder_alive false
    ps -o pid,ppid,stat,args | grep -w PID   # Z: a zombie, dead
    ps -o pid,ppid,args | grep '[-]s live'
    ps -o ppid,pid,args | grep -w PID        # the handler that runs
glibc writes sem.MstSemInptlive; systemctl and ps axo are words here.

WHAT TO DO
1. Look.
2. Start it:
    shmtool doctor live

WHAT NOT TO DO
1. Wait.
`
	if got := (Machine{Musl: true, NoSystemd: true, BusyBox: true}).Fit(fitted); got != want {
		t.Errorf("got:\n%s", got)
	}
}

// A page keeps its form on every machine, and has no command there that the machine lacks.
func TestFitEveryPage(t *testing.T) {
	bare := Machine{Musl: true, NoSystemd: true, BusyBox: true}
	for _, code := range Explained() {
		page, _ := Explain(code)
		if got := (Machine{}).Fit(page); got != page {
			t.Errorf("%s changes", code)
		}
		fit := bare.Fit(page)
		for _, section := range Sections() {
			if !strings.Contains(fit, "\n"+section+"\n") {
				t.Errorf("%s has lost %s", code, section)
			}
		}
		for line := range strings.Lines(fit) {
			for _, word := range []string{"sem.Mst", "systemctl", "lstart", "-p PID", "ps axo"} {
				if strings.HasPrefix(line, commandIndent) && strings.Contains(line, word) {
					t.Errorf("%s has a command with %s: %s", code, word, line)
				}
			}
		}
	}
}
