package object

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/dump"
	"shmtool/layout"
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

// Info is what is known of the whole object by its name: of a saved page, by that
// of the file. What comes through a pipe has none.
func (t Target) Info() *mist.PageInfo {
	if t.Stdin {
		return nil
	}
	return mist.Lookup(filepath.Base(t.Path))
}

// Rules returns what is known of a page that was opened for a target: by its name,
// or by its fields where it is a copy or came through a pipe, and its name says nothing.
func Rules(w *world.World, t Target, p *relaccx.Page) *mist.PageInfo {
	if info := t.Info(); info != nil || !t.Stdin && filepath.Dir(t.Path) == filepath.Clean(w.ShmDir) {
		return info
	}
	r, err := p.Peek()
	if err != nil {
		return nil
	}
	return mist.Recognize(r.Schema())
}

// OnPage returns err as one about the page of the target.
func (t Target) OnPage(err error) error { return fail.OnPage(t.Arg, fail.Secretive(t.Info(), err)) }

// Clock returns the time by which the times since boot of a target's page are told: now,
// or when the snapshot was saved that the page belongs to.
func Clock(w *world.World, t Target) mist.Clock {
	if t.Stdin {
		return clockIn(w, "")
	}
	return clockIn(w, filepath.Dir(t.Path))
}

// clockIn is clock for the pages of a directory, "" for those that come through a pipe.
func clockIn(w *world.World, dir string) mist.Clock { return w.Procs().PageClock(dir) }

// ClockHere is clock for the directory of shared memory.
func ClockHere(w *world.World) mist.Clock { return clockIn(w, w.ShmDir) }

// OptionsFor returns the options of a rendering of a target's page at one time.
func OptionsFor(w *world.World, p *out.Printer, t Target) dump.Options {
	o := p.Rendering()
	o.Clock = sync.OnceValue(func() mist.Clock { return Clock(w, t) })
	return o
}

// NestedInfo is what is known by its name of the page that the target leads to.
func (t Target) NestedInfo() *mist.PageInfo { return t.Within(t.Info()) }

func (t Target) Within(info *mist.PageInfo) *mist.PageInfo {
	for _, step := range t.Steps {
		info = info.Nested(step.Field)
	}
	return info
}

// Only is the single PAGE argument of most commands.
func Only(w *world.World, args []string) (Target, error) {
	if len(args) == 0 {
		return Target{}, fail.Usagef("needs a PAGE; shmtool ls lists the pages")
	}
	if len(args) > 1 {
		return Target{}, fail.Usagef("takes one PAGE, and %q is too much", args[1])
	}
	return Address(w, args[0])
}

// Address finds the object that an argument means. An object whose name is the
// whole argument wins; else what stands behind a colon, tried from the right,
// is the way to a nested page.
func Address(w *world.World, arg string) (Target, error) {
	t, err := Find(w, arg)
	if err == nil {
		sayHidden(w, t)
	}
	return t, err
}

// sayHidden says that a page whose name is the whole argument hides one that is
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
	if _, err := os.Lstat(whole); err == nil {
		return Target{Arg: arg, Path: whole}, nil
	}
	for end := strings.LastIndexByte(arg, ':'); end > 0; end = strings.LastIndexByte(arg[:end], ':') {
		path := w.PathOf(arg[:end])
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		steps, err := ParseSteps(arg[end+1:])
		return Target{Arg: arg, Path: path, Steps: steps}, err
	}
	return Target{Arg: arg, Path: whole}, nil
}

// MayBeNested reports whether an address has found no object, and has a colon in
// it: what stands behind that may turn out to be the way to a nested page.
func MayBeNested(t Target) bool {
	if len(t.Steps) > 0 || !strings.Contains(NameOf(t.Arg), ":") {
		return false
	}
	_, err := os.Lstat(t.Path)
	return err != nil
}

// NameOf is the last element of a path.
func NameOf(path string) string { return filepath.Base(path) }

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

// Plain refuses an address of a nested page, for what works on whole objects.
func (t Target) Plain() error {
	if len(t.Steps) > 0 {
		return fail.Usagef("%q: this command takes a whole page, not one nested in it", t.Arg)
	}
	return nil
}

