package relaccx

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"shmtool/layout"
)

// tally is what a Follower has got: every record number once, whole, in order.
type tally struct {
	records, lost, next uint64
	kinds               []EventKind // of other events than records and lapses
	event               Event       // the last of them
}

// add takes an event. A Restart begins the numbers anew.
func (c *tally) add(tb testing.TB, e Event) {
	tb.Helper()
	switch e.Kind {
	case EventRecord:
		if e.Record.Number != c.next {
			tb.Fatalf("record %d came, %d was next", e.Record.Number, c.next)
		}
		if err := sealed(sealOf(e.Record), c.next); err != nil {
			tb.Fatalf("record %d: %v", c.next, err)
		}
		c.records++
		c.next++
	case EventLapped:
		if e.First != c.next || e.Lost == 0 {
			tb.Fatalf("lost %d from %d, %d was next", e.Lost, e.First, c.next)
		}
		c.lost += e.Lost
		c.next += e.Lost
	default:
		c.kinds = append(c.kinds, e.Kind)
		c.event = e
		if e.Kind == EventRestart {
			c.next = e.First
		}
	}
}

// until takes events until enough says so.
func (c *tally) until(tb testing.TB, f *Follower, enough func() bool) {
	tb.Helper()
	for !enough() {
		c.add(tb, next(tb, f))
	}
}

func (c *tally) untilNumber(tb testing.TB, f *Follower, number uint64) {
	tb.Helper()
	c.until(tb, f, func() bool { return c.next >= number })
}

func (c *tally) untilKind(tb testing.TB, f *Follower, kind EventKind) {
	tb.Helper()
	before := len(c.kinds)
	c.until(tb, f, func() bool { return len(c.kinds) > before })
	if c.event.Kind != kind {
		tb.Fatalf("event %v, want %v", c.event.Kind, kind)
	}
}

// A ring of ten records is lapped a thousand times under a slow reader: what was
// read and what was lost is all that was written, and nothing is torn.
func TestLappedAThousandTimes(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	writer := startChild(t, path)
	writer.does("create 10 64")
	f := follow(t, path, FollowOptions{Start: FromNumber(0)})
	writer.tell("push 10000 13", "exit")
	var c tally
	events := 0
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	for e, err := range f.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		c.add(t, e)
		if events++; events%25 == 0 {
			until(t, func() bool { // slow: the writer laps it, or is done
				h, err := f.Reader().Header()
				return err != nil || h.EndPos >= min(10000, c.next+20)
			})
		}
	}
	if c.records+c.lost != 10000 || c.lost == 0 || c.records < 10 {
		t.Errorf("%d read and %d lost, of 10000", c.records, c.lost)
	}
	if diff := cmp.Diff([]EventKind{EventExit}, c.kinds); diff != "" {
		t.Error(diff)
	}
	writer.answered(2)
}

// A writer that is killed leaves a page that the next one goes on with.
func TestWriterKilledAppending(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	first := startChild(t, path)
	first.does("create 7 64")
	first.kill()
	var c tally
	f := follow(t, path, FollowOptions{Start: FromNumber(0)})
	for range 8 {
		writer := startChild(t, path)
		writer.does("open")
		writer.tell("pushforever 1000")
		c.untilNumber(t, f, c.next+500)
		_, err := OpenWriter(path, WriterOptions{})
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != writer.pid() {
			t.Fatalf("second writer: %v, want locked by %d", err, writer.pid())
		}
		if pid := mustOpen(t, path).LockHolder(); pid != writer.pid() {
			t.Errorf("lock holder is %d, want %d", pid, writer.pid())
		}
		writer.kill()
		c.next = goOn(t, f, path, c)
	}
}

// goOn opens a page whose writer was killed, checks all of it, and pushes a record.
func goOn(t *testing.T, f *Follower, path string, c tally) uint64 {
	t.Helper()
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	findings, err := w.Page().Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Severity > layout.Note {
			t.Errorf("after a kill: %+v", finding)
		}
	}
	h, err := w.Header()
	if err != nil {
		t.Fatal(err)
	}
	c.untilNumber(t, f, h.EndPos)
	record := make([]byte, sealSize)
	seal(record, h.EndPos)
	if err := w.AppendOverwrite(record); err != nil {
		t.Fatal(err)
	}
	c.untilNumber(t, f, h.EndPos+1)
	if h, err = w.Header(); err != nil || uint64(h.Present) != h.EndPos-h.Deleted || h.StartPos != uint32(h.Deleted) {
		t.Errorf("counters are not healed: %+v, %v", h, err)
	}
	return c.next
}

