package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
)

const (
	partVerb     = "measured"           // first word of a part's command line
	partVariable = "SHMTOOL_BENCH_PART" // its part, as JSON
)

// role is what a process of a benchmark does.
type role string

const (
	roleWriter       role = "writer"        // publishes records with the time, and pauses behind each
	roleFlood        role = "flood"         // publishes records at a rate
	roleReader       role = "reader"        // follows the page, and measures
	roleFollowers    role = "followers"     // follows it many times, and throws away
	roleLockedWriter role = "locked-writer" // the way before RelAccX
	roleLockedReader role = "locked-reader"
	roleStreams      role = "streams" // holds the objects of MistServer's streams
)

// part is all that one process is told.
type part struct {
	Role  role   `json:"role"`
	Page  string `json:"page"` // its path
	CPU   int    `json:"cpu"`  // to run on; -1 is any
	Wake  bool   `json:"wake,omitempty"`
	Spin  bool   `json:"spin,omitempty"`
	Count int    `json:"count,omitempty"` // of readers; of records a second
	Epoch int64  `json:"epoch,omitempty"`
}

// answer is what a part says at its end.
type answer struct {
	Written uint64         `json:"written,omitempty"`
	Seen    *measure.Tally `json:"seen,omitempty"`
	CPU     float64        `json:"cpu"` // percent of a core
	Error   string         `json:"error,omitempty"`
}

// IsPart reports whether this process was started as a part of a benchmark.
func IsPart(args []string, getenv func(string) string) bool {
	return len(args) > 1 && args[1] == partVerb && getenv(partVariable) != ""
}

// RunPart does the work of a part until standard input ends, and returns the exit code.
// It writes "ready" when it has begun, and its answer at the end.
func RunPart(getenv func(string) string) int {
	var p part
	if err := json.Unmarshal([]byte(getenv(partVariable)), &p); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", partVariable, err)
		return 2
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it has no words, and ends with its parent
		cancel()
	}()
	a := p.measured(ctx)
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil || a.Error != "" {
		return 1
	}
	return 0
}

// measured runs the part, and says which part of a core it has used.
func (p part) measured(ctx context.Context) *answer {
	a := &answer{}
	var err error
	if p.CPU >= 0 {
		err = kernel.Pin(p.CPU)
	}
	cpu, _, _ := kernel.OwnUsage()
	begun := time.Now()
	if err == nil {
		err = p.run(ctx, a)
	}
	after, _, _ := kernel.OwnUsage()
	a.CPU = percent(after-cpu, time.Since(begun))
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func (p part) run(ctx context.Context, a *answer) (err error) {
	switch p.Role {
	case roleWriter:
		a.Written, err = p.write(ctx)
	case roleFlood:
		a.Written, err = p.flood(ctx)
	case roleReader:
		a.Seen, err = p.read(ctx)
	case roleFollowers:
		err = p.follow(ctx)
	case roleLockedWriter:
		ready()
		err = measure.WriteLocked(ctx, p.Page, func(n uint64) int64 { return p.Epoch + int64(n)*int64(time.Second)/lockedRate })
	case roleLockedReader:
		var seen *measure.Tally
		if seen, err = measure.ReadLocked(ctx, p.Page, p.Count, ready); err == nil {
			a.Seen, err = seen.Whole()
		}
	case roleStreams:
		err = p.hold(ctx)
	default:
		err = fmt.Errorf("no such role: %s", p.Role)
	}
	return err
}

func ready() { fmt.Println("ready") }

// errSilent is a part that has ended without an answer.
var errSilent = errors.New("ended without an answer")

// child is a part that runs.
type child struct {
	part part
	stop func() // tells it to end
	out  *bufio.Reader
	wait func() error
}

// start starts a part, and returns when it is ready.
func (s *site) start(ctx context.Context, p part) (*child, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := s.command(ctx, partVerb, string(p.Role))
	cmd.Env = append(os.Environ(), partVariable+"="+string(text))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr // a panic's last words
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{part: p, stop: func() { in.Close() }, out: bufio.NewReader(out), wait: cmd.Wait}
	line, err := c.out.ReadString('\n')
	if err == nil && line == "ready\n" {
		return c, nil
	}
	return nil, errors.Join(fmt.Errorf("%s: %w", p.Role, errSilent), c.refused(line), c.wait())
}

// refused returns the error of an answer that came instead of "ready".
func (c *child) refused(line string) error {
	var a answer
	if json.Unmarshal([]byte(line), &a) != nil || a.Error == "" {
		return nil
	}
	return errors.New(a.Error)
}

// end tells a part to end, and returns its answer.
func (c *child) end() (*answer, error) {
	c.stop()
	a := &answer{}
	err := json.NewDecoder(c.out).Decode(a)
	if waitErr := c.wait(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.part.Role, errSilent), waitErr)
	}
	if a.Error != "" {
		return nil, fmt.Errorf("%s: %s", c.part.Role, a.Error)
	}
	if a.Seen != nil {
		err = a.Seen.Decode()
	}
	return a, err
}