// Open maps the page of a target, read-only.
func Open(w *world.World, t Target) (*relaccx.Page, error) {
	if t.Stdin {
		b, err := io.ReadAll(w.In)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if len(b) == 0 { // nobody makes a page there: what should have come did not
			return nil, t.OnPage(fmt.Errorf("standard input is empty, %w", relaccx.ErrNotPage))
		}
		p, err := relaccx.FromBytes("-", b)
		return p, Explain(w, t, err)
	}
	p, err := relaccx.Open(t.Path)
	if err == nil && p.Size() == 0 && filepath.Dir(t.Path) != filepath.Clean(w.ShmDir) {
		// An object of 0 bytes is being made; a file of 0 bytes is a copy that failed.
		return nil, t.OnPage(errors.Join(fmt.Errorf("the file is empty, %w", relaccx.ErrNotPage), p.Close()))
	}
	return p, Explain(w, t, err)
}

// Explain adds to an error about a page what the user needs to go on.
func Explain(w *world.World, t Target, err error) error {
	switch {
	case err == nil:
		return nil
	case fail.Is(err, fail.BadInput): // about another file
	case t.Stdin && (fail.Has[*layout.FormatError](err) || errors.Is(err, relaccx.ErrNotReady)) && len(t.Steps) == 0:
		err = fail.Hinted(err, NamedOnly)
	case fail.Has[*relaccx.DirectoryError](err):
		var dir *relaccx.DirectoryError
		if errors.As(err, &dir) && errors.Is(err, fs.ErrPermission) {
			err = fail.Hinted(err, fail.PermissionHint(dir.Dir))
		}
	case errors.Is(err, fs.ErrNotExist):
		err = fail.Hinted(err, fail.NotFoundHint(t.Path, w.ShmDir))
	case errors.Is(err, fs.ErrPermission) && fail.HintOf(err) == "":
		err = fail.Hinted(err, fail.PermissionHint(t.Path))
	}
	return t.OnPage(err)
}

// NamedOnly is what to do about bytes from standard input that are no page.
const NamedOnly = "a state, PID, semaphore, push list or data page is known by its name only: give the path of its file"

// Read opens the records of a page, or of the page nested in it, by MistServer's rules
// where it is one of MistServer's pages. The function that it returns closes the page.
func Read(w *world.World, t Target) (*relaccx.Reader, func() error, error) {
	return openReader(w, t, (*relaccx.Page).Reader, (*relaccx.Reader).Nested)
}

// Peek is Read that also opens a page that is not ready.
func Peek(w *world.World, t Target) (*relaccx.Reader, func() error, error) {
	whole := (*relaccx.Page).Reader
	if len(t.Steps) == 0 {
		whole = readOrPeek
	}
	return openReader(w, t, whole, (*relaccx.Reader).PeekNested)
}

func readOrPeek(p *relaccx.Page) (*relaccx.Reader, error) {
	r, err := p.Reader()
	if errors.Is(err, relaccx.ErrNotReady) {
		return p.Peek()
	}
	return r, err
}

// openReader opens a target's page, its records by whole, and from there the nested
// page by nested.
func openReader(w *world.World, t Target, whole func(*relaccx.Page) (*relaccx.Reader, error), nested func(*relaccx.Reader, ...relaccx.Step) (*relaccx.Reader, error)) (*relaccx.Reader, func() error, error) {
	p, err := Open(w, t)
	if err != nil {
		return nil, nil, err
	}
	r, err := whole(p)
	if err == nil {
		r, err = nested(r.WithRules(Rules(w, t, p)), t.Steps...)
	}
	if err != nil {
		return nil, nil, errors.Join(Explain(w, t, err), p.Close())
	}
	return r, p.Close, nil
}

// NotReady says on standard error that a page is shown that nobody should read
// yet.
func NotReady(w *world.World, t Target) {
	text := fmt.Sprintf("page %q is not ready: its writer has not finished it", t.Arg)
	if t.Stdin {
		text += "; " + NamedOnly
	}
	w.Warn("%s", text)
}

// Key tells pages apart, nested ones too.
func (t Target) Key() string {
	key := t.Path
	for _, step := range t.Steps {
		key += "\x00" + step.String()
	}
	return key
}
