package pages

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Set is the pages that several arguments name, followed together: those that
// are named, and those whose names match a pattern, now and later.
type Set struct {
	world   *world.World
	options func(p *Page) relaccx.FollowOptions

	Group   relaccx.Group
	known   map[string]*Page // by path and way
	Pages   []*Page          // in the order in which they were found
	Globs   []Glob
	refused map[string]bool // names of which it was said that they cannot be read
	scanned time.Time       // when the directories were last looked at
	dirs    []*Directory    // those of the patterns
	again   bool            // the next scan may find more in the same names
	now     time.Time       // when the group last woke: what comes until it sleeps came by then
	awake   bool
	Changed func(p *Page, here bool) // a page came or went; may be nil
}

// Page is one page of the set.
type Page struct {
	object.Target
	Follower *relaccx.Follower
	Glob     bool      // a pattern found it
	Later    bool      // it appeared after the set was made
	began    bool      // something has come of it
	missing  time.Time // since when a pattern has not found it; zero: it is there
}

// Glob is an argument with a pattern. The text after a colon may be the way to a nested
// page, or belong to the name: each way to read it is tried, as with a name, the whole
// first.
type Glob struct {
	Arg  string
	Ways []globWay
}

type globWay struct {
	Dir   string
	names pattern.Pattern
	tail  string // the part of the argument after the pattern
	steps []relaccx.Step
}

const (
	// rescanEvery is how often patterns are held against the names there are.
	rescanEvery = time.Second
	// dropAfter is how long the name of a page may be gone that a pattern has
	// found: a page that is reloaded has none for so long.
	dropAfter = 10 * time.Second
)

// NewSet finds the pages of the arguments. Options returns the options to follow a page
// with.
func NewSet(w *world.World, args []string, options func(p *Page) relaccx.FollowOptions) (*Set, error) {
	s := &Set{world: w, options: options, refused: map[string]bool{}, known: map[string]*Page{}}
	for _, arg := range args {
		if IsPattern(w, arg) {
			g, err := ParseGlob(w, arg)
			if err != nil {
				return nil, err
			}
			s.Globs = append(s.Globs, g)
			s.dirs = append(s.dirs, NewDirectory(g.Ways[0].Dir))
			if err := s.scan(&Page{Glob: true}); err != nil {
				return nil, err
			}
			continue
		}
		t, err := object.Address(w, arg)
		if err != nil {
			return nil, err
		}
		if t.Stdin {
			return nil, fail.Hinted(fail.Usagef("cannot follow standard input"), "name a page")
		}
		if is, known := mist.ParseName(filepath.Base(t.Path)); known && object.KindOf(is.Kind) != nil {
			return nil, fail.Usagef("%q is not a page: it is %s", arg, object.KindOf(is.Kind).Noun)
		}
		if p := s.find(t); p != nil {
			p.Glob = false // it was also named
		} else {
			s.add(&Page{Target: t})
		}
	}
	return s, nil
}

func ParseGlob(w *world.World, arg string) (Glob, error) {
	g := Glob{Arg: arg}
	add := func(name, tail string, steps []relaccx.Step) error {
		whole := w.PathOf(name)
		names, err := pattern.New(filepath.Base(whole), false)
		if err != nil {
			return notPattern(arg)
		}
		way := globWay{filepath.Dir(whole), names, tail, steps}
		if pattern.Is(way.Dir) && !strings.HasPrefix(way.Dir, w.ShmDir) {
			return fail.Usagef("invalid pattern %q: a pattern matches names, not directories", arg)
		}
		g.Ways = append(g.Ways, way)
		return nil
	}
	if err := add(arg, "", nil); err != nil {
		return g, err
	}
	var wrong error // of what is no way to a nested page
	for end := strings.LastIndexByte(arg, ':'); end > 0; end = strings.LastIndexByte(arg[:end], ':') {
		steps, err := object.ParseSteps(arg[end+1:])
		if err != nil {
			wrong = err
			continue
		}
		if err := add(arg[:end], arg[end:], steps); err != nil {
			return g, err
		}
	}
	// MistServer lets only what follows a + have a colon.
	if object, _, _ := strings.Cut(arg, ":"); len(g.Ways) == 1 && wrong != nil && !strings.Contains(object, "+") {
		return g, wrong
	}
	return g, nil
}

// Match returns the page of a name, if the pattern finds it.
func (g *Glob) Match(dir, name string) (object.Target, bool) {
	for _, way := range g.Ways {
		if way.Dir != dir || !way.names.Matches(name) {
			continue
		}
		t := object.Target{Arg: name + way.tail, Path: filepath.Join(dir, name), Steps: way.steps}
		if strings.Contains(g.Arg[1:], "/") || strings.HasPrefix(g.Arg, ".") {
			t.Arg = t.Path + way.tail
		}
		return t, true
	}
	return object.Target{}, false
}

func (s *Set) add(p *Page) {
	p.Follower = relaccx.Follow(p.Path, s.options(p))
	s.Pages = append(s.Pages, p)
	s.known[p.Key()] = p
	s.Group.Add(p.Follower)
	if s.Changed != nil {
		s.Changed(p, true)
	}
}

func (s *Set) drop(p *Page) {
	s.Group.Remove(p.Follower)
	delete(s.known, p.Key())
	for i := range s.Pages {
		if s.Pages[i] == p {
			s.Pages = append(s.Pages[:i:i], s.Pages[i+1:]...)
			break
		}
	}
	if s.Changed != nil {
		s.Changed(p, false)
	}
	_ = p.Follower.Close() // there is nothing left to tell anyone
}

