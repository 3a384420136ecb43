package relaccx

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// cutPage is a page of three memory pages, whose file is then cut short under
// everything that has it mapped.
type cutPage struct {
	path   string
	w      *Writer
	p      *Page
	r      *Reader
	inner  *Reader
	f      *Follower
	sealed []byte
}

const cutSchema = sealedSchema + "\nring:nested[2]\n  v:uint32"

func newCutPage(tb testing.TB) *cutPage {
	tb.Helper()
	w := newPage(tb, cutSchema, 80)
	appendEmpty(tb, w, 75)
	pushValues(tb, nestedWriter(tb, w, 74, "ring"), 1, 2)
	c := &cutPage{path: w.Page().Path(), w: w, p: mustOpen(tb, w.Page().Path()), sealed: make([]byte, w.size)}
	var err error
	if c.r, err = c.p.Reader(); err != nil {
		tb.Fatal(err)
	}
	c.inner = nestedReader(tb, c.r, 74, "ring")
	c.f = follow(tb, c.path, FollowOptions{Start: FromNewest(1)})
	wantKind(tb, c.f, EventRecord)
	return c
}

// uses are all that can be done with a page, by name.
func (c *cutPage) uses(t *testing.T) map[string]func() error {
	field := c.r.Schema().Lookup("ring")
	var rec Record
	all := func(r *Reader) error {
		for _, err := range r.Records(layout.Window{First: 0, End: 80}) {
			if err != nil && !isLapped(err) {
				return err
			}
		}
		return nil
	}
	view := func(r *Reader, n uint64) func() error {
		return func() error { return r.Lease(func(l *Lease) error { return l.View(n, func([]byte) {}) }) }
	}
	return map[string]func() error{
		"header":  func() error { _, err := c.p.Header(); return err },
		"inspect": func() error { return c.p.Inspect(func([]byte, layout.Header) error { return nil }) },
		"check":   func() error { _, err := c.p.Check(); return err },
		"reader":  func() error { _, err := c.p.Reader(); return err },
		"peek":    func() error { _, err := c.p.Peek(); return err },
		"column": func() error {
			_, _, err := c.r.Column(c.r.Schema().Lookup("number"), layout.Window{First: 0, End: 75}, nil)
			return err
		},
		"window":     func() error { _, err := c.r.Window(); return err },
		"newest":     func() error { _, err := c.r.Newest(); return err },
		"shape":      func() error { _, err := c.r.Shape(); return err },
		"read first": func() error { return c.r.Read(0, &rec) },
		"read last":  func() error { return c.r.Read(74, &rec) },
		"read none":  func() error { return c.r.Read(99, &rec) },
		"records":    func() error { return all(c.r) },
		"slots": func() error {
			for _, err := range c.r.Slots() {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"lease first":    view(c.r, 0),
		"lease last":     view(c.r, 74),
		"nested":         func() error { _, err := c.r.nestedIn(74, field); return err },
		"nested window":  func() error { _, err := c.inner.Window(); return err },
		"nested records": func() error { return all(c.inner) },
		"nested lease":   view(c.inner, 0),
		"save": func() error {
			file, err := os.Create(filepath.Join(t.TempDir(), "saved"))
			if err != nil {
				return err
			}
			return errors.Join(c.p.Save(file), file.Close())
		},
		"append":       func() error { return c.w.Append(c.sealed) },
		"push":         func() error { return c.w.AppendOverwrite(c.sealed) },
		"batch":        func() error { return c.w.Batch(func() error { return c.w.AppendOverwrite(c.sealed) }) },
		"withdraw":     func() error { return c.w.Withdraw(1) },
		"update":       func() error { return c.w.Update(74, func(rec *Record) error { return rec.SetUint("number", 7) }) },
		"set counts":   func() error { return c.w.SetCounters(layout.Header{RecordCount: 80}) },
		"set exit":     func() error { return c.w.SetExit() },
		"full":         func() error { _, err := c.w.Full(); return err },
		"write nested": func() error { _, err := c.w.nestedIn(74, field); return err },
		"reload":       func() error { return c.w.Reload(layout.Shape{Schema: c.w.Schema(), RecordCount: 90}, ReloadOptions{}) },
		"plan reload": func() error {
			return c.w.Reload(layout.Shape{Schema: c.w.Schema(), RecordCount: 90}, ReloadOptions{DryRun: true})
		},
		"open writer": func() error { return c.w.learnShape() },
	}
}

// inFile reports whether what a use needs ends before the memory page in which the file
// was cut.
func (c *cutPage) inFile(use string, cut int) bool {
	slots := uint64(75)
	switch use {
	case "read first", "shape":
		slots = 1
	case "read last", "nested window":
	case "append", "push": // while the writer is at rest
		slots = c.w.nextSlot
	default:
		return false
	}
	return cut > shm.NextMemoryPage(int(c.w.offset+slots*c.w.size))
}

// A writer learns that its page was cut short although all that it writes is there.
func TestCutShortElsewhere(t *testing.T) {
	c := newCutPage(t)
	if err := c.w.SetCounters(layout.Header{RecordCount: 80}); err != nil { // slot 0 comes next
		t.Fatal(err)
	}
	if err := os.Truncate(c.path, 8192); err != nil {
		t.Fatal(err)
	}
	for range 80 {
		err := c.w.AppendOverwrite(c.sealed)
		if errors.Is(err, ErrTruncated) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("a whole ring was written to a page that was cut")
}

// What is done with a page whose file was cut short under it, wherever it was cut, is
// ErrTruncated, unless nothing was cut off that it needs: not a signal, and not what zeros
// seem to say.
func TestCutShort(t *testing.T) {
	size := newCutPage(t).p.Size()
	if size < 3*4096 {
		t.Fatalf("the page has %d bytes, too few for this test", size)
	}
	for _, cut := range []int{0, 10, 40, 4096, 6000, 8192, size - 1} {
		c := newCutPage(t)
		if err := os.Truncate(c.path, int64(cut)); err != nil {
			t.Fatal(err)
		}
		for name, use := range c.uses(t) {
			err := use()
			if err == nil && c.inFile(name, cut) { // what was not cut off is read and written
				continue
			}
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("cut at %d: %s: %v", cut, name, err)
			}
		}
		if e := wantKind(t, c.f, EventGone); !errors.Is(e.Cause, ErrTruncated) && !errors.Is(e.Cause, ErrNotReady) && !isFormat(e.Cause) {
			t.Errorf("cut at %d: gone because %v", cut, e.Cause)
		}
		nothing(t, c.f)
		var page *PageError
		if _, err := c.r.Window(); !errors.As(err, &page) || page.Page != "page" {
			t.Errorf("error %v does not say the page", err)
		}
		if diff := cmp.Diff([]string{"page"}, namesIn(t, filepath.Dir(c.path))); diff != "" {
			t.Error(diff)
		}
	}
}

// The same while it happens: a page is cut while somebody is busy with it.
func TestCutShortMeanwhile(t *testing.T) {
	if raceDetector {
		// It looks whether memory is there, in Go, and then touches it, in C, where a
		// fault ends the process: sometimes the cut comes in between.
		t.Skip("the race detector does not outlive it")
	}
	names := []string{"records", "read last", "lease last", "nested lease", "slots", "check", "push", "batch", "update", "save", "reader", "nested", "shape"}
	for _, name := range names {
		for range 6 {
			c := newCutPage(t)
			use := c.uses(t)[name]
			var wg sync.WaitGroup
			wg.Go(func() {
				for begun := time.Now(); time.Since(begun) < watchdog; {
					if err := use(); errors.Is(err, ErrTruncated) {
						return
					} else if err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
				t.Errorf("%s goes on on a page that was cut", name)
			})
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
			cut := rand.IntN(c.p.Size())
			for name != "push" && c.inFile(name, cut) {
				cut /= 2
			}
			if err := os.Truncate(c.path, int64(cut)); err != nil {
				t.Error(err)
			}
			wg.Wait()
		}
	}
}

// The page that is left by a reload is cut short before it can be told so.
func TestCutShortBeforeItIsTold(t *testing.T) {
	defer func() { atStep = func(string) {} }()
	c := newCutPage(t)
	atStep = func(step string) {
		if step == "flag" {
			if err := c.w.page.file.Truncate(0); err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.w.Reload(layout.Shape{Schema: c.w.Schema(), RecordCount: 90}, ReloadOptions{}); err != nil {
		t.Error(err)
	}
	replacing := filepath.Join(shmDir(t), "page")
	old := mustCreate(t, replacing, "v:uint32", 3, CreateOptions{})
	old.Close()
	left := mustOpen(t, replacing)
	atStep = func(step string) {
		if step == "rename" {
			if err := os.Truncate(left.Path(), 0); err != nil {
				t.Error(err)
			}
		}
	}
	mustCreate(t, replacing, "v:uint32", 4, CreateOptions{Replace: true})
}

// A page that lost its name is a page; whoever follows it waits for another.
func TestUnlinked(t *testing.T) {
	c := newCutPage(t)
	if err := os.Remove(c.path); err != nil {
		t.Fatal(err)
	}
	if !c.p.Replaced() || !c.w.Page().Replaced() {
		t.Error("unlinked, and not replaced")
	}
	wantKind(t, c.f, EventGone)
	nothing(t, c.f)
	if err := c.w.AppendOverwrite(c.sealed); err != nil {
		t.Fatal(err)
	}
	if e := wantKind(t, c.f, EventRecord); e.Record.Number != 75 {
		t.Errorf("record %d", e.Record.Number)
	}
	if err := c.w.Reload(layout.Shape{Schema: c.w.Schema(), RecordCount: 90}, ReloadOptions{}); err == nil {
		t.Error("a page without a name was reloaded")
	}
	if names := namesIn(t, filepath.Dir(c.path)); len(names) > 0 {
		t.Errorf("a refused reload left %v", names)
	}
}

// The name comes to lead to something that is no page.
func TestReplacedByAnything(t *testing.T) {
	c := newCutPage(t)
	put := func(content string) {
		beside := filepath.Join(filepath.Dir(c.path), "beside")
		if err := errors.Join(os.WriteFile(beside, []byte(content), 0o600), os.Rename(beside, c.path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, content := range []string{"short", string(make([]byte, 35)) + "\xff", "\x01\xff" + string(make([]byte, 60)), ""} {
		put(content)
		e := wantKind(t, c.f, EventGone)
		if making := content == "" || content[0] == 0; making != errors.Is(e.Cause, ErrNotReady) || making == isFormat(e.Cause) {
			t.Errorf("replaced by %q: gone because %v", content, e.Cause)
		}
		nothing(t, c.f)
		c = newCutPage(t)
	}
	if err := os.Remove(c.path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if e := wantKind(t, c.f, EventGone); !errors.Is(e.Cause, ErrNotPage) {
		t.Errorf("replaced by a directory: gone because %v", e.Cause)
	}
	if err := os.Remove(c.path); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, c.path, "v:uint32", 2, CreateOptions{})
	wantKind(t, c.f, EventRestart)
}

func isFormat(err error) bool {
	var format *layout.FormatError
	return errors.As(err, &format)
}

// A panic that is none of the page's goes through every guard as it is, and the
// guard is gone behind it.
func TestForeignPanics(t *testing.T) {
	c := newCutPage(t)
	cut := newCutPage(t)
	if err := os.Truncate(cut.path, 0); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	var null *int
	causes := map[string]func(){
		"a value":               func() { panic(mine) },
		"nil":                   func() { *null = 1 },
		"a fault of other page": func() { faulted = cut.p.mem.Bytes[5000] },
	}
	for name, cause := range causes {
		guards := map[string]func() error{
			"lease":   func() error { return c.r.Lease(func(*Lease) error { cause(); return nil }) },
			"view":    func() error { return c.r.Lease(func(l *Lease) error { return l.View(3, func([]byte) { cause() }) }) },
			"batch":   func() error { return c.w.Batch(func() error { cause(); return nil }) },
			"update":  func() error { return c.w.Update(3, func(*Record) error { cause(); return nil }) },
			"inspect": func() error { return c.p.Inspect(func([]byte, layout.Header) error { cause(); return nil }) },
		}
		for guard, run := range guards {
			func() {
				defer func() {
					got := recover()
					if got == nil {
						t.Errorf("%s in %s was swallowed", name, guard)
					}
					if name == "a value" && got != any(mine) {
						t.Errorf("%s in %s became %v", name, guard, got)
					}
				}()
				if err := run(); err != nil {
					t.Errorf("%s in %s became the error %v", name, guard, err)
				}
			}()
			if debug.SetPanicOnFault(false) {
				t.Errorf("%s in %s leaves the guard on", name, guard)
			}
		}
	}
	if err := c.w.AppendOverwrite(c.sealed); err != nil {
		t.Errorf("after panics in it: %v", err)
	}
	if c.w.guarded {
		t.Error("a panic left the Writer in its batch")
	}
}

var faulted byte // is stored to, so that the load is made

// A page closed within its own guard does not leave the guard on.
func TestClosedWithinLease(t *testing.T) {
	c := newCutPage(t)
	_ = c.r.Lease(func(*Lease) error { return c.p.Close() })
	if debug.SetPanicOnFault(false) {
		t.Error("the guard is on")
	}
}
