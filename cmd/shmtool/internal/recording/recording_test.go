package recording

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// watchdog is for what must happen and could hang a test.
const watchdog = 30 * time.Second

func parseShape(tb testing.TB, schema string, records uint32) layout.Shape {
	tb.Helper()
	s, err := layout.ParseSchema(schema)
	if err != nil {
		tb.Fatal(err)
	}
	return layout.Shape{Schema: s, RecordCount: records}
}

func create(tb testing.TB, path, schema string, records uint32) *relaccx.Writer {
	tb.Helper()
	w, err := relaccx.Create(path, parseShape(tb, schema, records), relaccx.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	return w
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func appendValues(tb testing.TB, w *relaccx.Writer, values ...uint64) {
	tb.Helper()
	for _, v := range values {
		rec, err := w.NewRecord()
		must(tb, err)
		must(tb, rec.SetUint("v", v))
		must(tb, w.AppendOverwrite(rec.Bytes()))
	}
	w.Wake()
}

// record records the page at path into a file, in the background, until stop.
func record(tb testing.TB, path, file string, o Options) (stop func() Summary) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan Summary, 1)
	o.File = file
	if o.Targets == nil {
		o.Targets = []Target{{Name: filepath.Base(path), Path: path, Known: mist.Lookup(filepath.Base(path))}}
	}
	if o.Said == nil {
		o.Said = func(string, relaccx.Event, error) {}
	}
	go func() {
		summary, err := Record(ctx, o)
		if err != nil {
			tb.Errorf("record: %v", err)
		}
		done <- summary
	}()
	return func() Summary {
		cancel()
		return <-done
	}
}

// told is everything in a recording, without times: "#3 {…}" for records.
func told(tb testing.TB, file string) (lines []string) {
	tb.Helper()
	f, err := os.Open(file)
	must(tb, err)
	defer f.Close()
	info, err := f.Stat()
	must(tb, err)
	r, err := NewReader(f, info.Size())
	must(tb, err)
	defer r.Close()
	for {
		m, err := r.next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		must(tb, err)
		if !m.events {
			lines = append(lines, string(m.text))
			continue
		}
		n, err := parseNote(m.text)
		must(tb, err)
		line := fmt.Sprint(n.Event, " ", n.First, "+", n.Lost)
		if n.Page != nil {
			line += " " + strings.ReplaceAll(n.Page.Fields, "\n", " ")
		}
		if n.Raw != nil {
			line += " " + base64.StdEncoding.EncodeToString(n.Raw)
		}
		lines = append(lines, line)
	}
}

// happened is told without what follows from when somebody looked.
func happened(tb testing.TB, file string) []string {
	return slices.DeleteFunc(told(tb, file), func(line string) bool { return strings.HasPrefix(line, "counters") })
}

// waitFor waits until something is so.
func waitFor(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for begun := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begun) > watchdog {
			tb.Fatalf("%s did not come", what)
		}
	}
}

// waitForPage waits until a recording has the page as it was found, which is written
// down after a second.
func waitForPage(tb testing.TB, file, page string) {
	tb.Helper()
	waitFor(tb, "the page", func() bool {
		dir := tb.TempDir()
		b, err := os.ReadFile(file)
		if err == nil {
			_ = playBytes(tb, dir, b, PlayOptions{}) // it has no end yet
			_, err = os.Stat(filepath.Join(dir, page))
		}
		return err == nil
	})
}

func play(tb testing.TB, dir, file string, o PlayOptions) error {
	tb.Helper()
	b, err := os.ReadFile(file)
	must(tb, err)
	return playBytes(tb, dir, b, o)
}

func playBytes(tb testing.TB, dir string, b []byte, o PlayOptions) (err error) {
	tb.Helper()
	o.Dir = dir
	if o.Speed == 0 {
		o.Speed = math.Inf(1)
	}
	r, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	defer r.Close()
	p := NewPlayer(o)
	defer func() { err = errors.Join(err, p.Close()) }()
	_, err = p.Play(tb.Context(), r)
	return err
}

func sameFile(tb testing.TB, a, b string) {
	tb.Helper()
	x, err := os.ReadFile(a)
	must(tb, err)
	y, err := os.ReadFile(b)
	must(tb, err)
	if !bytes.Equal(x, y) {
		tb.Errorf("%s is not %s:\n%x\n%x", a, b, x, y)
	}
}