func TestLockedOutWriterWaits(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	writer := startChild(t, path)
	writer.does("create 7 64")
	_, err := OpenWriter(path, WriterOptions{LockTimeout: 20 * time.Millisecond})
	wantErr(t, err, ErrLocked)
	_, err = Create(path, sealedShape(7, 64, false), CreateOptions{Replace: true})
	wantErr(t, err, ErrLocked)
	both, err := OpenWriter(path, WriterOptions{NoLock: true})
	if err != nil {
		t.Fatal(err)
	}
	both.Close()
	opened := make(chan error)
	go func() {
		w, err := OpenWriter(path, WriterOptions{LockTimeout: watchdog})
		if err == nil {
			// A reload came while it waited: it has the new page.
			if h, headerErr := w.Header(); headerErr != nil || h.RecordCount != 9 {
				err = errors.New("opened the page that was left")
			}
			w.Close()
		}
		opened <- err
	}()
	writer.does("push 5 1", "reload 9 64")
	select {
	case err := <-opened:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	writer.kill()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
}

// Between fork and exec a child has a copy of every open file, and with it of the
// lock, whatever close-on-exec says: who closes a Writer has given it back all the same.
func TestLockEndsWithItsWriter(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	inherit := func(w *Writer) {
		t.Helper()
		forked, err := unix.Dup(int(w.page.file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(forked) })
	}
	for _, replace := range []bool{false, true} {
		w, err := Create(path, sealedShape(7, 64, false), CreateOptions{Replace: replace})
		if err != nil {
			t.Fatal(err)
		}
		inherit(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if w, err = OpenWriter(path, WriterOptions{}); err != nil {
			t.Fatal(err)
		}
		inherit(w)
		if err := w.Reload(sealedShape(9, 64, false), ReloadOptions{}); err != nil {
			t.Fatal(err)
		}
		inherit(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A Follower goes on through all that can happen to a page, and ends at exit.
func TestFollowThroughEverything(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	writer := startChild(t, path)
	writer.does("create 10 64", "push 5 5")
	f := follow(t, path, FollowOptions{Start: FromNumber(0)})
	var c tally
	c.untilNumber(t, f, 5)

	writer.does("push 3 3", "reload 10 80 extra", "push 4 4")
	c.untilKind(t, f, EventReload)
	if c.next != 8 {
		t.Errorf("left the old page at record %d, it had 8", c.next)
	}
	if diff := cmp.Diff([][]string{{"extra"}, nil, {"seal"}}, [][]string{c.event.Added, c.event.Removed, c.event.Changed}); diff != "" {
		t.Error(diff)
	}
	if f.Reader().Schema() != c.event.Schema || c.event.Schema.Lookup("seal").Size != 80 {
		t.Error("the event's schema is another")
	}
	c.untilNumber(t, f, 12)

	writer.does("push 7 7", "reload 4 64", "push 1 1") // shorter, and the field is gone again
	c.untilKind(t, f, EventReload)
	c.untilNumber(t, f, 20)
	if c.records != 20 || c.lost != 0 {
		t.Errorf("%d records and %d lost, want 20 and none: the old page had them all", c.records, c.lost)
	}

	writer.does("replace 10 64", "push 3 3")
	c.untilKind(t, f, EventRestart)
	c.untilNumber(t, f, 3)

	writer.does("push 6 6", "unlink")
	c.untilKind(t, f, EventGone)
	if c.next != 9 {
		t.Errorf("left the unlinked page at record %d, it had 9", c.next)
	}
	writer.does("create 10 64", "push 2 2", "exit")
	c.untilKind(t, f, EventRestart)
	c.untilKind(t, f, EventExit)
	if c.next != 2 || c.records != 31 || c.lost != 0 {
		t.Errorf("ended at record %d with %d read and %d lost, want 2, 31 and none", c.next, c.records, c.lost)
	}
	_, err := f.Next(t.Context())
	wantErr(t, err, io.EOF)
}

// What is published just before a page is replaced is seen before that.
func TestFollowDrainsReplacedPages(t *testing.T) {
	dir := shmDir(t)
	path := filepath.Join(dir, "page")
	writer := startChild(t, path)
	writer.does("create 10 64")
	f := follow(t, path, FollowOptions{Start: FromNumber(0), Spin: true})
	nothing(t, f) // but it has the page open
	var c tally
	for i := range 150 {
		writer.tell("push 1 1", "replace 10 64")
		c.untilNumber(t, f, 1)
		c.untilKind(t, f, EventRestart)
		if c.records != uint64(i)+1 || c.lost != 0 {
			t.Fatalf("%d records and %d lost of %d pages with one each", c.records, c.lost, i+1)
		}
		writer.answered(2)
	}
}