func (s *Set) of(f *relaccx.Follower) *Page {
	for _, p := range s.Pages {
		if p.Follower == f {
			return p
		}
	}
	return nil
}

// rescan adds the pages that have appeared since the last look, and drops those whose
// names have been gone for long. A directory that cannot be read now has no pages.
func (s *Set) rescan() {
	if !s.stale() {
		s.scanned = time.Now()
		return
	}
	s.again = s.scan(&Page{Glob: true, Later: true}) != nil
}

// stale reports whether a scan may find what the last one has not.
func (s *Set) stale() bool {
	stale := s.again
	for _, d := range s.dirs {
		stale = !d.Unchanged() || stale
	}
	return stale || slices.ContainsFunc(s.Pages, func(p *Page) bool { return !p.missing.IsZero() })
}

// scan adds the pages that patterns match and that are not in the set yet, each made
// like the page found. It returns the error of a directory that cannot be read.
func (s *Set) scan(found *Page) (failed error) {
	s.scanned = time.Now()
	there := map[string]bool{} // paths
	for i := range s.Globs {
		g := &s.Globs[i]
		dir := g.Ways[0].Dir
		entries, err := os.ReadDir(dir)
		if err != nil {
			failed = fail.Hinted(fileError(dir, err), "use --shm-dir to name another")
		}
		for _, entry := range entries {
			t, ok := g.Match(dir, entry.Name())
			is, known := mist.ParseName(entry.Name())
			if !ok || known && !is.Kind.IsPage() || !entry.Type().IsRegular() {
				continue
			}
			there[t.Path] = true
			if s.find(t) == nil {
				p := *found
				p.Target = t
				s.add(&p)
			}
		}
	}
	s.dropMissing(there)
	return failed
}

// find returns the page of the set that an address means.
func (s *Set) find(t object.Target) *Page { return s.known[t.Key()] }

// dropMissing lets go of pages that a pattern has found and whose names have been
// gone for too long to come back.
func (s *Set) dropMissing(there map[string]bool) {
	for _, p := range append([]*Page(nil), s.Pages...) {
		switch {
		case !p.Glob || there[p.Path]:
			p.missing = time.Time{}
		case p.missing.IsZero():
			p.missing = s.scanned
		case s.scanned.Sub(p.missing) > dropAfter:
			s.drop(p)
		}
	}
}

// Next returns the next event of any page, and the time at which it was seen. It returns
// io.EOF when all pages have come to their end, where no pattern may find others.
func (s *Set) Next(ctx context.Context) (*Page, relaccx.Event, time.Time, error) {
	for {
		f, event, err := s.Group.Next(ctx)
		now := time.Now()
		if s.awake && now.Sub(s.now) < sameLook {
			now = s.now
		}
		s.awake, s.now = true, now
		switch {
		case f == nil && errors.Is(err, io.EOF) && len(s.Globs) > 0:
			if pause.For(ctx, rescanEvery/10) != nil {
				return nil, event, now, ctx.Err()
			}
			s.Quiet(nil)
		case f == nil:
			return nil, event, now, err
		default:
			p := s.of(f)
			if err != nil && p.Glob {
				s.forget(p, err)
				continue
			}
			p.began = p.began || err == nil
			return p, event, now, err
		}
	}
}

// sameLook is how far apart records of one look are handed out at most: to what
// is measured, they came at one time.
const sameLook = 200 * time.Microsecond

// forget drops a page that a pattern has found and that cannot be followed: it is
// none, or has not yet what is wanted of it. The next scan tries again.
func (s *Set) forget(p *Page, err error) {
	if fail.Unread(err) && !s.refused[p.Path] {
		s.refused[p.Path] = true
		s.world.Warn("page %q: %s", p.Arg, fail.UnreadText(err))
	}
	s.again = true
	s.drop(p)
}

// Quiet does what is due when nothing is there to be handed out, and then calls then.
func (s *Set) Quiet(then func()) {
	s.awake = false
	if then != nil {
		then()
	}
	if len(s.Globs) > 0 && time.Since(s.scanned) > rescanEvery {
		s.rescan()
	}
}

func (s *Set) Close() {
	for _, p := range s.Pages {
		_ = p.Follower.Close()
	}
}

// Await waits until patterns have found a page, at most so long. Without time it
// is an error at once.
func (s *Set) Await(ctx context.Context, appear time.Duration) error {
	if len(s.Pages) > 0 {
		return nil
	}
	begun := time.Now()
	for {
		s.rescan()
		switch {
		case len(s.Pages) > 0:
			return nil
		case appear == 0:
			return fail.OnPage(s.Globs[0].Arg, &fs.PathError{Op: "find", Path: s.Globs[0].Arg, Err: ErrNoMatch})
		case appear != math.MaxInt64 && time.Since(begun) > appear:
			return fail.OnPage(s.Globs[0].Arg, fail.Timeout("after "+appear.String()+": no such page"))
		case pause.For(ctx, 20*time.Millisecond) != nil:
			return ctx.Err()
		}
	}
}

// ErrNoMatch is a pattern that matches no page: an fs.ErrNotExist in our words.
var ErrNoMatch = fail.Worded(fs.ErrNotExist, "no page has a name that matches")

func fileError(name string, err error) error {
	return fail.As(fail.BadInput, &fs.PathError{Op: "read", Path: name, Err: fail.Bare(err)})
}
