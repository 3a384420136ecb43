package cleaning

import (
	"context"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Options are what to clean.
type Options struct {
	ShmDir, ProcDir string
	Streams         func(stream string) bool // which; nil is all, and what belongs to no stream
	MinAge          time.Duration            // how long an object must not have moved
	Pause           time.Duration            // between the two looks
}

// Object is one that was looked at.
type Object struct {
	Name      string
	Is        mist.Object
	Kind      string
	Allocated int64 // bytes of memory that its removal gives back
	Identity  relaccx.Identity
	Age       time.Duration // since it was made, written or changed, as its times tell; negative in a moment
	Keep      string        // why it stays; "" when nobody holds it
	Evidence  []string      // that nobody does

	file *file
}

// Free reports whether nobody holds the object.
func (o *Object) Free() bool { return o.Keep == "" }

// Plan is what one scan found, in the order of removal: of each stream data,
// tracks, meta, users, state and PIDs, semaphores; then what is of no stream,
// and what simulations say of themselves.
type Plan struct {
	Objects []Object
	Living  bool            // it is this machine's, and now; else a saved moment
	Hiding  bool            // there may be processes that the table does not show
	Unseen  []procs.Process // those that may not be looked into, and may hold objects

	options Options
	last    *survey
}

// Partial reports whether somebody may hold what seems to be free.
func (p *Plan) Partial() bool { return p.Hiding || len(p.Unseen) > 0 }

// Scan looks twice, and judges every object that is wanted.
func Scan(ctx context.Context, o Options) (*Plan, error) {
	first, err := o.look(o.wants)
	if err != nil {
		return nil, err
	}
	second := first
	if first.moment.Living { // in a moment nothing moves
		if !pause(ctx, o.Pause) {
			return nil, ctx.Err()
		}
		if second, err = o.look(o.wants); err != nil {
			return nil, err
		}
	}
	return &Plan{
		Objects: newJudge(&o, first, second).all(), options: o, last: second,
		Living: second.moment.Living, Hiding: second.moment.Hiding,
		Unseen: slices.DeleteFunc(slices.Clone(second.holdings.Unseen), func(p procs.Process) bool { return !second.table.MayHold(p) }),
	}, nil
}

// wants: what is of no stream is wanted when all is.
func (o *Options) wants(f *file) bool {
	return o.Streams == nil || f.sim != "" || f.is.Stream != "" && o.Streams(f.is.Stream)
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
