package cleaning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// Ending ends the processes that use streams, and removes the streams.
//
// Encoders and viewers come back every few seconds, and a stream that a process has
// taken up again cannot be removed. Ending therefore needs no moment at which no
// process has the stream: it ends the processes that are there, holds the input's lock
// so that no input starts, gives all objects other names, and only then ends the
// processes that have come meanwhile. Those that come later find nothing of the stream.
type Ending struct {
	Streams []string
	Foreign string          // as of a Plan
	Hiding  bool            // there may be processes that the table does not show
	Unseen  []procs.Process // those that may not be looked into, and may hold objects
	Members []Member        // the processes that are to be ended
	Refused string          // why nothing is ended or removed; "" when nothing speaks against it
	Objects []Object        // what is to be removed, in the order of removal

	options Options
	known   map[int]bool // by PID, those that have been told
}

// ErrSnapshot is what ScanEnding says of processes that were saved.
var ErrSnapshot = errors.New("a snapshot has no processes that can be ended")

// ErrElsewhere is what ScanEnding says of a table whose PIDs are other processes' here.
var ErrElsewhere = errors.New("its PIDs are those of another PID namespace, and mean other processes here")

// old returns why nothing is ended of MistServer 2.x, or "".
func (e *Ending) old(at *streams.Moment) string {
	for _, s := range at.Streams {
		if s.Old && slices.Contains(e.Streams, s.Name) {
			return mist.OldMeans
		}
	}
	return ""
}

// Partial reports whether a process that cannot be seen may use the streams.
func (e *Ending) Partial() bool { return e.Hiding || len(e.Unseen) > 0 }

// ScanEnding looks for everything that uses the streams. Objects whose contents do not
// match their names are removed only with force.
func ScanEnding(ctx context.Context, o Options, names []string, force bool) (*Ending, error) {
	e := &Ending{Streams: names, options: o, known: map[int]bool{}}
	s, err := o.look(e.removes)
	if err != nil {
		return nil, err
	}
	if !s.moment.Living {
		return nil, ErrSnapshot
	}
	if !s.table.Ours() {
		return nil, ErrElsewhere
	}
	if e.Foreign, err = o.foreign(ctx, s); err != nil {
		return nil, err
	}
	e.Hiding = s.moment.Hiding
	e.Unseen = slices.DeleteFunc(slices.Clone(s.holdings.Unseen), func(p procs.Process) bool { return !s.table.MayHold(p) })
	e.Members = e.members(s)
	for _, m := range e.Members {
		if why := e.refused(s, m); why != "" && e.Refused == "" {
			e.Refused = fmt.Sprintf("process %s: %s", processText(m.Process), why)
		}
	}
	if e.Refused == "" && !force {
		e.Refused = e.old(s.moment)
	}
	for _, f := range s.files {
		e.Objects = append(e.Objects, e.object(s, f))
		if f.fault != "" && !force && e.Refused == "" {
			e.Refused = fmt.Sprintf("object %q: %s", f.name, f.fault)
		}
	}
	slices.SortFunc(e.Objects, func(a, b Object) int { return inOrder(a.file, b.file) })
	return e, nil
}

func (e *Ending) object(s *survey, f *file) Object {
	return Object{
		Name: f.name, Is: f.is, Kind: string(f.is.Kind), Allocated: f.allocated, Identity: f.identity,
		Age: s.age(f), Evidence: []string{"once the processes of the stream have ended"}, file: f,
	}
}

// How long Run waits: for processes to end by themselves, which a buffer takes seconds
// for, and for the kernel to end them.
const (
	graceTime = 6 * time.Second
	killTime  = 3 * time.Second
	roundTime = 30 * time.Millisecond
	mostTries = 5 // as often as an input that is started again is ended again
)

// Run tells report of each process before it is ended, ends them, and removes the
// streams. The objects that it has removed are in Objects then. An error says what is
// left.
func (e *Ending) Run(ctx context.Context, report func(Member)) error {
	for range mostTries {
		if err := e.endAll(ctx, report); err != nil {
			return err
		}
		done, err := e.removeAll(ctx, report)
		if done || err != nil {
			return err
		}
	}
	return &KeptError{e.Streams[0], "its input is started again each time: stop the process that starts it"}
}

// endAll asks the members to end, and then those that stay, until none is left of
// those that were met here. A process that comes later is met by removeAll.
func (e *Ending) endAll(ctx context.Context, report func(Member)) error {
	s, err := e.options.look(e.removes)
	if err != nil {
		return err
	}
	members := e.members(s)
	for _, m := range members {
		if why := e.refused(s, m); why != "" {
			return &KeptError{m.Stream, fmt.Sprintf("process %s: %s", processText(m.Process), why)}
		}
	}
	var open []handle
	defer func() {
		for _, h := range open {
			h.close()
		}
	}()
	for _, m := range members {
		if h, ok := e.take(m); ok {
			open = append(open, h)
			e.tell(m, report)
			h.signal(kernel.SIGCONT) // a process that is stopped takes no other signal
			h.signal(syscall.SIGTERM)
		}
	}
	if e.await(ctx, open, graceTime) {
		return ctx.Err()
	}
	for _, h := range open {
		h.signal(syscall.SIGKILL)
	}
	if !e.await(ctx, open, killTime) && ctx.Err() == nil {
		return &KeptError{e.Streams[0], "a process of it does not end"}
	}
	return ctx.Err()
}

func (e *Ending) tell(m Member, report func(Member)) {
	if !e.known[m.PID] {
		e.known[m.PID] = true
		report(m)
	}
}

// await reports whether all processes end in time.
func (e *Ending) await(ctx context.Context, open []handle, d time.Duration) bool {
	for deadline := time.Now().Add(d); ; {
		if !slices.ContainsFunc(open, func(h handle) bool { return h.lives() }) {
			return true
		}
		if time.Now().After(deadline) || pause.For(ctx, roundTime) != nil {
			return false
		}
	}
}

// handle is a process that cannot be mistaken for another one that is given its PID.
type handle struct {
	pid, fd int
	start   time.Duration
	procDir string
}

// take gets hold of a process; false when it has ended.
func (e *Ending) take(m Member) (handle, bool) {
	h := handle{pid: m.PID, start: m.Start, procDir: e.options.ProcDir}
	fd, err := kernel.OpenProcess(m.PID)
	h.fd = fd
	if errors.Is(err, syscall.ENOSYS) {
		h.fd, err = -1, nil
	}
	if err != nil || !h.lives() {
		h.close()
		return h, false
	}
	return h, true
}

func (h handle) signal(sig syscall.Signal) {
	if h.fd >= 0 {
		_ = kernel.SignalProcess(h.fd, sig) // it may have ended
	} else if h.lives() {
		_ = kernel.Kill(h.pid, sig)
	}
}

// lives reports whether the very process lives; a zombie has ended.
func (h handle) lives() bool {
	table := procs.Open(h.procDir, "")
	p, alive := table.Alive(h.pid)
	return alive && p.Start == h.start || table.Unread() != nil // then it is not known to have ended
}

func (h handle) close() {
	if h.fd >= 0 {
		kernel.CloseProcess(h.fd)
	}
}

func (h handle) String() string { return strconv.Itoa(h.pid) }
