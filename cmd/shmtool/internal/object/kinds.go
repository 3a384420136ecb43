package object

import (
	"context"
	"slices"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// Kind is what shmtool does with the objects of one or more of MistServer's kinds that
// are no RelAccX pages. Each stands in a file of its own. The helpers for objects of few
// bytes are in few.go.
type Kind struct {
	// Noun is what messages call such an object: "a PID".
	Noun string

	names  []mist.Kind // the kinds of names that such objects have
	flags  []string    // the flags of dump that it has a use for, of those for records
	status statusFunc  // nil when ls has nothing to say
	view   viewFunc
	check  checkFunc
	follow followFunc // nil when nothing new comes
}

// kinds is the list of all kinds of objects that are no RelAccX pages.
var kinds = []*Kind{
	dataKind,
	pushKind,
	stateKind,
	pidKind,
	semaphoreKind,
	temporaryKind,
	processKind,
	pressureKind,
	attemptKind,
	oldKind,
}

type (
	// statusFunc returns the STATUS cell of ls for an object, from its first bytes.
	statusFunc func(b []byte, of mist.Object, table *procs.Table) dump.Cell

	// viewFunc returns what dump shows of an object. The printer tells which format and
	// columns are wanted.
	viewFunc func(o *Object, p *out.Printer, s Selection) (*content, error)

	// checkFunc returns what is wrong with an object, and what it says in a few words,
	// which follow its noun: ": held".
	checkFunc func(o *Object) (found []layout.Finding, says string, err error)

	// followFunc prints what an object has, and what comes.
	followFunc func(ctx context.Context, o *Object, p *out.Printer, f Following) error
)

// KindOf returns the kind of objects with such names. It is nil for pages.
func KindOf(name mist.Kind) *Kind {
	i := slices.IndexFunc(kinds, func(k *Kind) bool { return slices.Contains(k.names, name) })
	if i < 0 {
		return nil
	}
	return kinds[i]
}
