package simulate

import (
	"cmp"
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

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// Role says what a process of a simulation does. A part of any other role does
// what its Quirk says.
type Role string

const (
	RoleAngel        Role = "angel"  // holds the input's lock, and has the buffer as its child
	RoleBuffer       Role = "buffer" // runs the stream's window
	RoleSource       Role = "source" // feeds one track
	RoleViewer       Role = "viewer"
	roleLockedWriter Role = "locked-writer" // the way before RelAccX, to compare with
	roleLockedReader Role = "locked-reader"
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

// Part is everything that one process is told.
type Part struct {
	Simulation string              `json:"simulation"` // its ID
	Role       Role                `json:"role"`
	Stream     string              `json:"stream,omitempty"`
	Number     int                 `json:"number,omitempty"` // of sources and viewers, from 1
	ShmDir     string              `json:"shm_dir"`
	Tracks     int                 `json:"tracks"`  // of the stream
	Viewers    int                 `json:"viewers"` // likewise
	Settings   mistserver.Settings `json:"settings"`
	Media      Media               `json:"media"`
	Epoch      int64               `json:"epoch"`             // CLOCK_MONOTONIC of media time 0, ns
	Poll       time.Duration       `json:"poll"`              // between a viewer's looks
	Orphan     time.Duration       `json:"orphan"`            // how long it outlives the simulation's process
	LockedPage string              `json:"locked,omitempty"`  // path of the page with the lock
	Program    string              `json:"program,omitempty"` // that the process is named after, if it plays none of MistServer's
	Fault      string              `json:"fault,omitempty"`   // code of the fault that a Quirk is made for
	Key        uint64              `json:"key,omitempty"`     // likewise: the key that the part waits at
}

// Place returns where the part's objects are.
func (p Part) Place() mistserver.Place { return mistserver.Place{Dir: p.ShmDir} }

// args returns the part's command line. Those of an input have "-s STREAM" in it, as
// MistServer's have, by which an input is known.
func (p Part) args() []string {
	if p.Program != "" {
		return []string{processName, p.Program, p.Stream}
	}
	args := []string{processName, partVerb, string(p.Role)}
	switch {
	case p.Role == RoleAngel || p.Role == RoleBuffer:
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
	var p Part
	return len(args) > 1 && json.Unmarshal([]byte(getenv(partVariable)), &p) == nil &&
		(args[1] == partVerb || p.Program != "" && args[1] == p.Program)
}

// RunPart does the work of a part, with the quirk that quirkOf returns for it, and
// returns its exit code.
func RunPart(getenv func(string) string, quirkOf func(Part) Quirk) int {
	var p Part
	if err := json.Unmarshal([]byte(getenv(partVariable)), &p); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", partVariable, err)
		return 2
	}
	_ = os.WriteFile("/proc/self/comm", []byte(p.comm()), 0) // it is only a name
	kernel.Inherited(reportFile)
	kernel.Inherited(lifelineFile)
	r := newReporter(os.NewFile(reportFile, "reports"), p.Role)
	ctx, cancel := p.lifetime()
	defer cancel()
	err := p.run(ctx, r, quirkOf(p))
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
func (p Part) comm() string {
	return cmp.Or(p.Program, processName)
}

// lifetime ends when the part is told to end, or has been without its
// simulation for too long.
func (p Part) lifetime() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	kernel.Unblock(lifelineFile) // so that reading it takes no thread
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

func (p Part) run(ctx context.Context, r *reporter, q Quirk) error {
	if q.Run != nil {
		return q.Run(ctx, func(count int) { r.send(message{Kind: kindReady, Count: count}) })
	}
	switch p.Role {
	case RoleAngel:
		return p.angel(ctx, r, q)
	case RoleBuffer:
		return p.buffer(ctx, r, q)
	case RoleSource:
		return p.source(ctx, r, q)
	case RoleViewer:
		return p.viewer(ctx, r)
	case roleLockedWriter:
		return p.lockedWriter(ctx)
	case roleLockedReader:
		return p.lockedReader(ctx, r)
	}
	return errors.New("no such role: " + string(p.Role))
}
