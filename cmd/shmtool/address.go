package main

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

	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// target is what a PAGE on the command line means.
type target struct {
	arg   string // as it was typed
	path  string // of the object
	stdin bool
	steps []relaccx.Step // to the nested page
}

// info is what is known of the whole object by its name: of a saved page, by that
// of the file. What comes through a pipe has none.
func (t target) info() *mist.PageInfo {
	if t.stdin {
		return nil
	}
	return mist.Lookup(filepath.Base(t.path))
}

// rulesOf returns what is known of a page that was opened for a target: by its name,
// or by its fields where it is a copy or came through a pipe, and its name says nothing.
func rulesOf(c *cli.Call, t target, p *relaccx.Page) *mist.PageInfo {
	if info := t.info(); info != nil || !t.stdin && filepath.Dir(t.path) == filepath.Clean(c.ShmDir) {
		return info
	}
	r, err := p.Peek()
	if err != nil {
		return nil
	}
	return mist.Recognize(r.Schema())
}

// onPage returns err as one about the page of the target.
func (t target) onPage(err error) error { return fail.OnPage(t.arg, fail.Secretive(t.info(), err)) }

// clockOf returns the time by which the times since boot of a target's page are told: now,
// or when the snapshot was saved that the page belongs to.
func clockOf(c *cli.Call, t target) mist.Clock {
	if t.stdin {
		return clockIn(c, "")
	}
	return clockIn(c, filepath.Dir(t.path))
}

// clockIn is clock for the pages of a directory, "" for those that come through a pipe.
func clockIn(c *cli.Call, dir string) mist.Clock { return c.Procs().PageClock(dir) }

// clockHere is clock for the directory of shared memory.
func clockHere(c *cli.Call) mist.Clock { return clockIn(c, c.ShmDir) }

// optionsFor returns the options of a rendering of a target's page at one time.
func optionsFor(c *cli.Call, t target) dump.Options {
	o := c.Out.Rendering()
	o.Clock = sync.OnceValue(func() mist.Clock { return clockOf(c, t) })
	return o
}

// nestedInfo is what is known by its name of the page that the target leads to.
func (t target) nestedInfo() *mist.PageInfo { return t.within(t.info()) }

func (t target) within(info *mist.PageInfo) *mist.PageInfo {
	for _, step := range t.steps {
		info = info.Nested(step.Field)
	}
	return info
}

// onePage is the single PAGE argument of most commands.
func onePage(c *cli.Call) (target, error) {
	if len(c.Args) == 0 {
		return target{}, fail.Usagef("needs a PAGE; shmtool ls lists the pages")
	}
	if len(c.Args) > 1 {
		return target{}, fail.Usagef("takes one PAGE, and %q is too much", c.Arg(1))
	}
	return address(c, c.Arg(0))
}

// address finds the object that an argument means. An object whose name is the
// whole argument wins; else what stands behind a colon, tried from the right,
// is the way to a nested page.
func address(c *cli.Call, arg string) (target, error) {
	t, err := findTarget(c, arg)
	if err == nil {
		sayHidden(c, t)
	}
	return t, err
}

// sayHidden says that a page whose name is the whole argument hides one that is
// nested in another.
func sayHidden(c *cli.Call, t target) {
	if t.stdin || len(t.steps) > 0 {
		return
	}
	for end := strings.LastIndexByte(t.arg, ':'); end > 0; end = strings.LastIndexByte(t.arg[:end], ':') {
		if _, err := os.Lstat(t.path); err != nil {
			return
		}
		if recording.Holds(c.PathOf(t.arg[:end]), t.arg[end+1:]) {
			c.Warn("page %q is an object of that name; it hides the page nested in %q", t.arg, t.arg[:end])
			return
		}
	}
}

func findTarget(c *cli.Call, arg string) (target, error) {
	if arg == "-" {
		return target{arg: arg, path: arg, stdin: true}, nil
	}
	if way, ok := strings.CutPrefix(arg, "-:"); ok {
		steps, err := parseSteps(way)
		return target{arg: arg, path: "-", stdin: true, steps: steps}, err
	}
	if arg == "" {
		return target{}, fail.Usagef("PAGE is empty")
	}
	whole := c.PathOf(arg)
	if _, err := os.Lstat(whole); err == nil {
		return target{arg: arg, path: whole}, nil
	}
	for end := strings.LastIndexByte(arg, ':'); end > 0; end = strings.LastIndexByte(arg[:end], ':') {
		path := c.PathOf(arg[:end])
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		steps, err := parseSteps(arg[end+1:])
		return target{arg: arg, path: path, steps: steps}, err
	}
	return target{arg: arg, path: whole}, nil
}

