package cleaning

import (
	"context"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
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
	Keep      string        // why it stays; "" when no process holds it
	Waits     time.Duration // when it stays for nothing but its age: how long until it is old enough
	Evidence  []string      // that no process does
	Whole     bool          // it goes together with all others of its stream, which is dead

	file *file
}

// Free reports whether no process holds the object.
func (o *Object) Free() bool { return o.Keep == "" }

// Plan is what one scan found, in the order of removal: the objects of each stream
// (mist.CompareRemoval); then what is of no stream, and what simulations say of
// themselves.
type Plan struct {
	Objects []Object
	Living  bool            // it is this machine's, and now; else a saved moment
	Hiding  bool            // there may be processes that the table does not show
	Unseen  []procs.Process // those that may not be looked into, and may hold objects
	Foreign string          // an object that a process has which the table does not show: of another PID namespace

	options Options
	last    *survey
}

// Partial reports whether a process may hold an object that seems to be free.
func (p *Plan) Partial() bool { return p.Hiding || len(p.Unseen) > 0 }

// Scan looks twice, and judges every object that is wanted.
func Scan(ctx context.Context, o Options) (*Plan, error) {
	first, err := o.look(o.wants)
	if err != nil {
		return nil, err
	}
	second := first
	if first.moment.Living { // in a moment nothing moves
		if pause.For(ctx, o.Pause) != nil {
			return nil, ctx.Err()
		}
		if second, err = o.look(o.wants); err != nil {
			return nil, err
		}
	}
	p := &Plan{
		Objects: newJudge(&o, first, second).all(), options: o, last: second,
		Living: second.moment.Living, Hiding: second.moment.Hiding,
		Unseen: slices.DeleteFunc(slices.Clone(second.holdings.Unseen), func(p procs.Process) bool { return !second.table.MayHold(p) }),
	}
	if p.Living {
		p.Foreign, err = o.foreign(ctx, second)
	}
	return p, err
}

// Waits returns the object that has to wait the longest among those that stay for
// nothing but their age, and false when there is none.
func (p *Plan) Waits() (Object, bool) {
	var longest Object
	for _, o := range p.Objects {
		if o.Waits > longest.Waits {
			longest = o
		}
	}
	return longest, longest.Waits > 0
}

// wants: what is of no stream is wanted when all is.
func (o *Options) wants(f *file) bool {
	return o.Streams == nil || f.sim != "" || f.is.Stream != "" && o.Streams(f.is.Stream)
}
