package simulate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
)

// partEnvironment keeps a part small: it has little to do, and there are
// hundreds.
var partEnvironment = []string{"GOMAXPROCS=1", "GOGC=50", "GOMEMLIMIT=32MiB", "GOTRACEBACK=single"}

// command returns the process of a part. It has the files of the given numbers of
// this process as its reports and its lifeline, and a group of its own: what a
// terminal sends to ours is not for it.
func (p Part) command(reports, lifeline uintptr) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	out, err := duplicate(reports, "reports")
	if err != nil {
		return nil, err
	}
	line, err := duplicate(lifeline, "lifeline")
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: program, Args: p.args(),
		Env:         append([]string{partVariable + "=" + string(text)}, partEnvironment...),
		Stderr:      out, // a panic's last words
		ExtraFiles:  []*os.File{out, line},
		SysProcAttr: kernel.OwnGroup(),
	}
	if options, ok := os.LookupEnv("GORACE"); ok { // of a test binary
		cmd.Env = append(cmd.Env, "GORACE="+options)
	}
	return cmd, nil
}

func duplicate(fd uintptr, name string) (*os.File, error) {
	n, err := kernel.Duplicate(fd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return os.NewFile(uintptr(n), name), nil
}

// StartChild starts p as a child of this process, which is a part itself. prepare
// may change the command first.
func (p Part) StartChild(prepare ...func(*exec.Cmd) error) (*exec.Cmd, error) {
	return startPart(p, reportFile, lifelineFile, prepare)
}

// startPart starts a part as a child of this process. The command's files are
// closed here once it has them.
func startPart(p Part, reports, lifeline uintptr, prepare []func(*exec.Cmd) error) (*exec.Cmd, error) {
	cmd, err := p.command(reports, lifeline)
	if err != nil {
		return nil, err
	}
	for _, change := range prepare {
		err = errors.Join(err, change(cmd))
	}
	if err == nil {
		err = cmd.Start()
	}
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", p.Role, err)
	}
	return cmd, nil
}

// Process is a part that was started, as its simulation sees it.
type Process struct {
	Part
	PID   int
	cmd   *exec.Cmd
	Track int  // of a source: index in the stream's list
	Count int  // that it was ready with; of a viewer: how many tracks it reads
	Ready bool // it has begun
	Live  bool // a source goes on in real time

	told               bool // to end
	failed             bool // it has said why
	ended              *os.ProcessState
	last               message        // of progress
	before             message        // the one before that
	heard, heardBefore time.Time      // when these two came
	seen               *measure.Tally // of viewers and the locked reader: what it said at its end
	followed           int            // reloads, of a viewer
	gone               map[int]bool   // tracks that a viewer has seen go
}

// Running reports whether c has not ended.
func (c *Process) Running() bool { return c.ended == nil }

// Signal sends a signal to c.
func (c *Process) Signal(sig os.Signal) error { return c.cmd.Process.Signal(sig) }

// Kill ends c by SIGKILL, as a crash does. The simulation does not report its death.
func (c *Process) Kill() error {
	c.ExpectEnd()
	return c.cmd.Process.Kill()
}

// ExpectEnd keeps the simulation from reporting the end of c.
func (c *Process) ExpectEnd() { c.told = true }

// ExpectNothing counts c as ready: the simulation does not fail if c never is.
func (c *Process) ExpectNothing() { c.Ready = true }

// note is a message, or the end, of a process; or what it wrote that is no
// message: a panic.
type note struct {
	from  *Process
	msg   message
	state *os.ProcessState
	text  string
}

// start makes a process of a part, whose notes go to inbox.
func start(p Part, lifeline *os.File, inbox chan<- note, prepare []func(*exec.Cmd) error) (*Process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd, err := startPart(p, w.Fd(), lifeline.Fd(), prepare)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	c := &Process{Part: p, PID: cmd.Process.Pid, cmd: cmd, Track: -1, gone: map[int]bool{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer r.Close()
		c.listen(r, inbox)
	}()
	go func() {
		_ = cmd.Wait() // its state says it
		if p.Role != RoleAngel {
			<-read // so that its end comes last; an angel's buffer may have the pipe for longer
		}
		inbox <- note{from: c, state: cmd.ProcessState}
	}()
	return c, nil
}

const longestMessage = 1 << 20 // a histogram is some kilobytes

func (c *Process) listen(r *os.File, inbox chan<- note) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestMessage)
	for lines.Scan() {
		n := note{from: c}
		if !strings.HasPrefix(lines.Text(), "{") || json.Unmarshal(lines.Bytes(), &n.msg) != nil {
			n.text = lines.Text()
		}
		inbox <- n
	}
}
