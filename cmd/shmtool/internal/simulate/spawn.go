package simulate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// partEnvironment keeps a part small: it has little to do, and there are
// hundreds.
var partEnvironment = []string{"GOMAXPROCS=1", "GOGC=50", "GOMEMLIMIT=32MiB", "GOTRACEBACK=single"}

// command returns the process of a part. It has the files of the given numbers of
// this process as its reports and its lifeline, and a group of its own: what a
// terminal sends to ours is not for it.
func (p part) command(reports, lifeline uintptr) (*exec.Cmd, error) {
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
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if options, ok := os.LookupEnv("GORACE"); ok { // of a test binary
		cmd.Env = append(cmd.Env, "GORACE="+options)
	}
	return cmd, nil
}

func duplicate(fd uintptr, name string) (*os.File, error) {
	n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return os.NewFile(uintptr(n), name), nil
}

// startPart starts a part as a child of this process. The command's files are
// closed here once it has them.
func startPart(p part, reports, lifeline uintptr) (*exec.Cmd, error) {
	cmd, err := p.command(reports, lifeline)
	if err != nil {
		return nil, err
	}
	p.isolate(cmd)
	err = cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", p.Role, err)
	}
	return cmd, nil
}

// process is a part that was started, as its simulation sees it.
type process struct {
	part
	pid   int
	cmd   *exec.Cmd
	track int // of a source: index in the stream's list

	tracks int // of a viewer: how many it reads

	ready, live        bool
	told               bool // to end
	failed             bool // it has said why
	ended              *os.ProcessState
	last               message      // of progress
	before             message      // the one before that
	heard, heardBefore time.Time    // when these two came
	seen               *tally       // of viewers and the locked reader: what it said at its end
	followed           int          // reloads, of a viewer
	gone               map[int]bool // tracks that a viewer has seen go
}

func (c *process) running() bool { return c.ended == nil }

// note is a message, or the end, of a process; or what it wrote that is no
// message: a panic.
type note struct {
	from  *process
	msg   message
	state *os.ProcessState
	text  string
}

// start makes a process of a part, whose notes go to inbox.
func start(p part, lifeline *os.File, inbox chan<- note) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd, err := startPart(p, w.Fd(), lifeline.Fd())
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	c := &process{part: p, pid: cmd.Process.Pid, cmd: cmd, track: -1, gone: map[int]bool{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer r.Close()
		c.listen(r, inbox)
	}()
	go func() {
		_ = cmd.Wait() // its state says it
		if p.Role != roleAngel {
			<-read // so that its end comes last; an angel's buffer may have the pipe for longer
		}
		inbox <- note{from: c, state: cmd.ProcessState}
	}()
	return c, nil
}

const longestMessage = 1 << 20 // a histogram is some kilobytes

func (c *process) listen(r *os.File, inbox chan<- note) {
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
