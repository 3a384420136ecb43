//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// beside is what a command has around it besides its files: what the last word of a line
// says. <FILE is its standard input, and |FILE the same through a pipe; ?PATH is what a
// client asks serve for; =KEYS is a terminal, and what is typed on it.
type beside struct {
	input io.Reader
	asks  string
	keys  *string

	tty   *tty
	heard *heard
}

// besideOf takes the last word off a line that says what is beside the command.
func besideOf(words []string) (rest []string, b *beside, err error) {
	n := len(words) - 1
	b = &beside{}
	if n < 1 || !strings.ContainsAny(words[n][:1], "<|?=") {
		return words, b, nil
	}
	word := words[n][1:]
	switch words[n][0] {
	case '<', '|':
		var f *os.File
		f, err = os.Open(word)
		if b.input = f; words[n][0] == '|' {
			b.input = io.MultiReader(f)
		}
	case '?':
		b.asks = word
	case '=':
		b.keys = &word
	}
	return words[:n], b, err
}

// close closes what the command had open.
func (b *beside) close() {
	if f, is := b.input.(*os.File); is {
		_ = f.Close()
	}
	if b.tty != nil {
		b.tty.close()
	}
}

// ready gives a command what is beside it, before it starts.
func (b *beside) ready(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdin = b.input
	switch {
	case b.asks != "":
		b.heard = &heard{address: make(chan string, 1)}
		cmd.Stderr = b.heard
	case b.keys != nil:
		b.tty = newTTY(t, *b.keys)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = b.tty.slave, b.tty.slave, b.tty.slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
}

// wait waits until a command has ended, and returns what it wrote besides.
func (b *beside) wait(cmd *exec.Cmd) (stdout, stderr string, answered bool) {
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	switch {
	case b.heard != nil:
		select {
		case address := <-b.heard.address:
			stdout = ask(address, b.asks)
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended
			answered = cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM
		case <-ended:
		}
		return stdout, b.heard.text.String(), answered
	case b.tty != nil:
		<-ended
		return b.tty.shown(), "", false
	}
	<-ended
	return "", "", false
}

// heard is the standard error of serve, which says where it listens.
type heard struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
	told    bool
}

var listens = regexp.MustCompile(`listening on (http://\S+)\n`)

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, err := h.text.Write(p)
	if m := listens.FindSubmatch(h.text.Bytes()); m != nil && !h.told {
		h.told = true
		h.address <- string(m[1])
		h.text.Reset() // the port is another one each time
	}
	return n, err
}

// momentary are the metrics that differ from look to look.
var momentary = regexp.MustCompile(`(?m)^shmtool_look_.*\n`)

// ask returns the status of an answer, and its text: of a report and of a snapshot, which
// have times in them, only when it is an error.
func ask(address, path string) string {
	client := &http.Client{Timeout: tooLong, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(address + path)
	if err != nil {
		return "no answer: " + err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "half an answer: " + err.Error()
	}
	text := strings.ReplaceAll(momentary.ReplaceAllString(string(body), ""), ".0\n", "\n") // whole numbers
	if answer.StatusCode == http.StatusOK && path != "metrics" {
		text = ""
	}
	return answer.Status + "\n" + text
}

// tty is a terminal of its own. Keys are typed on it once something is drawn.
type tty struct {
	t             *testing.T
	master, slave *os.File
	before        unix.Termios
	ended         chan struct{} // nothing more comes
	text          bytes.Buffer  // once ended
}

func newTTY(t *testing.T, keys string) *tty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	var slave *os.File
	if err == nil {
		err = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	tm := &tty{t: t, master: master, slave: slave, ended: make(chan struct{})}
	tm.before = tm.modes()
	go tm.read(keys)
	return tm
}

// read takes what is drawn, and types the keys when the first screen has come.
func (tm *tty) read(keys string) {
	defer close(tm.ended)
	b := make([]byte, 4096)
	for {
		n, err := tm.master.Read(b)
		tm.text.Write(b[:n])
		if keys != "" && strings.Contains(tm.text.String(), enterScreen) && tm.text.Len() > len(enterScreen) {
			_, _ = tm.master.WriteString(keys)
			keys = ""
		}
		if err != nil {
			return
		}
	}
}

func (tm *tty) modes() unix.Termios {
	modes, err := unix.IoctlGetTermios(int(tm.master.Fd()), unix.TCGETS)
	if err != nil {
		tm.t.Fatal(err)
	}
	return *modes
}

// shown returns what was drawn in all, and how the terminal was not restored.
func (tm *tty) shown() string {
	after := tm.modes()
	_ = tm.slave.Close() // the last one: reading ends
	<-tm.ended
	text := tm.text.String()
	if after != tm.before {
		text += notRestored
	}
	if strings.LastIndex(text, enterScreen) > strings.LastIndex(text, leaveScreen) {
		text += notLeft
	}
	return text
}

const (
	enterScreen = "\x1b[?1049h"
	leaveScreen = "\x1b[?1049l"
	notRestored = "\nthe modes of the terminal are not restored"
	notLeft     = "\nthe screen is not left"
)

func (tm *tty) close() {
	_ = tm.slave.Close()
	_ = tm.master.Close()
}

// drawn judges what a command left on a terminal.
func (b *broken) drawn(r, well result) {
	_, after, _ := strings.Cut(r.stdout, leaveScreen)
	for _, sign := range []string{"runtime error", "panic:", "goroutine ", notRestored, notLeft} {
		if strings.Contains(r.stdout, sign) {
			b.faultf("on its terminal is %q:\n%q", sign, after)
		}
	}
	if r.code != well.code && !strings.Contains(r.stdout, "shmtool: ") {
		b.faultf("exit code %d without a word:\n%q", r.code, after)
	}
}