// A page's whole life, recorded, played while it is recorded again, and once
// more: the same records and events, and in the end the same bytes. Who looks
// too late sees less, as on any page: then it is lived once more.
func TestRecordReplayRecord(t *testing.T) {
	defer func(d time.Duration) { discoverEvery = d }(discoverEvery)
	discoverEvery = 5 * time.Millisecond
	var want, got []string
	for range 5 {
		if want, got = liveTwice(t); slices.Equal(want, got) && hasAll(want) {
			return
		}
	}
	t.Errorf("the copy's recording (-want +got):\n%s\n%s", cmp.Diff(want, got), strings.Join(want, "\n"))
}

// hasAll reports whether everything was seen that happens to the page.
func hasAll(lines []string) bool {
	for _, want := range []string{"begin 0+0", "lapped 9+9", "reload 0+0 v:uint32", "restart 0+0", "exit 0+0"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, want) }) {
			return false
		}
	}
	return true
}

func liveTwice(t *testing.T) (first, second []string) {
	dir, again := t.TempDir(), t.TempDir()
	path, file := filepath.Join(dir, "page"), filepath.Join(dir, "1.mcap")
	w := create(t, path, "v:uint64\nmsg:string:8", 6)
	appendValues(t, w, 10, 11)
	var seen eventLog
	stop := record(t, path, file, Options{Said: seen.add})
	life := []func(){
		func() { appendValues(t, w, 12, math.MaxUint64) },
		func() { must(t, w.Withdraw(1)) },
		func() { appendValues(t, w, 14, 15, 16, 17, 18) }, // round the ring
		func() { // nine records are gone before anybody can look
			h, err := w.Header()
			must(t, err)
			h.EndPos += 9
			h.Deleted, h.StartPos, h.Present = h.EndPos, uint32(h.EndPos), 0
			must(t, w.SetCounters(h))
			appendValues(t, w, 28)
		},
		func() {
			shape := parseShape(t, "v:uint32\nmsg:string:12\nnew:int16", 4)
			must(t, w.Reload(shape, relaccx.ReloadOptions{Truncate: true}))
		},
		func() { appendValues(t, w, 29, 30, 31) },
		func() { // another page in its place, whose records begin anew
			must(t, os.Remove(path))
			w.Close()
			w = create(t, path, "v:uint32\nmsg:string:12\nnew:int16", 4)
			appendValues(t, w, 1, 2)
		},
		func() { appendValues(t, w, 3) },
		func() { must(t, w.SetExit()) },
	}
	for _, step := range life {
		time.Sleep(60 * time.Millisecond) // so that the recorder may see each by itself
		step()
	}
	waitFor(t, "exit", func() bool { return seen.has("exit") })
	stop()

	var copySeen eventLog
	copied, copyFile := filepath.Join(again, "page"), filepath.Join(again, "2.mcap")
	stop = record(t, copied, copyFile, Options{Said: copySeen.add, Targets: []Target{}, Discover: func(func(string) bool) []Target {
		if _, err := os.Stat(copied); err != nil {
			return nil
		}
		return []Target{{Name: "page", Path: copied}}
	}})
	must(t, play(t, again, file, PlayOptions{Speed: 1}))
	waitFor(t, "exit", func() bool { return copySeen.has("exit") })
	stop()
	sameFile(t, copied, path)
	third := t.TempDir()
	must(t, play(t, third, copyFile, PlayOptions{}))
	sameFile(t, filepath.Join(third, "page"), path)
	return happened(t, file), happened(t, copyFile)
}

