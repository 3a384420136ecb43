package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/mistserver"
)

// role is what a process of a simulation is.
type role string

const (
	roleAngel        role = "angel"  // holds the input's lock, and has the buffer as its child
	roleBuffer       role = "buffer" // runs the stream's window
	roleSource       role = "source" // feeds one track
	roleViewer       role = "viewer"
	roleLockedWriter role = "locked-writer" // the way before RelAccX, to compare with
	roleLockedReader role = "locked-reader"
	roleActor        role = "actor"   // of a drill: does what its fault needs, and stays until it is killed
	roleHandler      role = "handler" // of a drill: plays a trigger's handler, a child of the buffer
)

const (
	partVerb     = "simulated"    // first word of a part's command line
	partVariable = "SHMTOOL_PART" // its part, as JSON
	idFlag       = "--simulation" // in its command line, by which Clean finds it
	processName  = "shmtool"      // comm of all parts, whatever the program's file is called

	// The files that a part is started with, besides the usual three.
	reportFile   = 3
	lifelineFile = 4

	// orphanTime is how long parts go on when their simulation's process was
	// killed: long enough to look at, and no longer.
	orphanTime = time.Minute
)

// part is everything that one process is told.
type part struct {
	Simulation string              `json:"simulation"` // its ID
	Role       role                `json:"role"`
	Stream     string              `json:"stream,omitempty"`
	Number     int                 `json:"number,omitempty"` // of sources and viewers, from 1
	ShmDir     string              `json:"shm_dir"`
	Tracks     int                 `json:"tracks"`  // of the stream
	Viewers    int                 `json:"viewers"` // likewise
	Settings   mistserver.Settings `json:"settings"`
	Media      media               `json:"media"`
	Epoch      int64               `json:"epoch"`            // CLOCK_MONOTONIC of media time 0, ns
	Poll       time.Duration       `json:"poll"`             // between a viewer's looks
	Orphan     time.Duration       `json:"orphan"`           // how long it outlives the simulation's process
	LockedPage string              `json:"locked,omitempty"` // path of the page with the lock
	Fault      string              `json:"fault,omitempty"`  // of a drill: the code of what the part does wrong
	Key        uint64              `json:"key,omitempty"`    // of a drill: that an actor waits for
}

func (p part) place() mistserver.Place { return mistserver.Place{Dir: p.ShmDir} }

// args returns the part's command line. Those of an input have "-s STREAM" in it, as
// MistServer's have, by which an input is known.
func (p part) args() []string {
	if p.Role == roleHandler {
		return []string{processName, handlerName, p.Stream}
	}
	args := []string{processName, partVerb, string(p.Role)}
	switch {
	case p.Role == roleAngel || p.Role == roleBuffer:
		args = append(args, "-s", p.Stream)
	case p.Stream != "":
		args = append(args, "--stream", p.Stream)
	}
	if p.Number > 0 {
		args = append(args, "--number", strconv.Itoa(p.Number))
	}
	return append(args, idFlag, p.Simulation)
}

// IsPart reports whether this process was started as a part of a simulation.
func IsPart(args []string, getenv func(string) string) bool {
	return len(args) > 1 && (args[1] == partVerb || args[1] == handlerName) && getenv(partVariable) != ""
}

// RunPart does what a part is to do, and gives its exit code.
func RunPart(getenv func(string) string) int {
	var p part
	if err := json.Unmarshal([]byte(getenv(partVariable)), &p); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", partVariable, err)
		return 2
	}
	_ = os.WriteFile("/proc/self/comm", []byte(p.comm()), 0) // it is only a name
	syscall.CloseOnExec(reportFile)
	syscall.CloseOnExec(lifelineFile)
	r := newReporter(os.NewFile(reportFile, "reports"), p.Role)
	ctx, cancel := p.lifetime()
	defer cancel()
	err := p.run(ctx, r)
	if err != nil {
		r.send(message{Kind: kindFailed, Text: strings.ReplaceAll(err.Error(), "\n", "; ")})
	}
	r.close()
	if err != nil {
		return 1
	}
	return 0
}

// comm returns the name of the part's process.
func (p part) comm() string {
	if p.Role == roleHandler {
		return handlerName
	}
	return processName
}

// lifetime ends when the part is told to end, or has been without its
// simulation for too long.
func (p part) lifetime() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	_ = unix.SetNonblock(lifelineFile, true) // so that reading it takes no thread
	lifeline := os.NewFile(lifelineFile, "lifeline")
	go func() {
		<-signals
		cancel()
	}()
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := lifeline.Read(b); err != nil { // nothing is ever written: it is the end
				break
			}
		}
		time.AfterFunc(p.Orphan, cancel)
	}()
	return ctx, cancel
}

func (p part) run(ctx context.Context, r *reporter) error {
	switch p.Role {
	case roleAngel:
		return p.angel(ctx, r)
	case roleBuffer:
		return p.buffer(ctx, r)
	case roleSource:
		return p.source(ctx, r)
	case roleViewer:
		return p.viewer(ctx, r)
	case roleLockedWriter:
		return p.lockedWriter(ctx)
	case roleLockedReader:
		return p.lockedReader(ctx, r)
	case roleActor:
		return p.actor(ctx, r)
	case roleHandler:
		return p.handle(ctx, os.Stdin)
	}
	return errors.New("no such role: " + string(p.Role))
}
