// Package remote runs shmtool on other machines, through the ssh program of the user: there
// is no server of ours, and no protocol but shmtool's own output.
package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout/mist"
)

// CommandVariable holds another command than ssh, in words with blanks between, as rsync -e
// takes it.
const CommandVariable = "SHMTOOL_SSH_COMMAND"

// Hosts returns the hosts of a list with commas.
func Hosts(list string) ([]string, error) {
	hosts := strings.Split(list, ",")
	for i, host := range hosts {
		switch {
		case host == "":
			return nil, fail.Invalid("--ssh", list, "HOST, or HOSTS with commas between")
		case strings.HasPrefix(host, "-"):
			return nil, fail.Hinted(fail.Usagef("--ssh: host %q begins with a dash, as a flag of ssh does", host), "name the host, and put flags into ~/.ssh/config or $"+CommandVariable)
		}
		for _, before := range hosts[:i] {
			if before == host {
				return nil, fail.Usagef("--ssh names host %q twice", host)
			}
		}
	}
	return hosts, nil
}

// Run is a run of shmtool on another machine.
type Run struct {
	Host     string
	Words    []string // of shmtool's command line
	Terminal bool     // it gets a terminal of its own, which is like the one that this process has
	Alone    bool     // it asks for no password, and gives up on a machine that does not answer

	Stdin          io.Reader // nil is empty
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Do runs it, and returns the exit code of shmtool there. A signal to this process ends ctx,
// and with it the run.
func (r *Run) Do(ctx context.Context) (code int, err error) {
	program := []string{"ssh"}
	if other := strings.Fields(r.Getenv(CommandVariable)); len(other) > 0 {
		program = other
	}
	cmd := exec.CommandContext(ctx, program[0], append(program[1:], r.arguments()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.Stdin, r.Stdout, newLines{r.Stderr}
	cmd.Cancel = func() error { // ssh puts the terminal back before it ends
		if err := cmd.Process.Signal(syscall.SIGTERM); err == nil || errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return cmd.Process.Kill()
	}
	cmd.WaitDelay = lastWords
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.ExitCode() < 0 || exit.ExitCode() == sshFailed) {
		_ = pause.For(ctx, sameSignal) // its end is looked at below
	}
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return 0, fail.Hinted(fail.As(fail.Unsupported, errors.New("--ssh needs the program "+program[0]+", which is not in the PATH")), "install OpenSSH's client, or use $"+CommandVariable+" to name another")
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), r.failure(exit.ExitCode())
	case err != nil:
		return 0, OnHost(r.Host, fmt.Errorf("ssh: %w", fail.Bare(err)))
	}
	return 0, nil
}

// errSSH says that ssh failed, and not what it ran.
var errSSH = errors.New("ssh could not connect, or lost the connection")

// newLines ends lines as this machine does: ssh ends its own as a terminal wants it.
type newLines struct{ io.Writer }

func (l newLines) Write(text []byte) (int, error) {
	if _, err := l.Writer.Write(bytes.ReplaceAll(text, []byte("\r"), nil)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// sameSignal is how long the signal that has ended ssh may take to come to this process: a
// terminal sends ^C to both.
const sameSignal = 100 * time.Millisecond

// lastWords is how long ssh may take to end when it is told to.
const lastWords = time.Second

// The exit codes that are not shmtool's.
const (
	notRunnable = 126
	notThere    = 127
	sshFailed   = 255
)

// failure returns the error for an exit code that says that shmtool did not run.
func (r *Run) failure(code int) error {
	switch code {
	case notThere:
		return fail.Hinted(OnHost(r.Host, errors.New("shmtool is not there, or not in the PATH of a command that ssh runs")), "copy it to /usr/local/bin on that host")
	case notRunnable:
		return fail.Hinted(OnHost(r.Host, errors.New("shmtool cannot be run there")), "look at its mode, and whether it is made for that system")
	case sshFailed:
		return fail.Hinted(OnHost(r.Host, errSSH), "run ssh "+mist.EscapeText(r.Host)+" to see why")
	}
	return nil
}

// OnHost returns err as one about a host that could not be asked.
func OnHost(host string, err error) error {
	return fail.As(fail.HostFailed, fmt.Errorf("host %q: %w", host, err))
}

// arguments returns the arguments of ssh.
func (r *Run) arguments() []string {
	args := []string{"-o", "LogLevel=ERROR"} // no banner, and no "Connection closed" at the end
	if r.Alone {
		args = append(args, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
	}
	switch {
	case r.Terminal:
		args = append(args, "-t")
	case r.Stdin == nil:
		args = append(args, "-n", "-T")
	default:
		args = append(args, "-T")
	}
	return append(args, "--", r.Host, command(r.Words))
}

// script runs shmtool for the shell of another machine, in a POSIX shell whatever that is.
// When nothing is there to run it says nothing, because we do. The shell outlives a ^C, so
// that its exit code tells of it; ssh has none for a program that a signal ended.
const script = `PATH=$PATH:/usr/local/bin:$HOME/.local/bin:$HOME/bin:$HOME/go/bin; command -v shmtool >/dev/null || exit 127; trap : INT; shmtool "$@"; exit $?`

// command returns the words of a command line for the shell of another machine.
func command(words []string) string {
	quoted := []string{"exec", "sh", "-c", Quote(script), "shmtool"}
	for _, word := range words {
		quoted = append(quoted, Quote(word))
	}
	return strings.Join(quoted, " ")
}

// Quote returns a word as each shell takes it, also fish and csh: a backslash in quotes means
// something to fish, so it stands outside; an exclamation mark in quotes means something to
// csh.
func Quote(word string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range []byte(word) {
		switch c {
		case '\'', '\\', '!':
			b.WriteString(`'\` + string(rune(c)) + `'`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