// A table, recorded by its rows: users come, change and go.
func TestRecordTable(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	path, file := filepath.Join(dir, "MstUserlive"), filepath.Join(dir, "users.mcap")
	w := create(t, path, "status:uint8\nkeynum:uint32", 8)
	put := func(n, status, v uint64) {
		t.Helper()
		must(t, w.Update(n, func(rec *relaccx.Record) error {
			return errors.Join(rec.SetUint("status", status), rec.SetUint("keynum", v))
		}))
	}
	end := func(end uint64) {
		t.Helper()
		must(t, w.SetCounters(layout.Header{RecordCount: 8, EndPos: end}))
	}
	end(8)
	put(0, 1, 10)
	put(1, 1, 11)
	put(2, 1, 12)
	end(2)
	var seen eventLog
	stop := record(t, path, file, Options{Said: seen.add})
	waitForPage(t, file, "MstUserlive")
	put(0, 1, 100)
	end(3)
	time.Sleep(100 * time.Millisecond)
	put(1, 0, 11)
	waitFor(t, "freed", func() bool { return seen.has("freed") })
	end(1)
	time.Sleep(100 * time.Millisecond)
	put(0, 1, math.MaxUint32)
	must(t, w.SetExit())
	waitFor(t, "exit", func() bool { return seen.has("exit") })
	if s := stop(); s.Records < 2 {
		t.Errorf("%+v", s)
	}
	must(t, play(t, again, file, PlayOptions{}))
	sameFile(t, filepath.Join(again, "MstUserlive"), path)
}

// A page whose records hold pages is recorded whole, and what is published in
// them by and by.
func TestRecordNested(t *testing.T) {
	defer func(d time.Duration) { discoverEvery = d }(discoverEvery)
	discoverEvery = 5 * time.Millisecond
	dir, again := t.TempDir(), t.TempDir()
	path, file := filepath.Join(dir, "outer"), filepath.Join(dir, "outer.mcap")
	w := create(t, path, "id:uint8\nrows:nested[4]\n  v:uint64", 1)
	rec, err := w.NewRecord()
	must(t, err)
	must(t, w.Append(rec.Bytes()))
	inner, err := w.Nested(relaccx.Step{Field: "rows", Exact: true})
	must(t, err)
	appendValues(t, inner, 1)
	rows := Target{Name: "outer:rows", Path: path, Steps: []relaccx.Step{{Field: "rows"}}}
	var seen eventLog
	stop := record(t, path, file, Options{Said: seen.add, Targets: []Target{{Name: "outer", Path: path}, rows}})
	for v := range uint64(9) {
		time.Sleep(10 * time.Millisecond)
		appendValues(t, inner, v+2)
	}
	must(t, w.SetExit())
	waitFor(t, "exit", func() bool { return seen.count("exit") == 2 })
	stop()
	must(t, play(t, again, file, PlayOptions{}))
	sameFile(t, filepath.Join(again, "outer"), path)
	p, err := relaccx.Open(filepath.Join(again, "outer:rows"))
	must(t, err)
	defer p.Close()
	r, err := p.Reader()
	must(t, err)
	window, err := r.Window()
	must(t, err)
	if window.End != 10 {
		t.Errorf("the nested page has records to %d, want 10", window.End)
	}
}

// What JSON does not tell is not lost: bytes behind the end of a string, text
// that is no UTF-8 or looks hidden, packed values.
func TestRecordIsExact(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	path, file := filepath.Join(dir, "page"), filepath.Join(dir, "page.mcap")
	w := create(t, path, "s:string:8\ni:int64\nr:raw:3\nd:dtsc:12", 8)
	for _, text := range []string{"abc\x00old", "\xff\xfe", "http://a:***@b", "abcdefgh", "", "a\nb"} {
		rec, err := w.NewRecord()
		must(t, err)
		copy(rec.Bytes(), text[:min(8, len(text))])
		copy(rec.Bytes()[8:], "\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x01\x02\xe0\x00\x01a\x01\x00\x00")
		must(t, w.Append(rec.Bytes()))
	}
	must(t, w.SetExit())
	_, err := Record(t.Context(), Options{File: file, Targets: []Target{{Name: "page", Path: path}}, Said: func(string, relaccx.Event, error) {}})
	must(t, err)
	must(t, play(t, again, file, PlayOptions{}))
	sameFile(t, filepath.Join(again, "page"), path)
}

// eventLog is the kinds of the events that a recorder spoke of.
type eventLog struct {
	mu    sync.Mutex
	kinds []string
}

func (l *eventLog) add(_ string, e relaccx.Event, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.kinds = append(l.kinds, e.Kind.String())
	}
}

func (l *eventLog) has(kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.kinds, kind)
}

func (l *eventLog) count(kind string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.kinds {
		if k == kind {
			n++
		}
	}
	return n
}