// mayBeNested reports whether an address has found no object, and has a colon in
// it: what stands behind that may turn out to be the way to a nested page.
func mayBeNested(t target) bool {
	if len(t.steps) > 0 || !strings.Contains(nameOf(t.arg), ":") {
		return false
	}
	_, err := os.Lstat(t.path)
	return err != nil
}

// nameOf is the last element of a path.
func nameOf(path string) string { return filepath.Base(path) }

func parseSteps(text string) ([]relaccx.Step, error) {
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

// plain refuses an address of a nested page, for what works on whole objects.
func (t target) plain() error {
	if len(t.steps) > 0 {
		return fail.Usagef("%q: this command takes a whole page, not one nested in it", t.arg)
	}
	return nil
}

// openPage maps the page of a target, read-only.
func openPage(c *cli.Call, t target) (*relaccx.Page, error) {
	if t.stdin {
		b, err := io.ReadAll(c.In)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if len(b) == 0 { // nobody makes a page there: what should have come did not
			return nil, t.onPage(fmt.Errorf("standard input is empty, %w", relaccx.ErrNotPage))
		}
		p, err := relaccx.FromBytes("-", b)
		return p, explain(c, t, err)
	}
	p, err := relaccx.Open(t.path)
	if err == nil && p.Size() == 0 && filepath.Dir(t.path) != filepath.Clean(c.ShmDir) {
		// An object of 0 bytes is being made; a file of 0 bytes is a copy that failed.
		return nil, t.onPage(errors.Join(fmt.Errorf("the file is empty, %w", relaccx.ErrNotPage), p.Close()))
	}
	return p, explain(c, t, err)
}

// explain adds to an error about a page what the user needs to go on.
func explain(c *cli.Call, t target, err error) error {
	switch {
	case err == nil:
		return nil
	case fail.Is(err, fail.BadInput): // about another file
	case t.stdin && (fail.Has[*layout.FormatError](err) || errors.Is(err, relaccx.ErrNotReady)) && len(t.steps) == 0:
		err = fail.Hinted(err, namedOnly)
	case fail.Has[*relaccx.DirectoryError](err):
		var dir *relaccx.DirectoryError
		if errors.As(err, &dir) && errors.Is(err, fs.ErrPermission) {
			err = fail.Hinted(err, fail.PermissionHint(dir.Dir))
		}
	case errors.Is(err, fs.ErrNotExist):
		err = fail.Hinted(err, fail.NotFoundHint(t.path, c.ShmDir))
	case errors.Is(err, fs.ErrPermission) && fail.HintOf(err) == "":
		err = fail.Hinted(err, fail.PermissionHint(t.path))
	}
	return t.onPage(err)
}

// namedOnly is what to do about bytes from standard input that are no page.
const namedOnly = "a state, PID, semaphore, push list or data page is known by its name only: give the path of its file"

// openReader opens a page's records, or those of the page nested in it, by the rules of
// MistServer where it is one of its pages. With peek a page that is not ready is
// shown too.
func openReader(c *cli.Call, t target, peek bool) (*relaccx.Reader, func() error, error) {
	p, err := openPage(c, t)
	if err != nil {
		return nil, nil, err
	}
	r, err := p.Reader()
	if peek && len(t.steps) == 0 && errors.Is(err, relaccx.ErrNotReady) {
		r, err = p.Peek()
	}
	if err == nil {
		open := r.WithRules(rulesOf(c, t, p)).Nested
		if peek {
			open = r.WithRules(rulesOf(c, t, p)).PeekNested
		}
		r, err = open(t.steps...)
	}
	if err != nil {
		return nil, nil, errors.Join(explain(c, t, err), p.Close())
	}
	return r, p.Close, nil
}

// notReady says on standard error that a page is shown that nobody should read
// yet.
func notReady(c *cli.Call, t target) {
	text := fmt.Sprintf("page %q is not ready: its writer has not finished it", t.arg)
	if t.stdin {
		text += "; " + namedOnly
	}
	c.Warn("%s", text)
}
