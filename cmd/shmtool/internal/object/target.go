// Package object is what an address on the command line leads to: a page, a page nested
// in it, or an object that is no page. Each kind of the latter is a file; kinds.go lists
// them.
package object

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Target is what a PAGE on the command line means.
type Target struct {
	Arg   string // as it was typed
	Path  string // of the object
	Stdin bool
	Steps []relaccx.Step // to the nested page
}

// Only returns the target of the single PAGE that most commands take.
func Only(w *world.World, args []string) (Target, error) {
	if len(args) == 0 {
		return Target{}, fail.PageRequired()
	}
	if len(args) > 1 {
		return Target{}, fail.Unexpected(args[1], "one PAGE")
	}
	return Address(w, args[0])
}

// Address finds the object that an argument means. An object whose name is the whole
// argument comes first. Otherwise the part behind a colon, tried from the right, is the
// way to a nested page. A semaphore is also found by the name that another C library, or
// another version of MistServer, gives it; a warning says so.
func Address(w *world.World, arg string) (Target, error) {
	t, err := Find(w, arg)
	if err == nil {
		sayHidden(w, t)
		sayOther(w, arg, t)
	}
	return t, err
}

// sayHidden warns about a page whose name is the whole argument when it hides one that is
// nested in another.
func sayHidden(w *world.World, t Target) {
	if t.Stdin || len(t.Steps) > 0 {
		return
	}
	for end := strings.LastIndexByte(t.Arg, ':'); end > 0; end = strings.LastIndexByte(t.Arg[:end], ':') {
		if _, err := os.Lstat(t.Path); err != nil {
			return
		}
		if recording.Holds(w.PathOf(t.Arg[:end]), t.Arg[end+1:]) {
			w.Warn("page %q is an object of that name; it hides the page nested in %q", t.Arg, t.Arg[:end])
			return
		}
	}
}

// Find does what Address does, without the warning about a page that another hides.
func Find(w *world.World, arg string) (Target, error) {
	if arg == "-" {
		return Target{Arg: arg, Path: arg, Stdin: true}, nil
	}
	if way, ok := strings.CutPrefix(arg, "-:"); ok {
		steps, err := ParseSteps(way)
		return Target{Arg: arg, Path: "-", Stdin: true, Steps: steps}, err
	}
	if arg == "" {
		return Target{}, fail.Usagef("PAGE is empty")
	}
	whole := w.PathOf(arg)
	if there, err := isThere(arg, whole); there || err != nil {
		return Target{Arg: arg, Path: whole}, err
	}
	for end := strings.LastIndexByte(arg, ':'); end > 0; end = strings.LastIndexByte(arg[:end], ':') {
		path := w.PathOf(arg[:end])
		there, err := isThere(arg, path)
		if err != nil {
			return Target{}, err
		}
		if !there {
			continue
		}
		steps, err := ParseSteps(arg[end+1:])
		return Target{Arg: arg, Path: path, Steps: steps}, err
	}
	if t, ok := byOtherName(w, arg); ok {
		return t, nil
	}
	return Target{Arg: arg, Path: whole}, nil
}

// isThere reports whether the object exists to which an address may lead. The error says
// that the system failed.
func isThere(arg, path string) (bool, error) {
	_, err := os.Lstat(path)
	if kernel.Broken(err) {
		return false, Target{Arg: arg, Path: path}.OnPage(err)
	}
	return err == nil, nil
}

// ParseSteps returns the way to a nested page, FIELD or FIELD@RECORD between colons.
func ParseSteps(text string) ([]relaccx.Step, error) {
	var steps []relaccx.Step
	for _, part := range strings.Split(text, ":") {
		step := relaccx.Step{Field: part}
		if at := strings.LastIndexByte(part, '@'); at >= 0 {
			n, err := strconv.ParseUint(part[at+1:], 10, 64)
			if err != nil {
				return nil, fail.Usagef("%q: what follows the @ is not a record number", part)
			}
			step = relaccx.Step{Field: part[:at], Record: n, Exact: true}
		}
		if step.Field == "" {
			return nil, fail.Usagef("%q: a colon is followed by FIELD or FIELD@RECORD", text)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// MayBeNested reports whether an address has found no object and has a colon in it: the
// part behind the colon may turn out to be the way to a nested page.
func MayBeNested(t Target) bool {
	if len(t.Steps) > 0 || !strings.Contains(NameOf(t.Arg), ":") {
		return false
	}
	_, err := os.Lstat(t.Path)
	return err != nil
}

// NameOf returns the last element of a path.
func NameOf(path string) string { return filepath.Base(path) }

// Plain refuses an address of a nested page, for commands that work on whole objects.
func (t Target) Plain() error {
	if len(t.Steps) > 0 {
		return fail.Usagef("%q: this command takes a whole page, not one nested in it", t.Arg)
	}
	return nil
}

// Key returns a text that tells pages apart, nested ones included.
func (t Target) Key() string {
	key := t.Path
	for _, step := range t.Steps {
		key += "\x00" + step.String()
	}
	return key
}

// OnPage returns err as one about the page of the target.
func (t Target) OnPage(err error) error { return fail.OnPage(t.Arg, fail.Secretive(t.Info(), err)) }

// Info returns the rules for the whole object: by its name, or the file's name when it is
// a saved page, or else by the fields that the page has. They are nil for a page from
// standard input, which Rules knows once it is open.
func (t Target) Info() *mist.PageInfo {
	if t.Stdin {
		return nil
	}
	if info := t.NamedInfo(); info != nil {
		return info
	}
	return recognized(t.Path)
}

// NamedInfo returns the rules for the whole object by its name alone, for commands that
// write: a page with a name of one's own is written as a ring, whatever its fields.
func (t Target) NamedInfo() *mist.PageInfo {
	if t.Stdin {
		return nil
	}
	return mist.Lookup(filepath.Base(t.Path))
}

// recognized returns the rules that the fields of the page at a path tell, or nil.
func recognized(path string) *mist.PageInfo {
	p, err := relaccx.Open(path)
	if err != nil {
		return nil
	}
	defer p.Close()
	r, err := p.Peek()
	if err != nil {
		return nil
	}
	return mist.Recognize(r.Schema())
}

// NestedInfo returns the rules for the page that the target leads to, as Info does.
func (t Target) NestedInfo() *mist.PageInfo { return t.Within(t.Info()) }

// Within returns the rules for the page that the target leads to, from those for the whole
// object.
func (t Target) Within(info *mist.PageInfo) *mist.PageInfo {
	for _, step := range t.Steps {
		info = info.Nested(step.Field)
	}
	return info
}
