package remote

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// A word comes to a program as it is, whatever shell the other machine has.
func TestQuote(t *testing.T) {
	words := []string{"", "plain", "it's", `a"b`, "$(date) `date` $HOME", `back\slash\\ \' \n`, "!! a!b", "a;b|c>d&e", "*?[x]{a,b}~#", " blank ", "\x1b[31m", "é\xff"}
	for _, shell := range []string{"sh", "bash", "zsh", "fish", "tcsh", "csh"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		for _, word := range words {
			cmd := exec.Command(path, "-c", "/usr/bin/printf '%s' "+Quote(word))
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			if got, err := cmd.Output(); (err != nil || string(got) != word) && !(strings.Contains(word, "\xff") && strings.HasSuffix(shell, "csh")) {
				t.Errorf("%s: %q came as %q: %v", shell, word, got, err)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	for _, wrong := range []string{"", "a,", ",a", "-oProxyCommand=x", "a,-b", "a,b,a"} {
		if _, err := Hosts(wrong); !fail.Is(err, fail.Usage) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if hosts, err := Hosts("a,user@b,ssh://c:22"); err != nil || len(hosts) != 3 {
		t.Errorf("%q: %v", hosts, err)
	}
}

// What a host sends has an end, whatever it sends.
func TestBounded(t *testing.T) {
	b := bounded{room: 5}
	for range 3 {
		if n, err := b.Write([]byte("abc")); n != 3 || err != nil {
			t.Fatal(n, err)
		}
	}
	if b.String() != "abcab" || !b.over {
		t.Errorf("%q", b.String())
	}
}

func TestListen(t *testing.T) {
	var a Answer
	message := a.listen("shmtool: ls: one\r\nbanner\n{\"error\":{\"message\":\"no\",\"hint\":\"do\"}}\n{\"other\":1}\n")
	if message != "no; do" || strings.Join(a.Said, "|") != `one|banner|{"other":1}` {
		t.Errorf("%q %q", message, a.Said)
	}
}
