package top

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"shmtool/layout"
	"shmtool/relaccx"
)

// newest is the number of the newest record that a look shows, and what is said.
func newest(t *testing.T, s *Source, at time.Duration) (number int, note string) {
	t.Helper()
	v, _, note, err := s.Look(noon.Add(at))
	if err != nil {
		return -2, note
	}
	number = -1
	for rec, err := range v.Records {
		if err != nil {
			t.Fatal(err)
		}
		number = int(rec.Number)
	}
	return number, note
}

// A page that is removed while it is looked at is shown like one that was removed before.
func TestSourceGoneWhileItIsLookedAt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cam")
	s := &Source{Name: "cam", Path: path}
	t.Cleanup(s.Close)
	push(t, create(t, path, "n:uint32\n", 4, relaccx.CreateOptions{}), 3)
	if number, _ := newest(t, s, 0); number != 2 {
		t.Fatalf("record %d, want 2", number)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.take(info, noon); err != nil || !s.Gone() {
		t.Errorf("gone: %t, %v", s.Gone(), err)
	}
	if number, _ := newest(t, s, 0); number != 2 {
		t.Errorf("record %d is shown afterwards, want 2", number)
	}
}

func TestSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cam")
	s := &Source{Name: "cam", Path: path}
	t.Cleanup(s.Close)
	want := func(at time.Duration, number int, note string) {
		t.Helper()
		if n, said := newest(t, s, at); n != number || said != note {
			t.Errorf("record %d, %q; want %d, %q", n, said, number, note)
		}
	}
	want(0, -2, "gone since 2026-03-04T12:00:00Z, waiting for it")
	w := create(t, path, "n:uint32\n", 4, relaccx.CreateOptions{})
	want(1*time.Second, -1, "back at 2026-03-04T12:00:01Z")
	push(t, w, 3)
	want(20*time.Second, 2, "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	push(t, w, 1) // by a writer that does not know
	want(21*time.Second, 3, "gone since 2026-03-04T12:00:21Z, waiting for it")
	want(40*time.Second, 3, "gone since 2026-03-04T12:00:21Z, waiting for it")
	w = create(t, path, "n:uint64\n", 4, relaccx.CreateOptions{})
	push(t, w, 1)
	want(41*time.Second, 0, "replaced at 2026-03-04T12:00:41Z")
	w.Close()
	create(t, path, "n:uint64\n", 8, relaccx.CreateOptions{Replace: true})
	want(43*time.Second, -1, "replaced at 2026-03-04T12:00:43Z")
	if err := os.WriteFile(path+"2", []byte("no page"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"2", path); err != nil {
		t.Fatal(err)
	}
	want(44*time.Second, -2, "replaced at 2026-03-04T12:00:43Z")
}

// Through a nested page's step, the page is that of the newest record at the time.
func TestSourceNested(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nest")
	w := create(t, path, trackSchema, 4, relaccx.CreateOptions{})
	push(t, w, 2)
	s := &Source{Name: "nest:parts", Path: path, Steps: []relaccx.Step{{Field: "parts"}}}
	t.Cleanup(s.Close)
	if n, _ := newest(t, s, 0); n != -1 {
		t.Errorf("record %d", n)
	}
	inner, err := w.Nested(relaccx.Step{Field: "parts", Record: 1, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	push(t, inner, 2)
	if n, _ := newest(t, s, 0); n != 1 {
		t.Errorf("record %d", n)
	}
	push(t, w, 1)
	if n, _ := newest(t, s, 0); n != -1 {
		t.Errorf("record %d of the record before", n)
	}
}

// screen is what is written to a terminal.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// However the program ends, it leaves the other screen and shows the cursor.
func TestRunRestores(t *testing.T) {
	stop := errors.New("stop")
	for name, test := range map[string]struct {
		input string
		panic bool
		end   bool
		want  error
	}{
		"quit":   {input: "q"},
		"ctrl-c": {input: "\x03"},
		"ended":  {end: true, want: stop},
		"panic":  {panic: true, want: tea.ErrProgramPanic},
	} {
		dir := t.TempDir()
		create(t, filepath.Join(dir, "cam"), "n:uint32\n", 4, relaccx.CreateOptions{})
		s := newSampler(t, dir)
		ctx, cancel := context.WithCancelCause(t.Context())
		s.IsPage = func(bool, *relaccx.Page, layout.Header) bool {
			if test.end {
				cancel(stop)
			}
			if test.panic {
				panic("by the test")
			}
			return true
		}
		in, typed := io.Pipe()
		go func() { _, _ = io.WriteString(typed, test.input) }()
		var out screen
		err := Pages(ctx, Options{Every: time.Millisecond, Input: in, Output: &out, DirectoryError: error.Error}, s, nil)
		typed.Close()
		cancel(nil)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		text := out.String()
		if enter, leave := strings.Index(text, "\x1b[?1049h"), strings.LastIndex(text, "\x1b[?1049l"); leave < enter || enter < 0 && test.want == nil {
			t.Errorf("%s: the screen is not left: %q", name, text)
		}
		if hide, show := strings.LastIndex(text, "\x1b[?25l"), strings.LastIndex(text, "\x1b[?25h"); show < hide {
			t.Errorf("%s: the cursor is not shown: %q", name, text)
		}
	}
}

// The model and real looks, without a terminal: a page is opened, and what changes
// in it stands out.
func TestModelLooks(t *testing.T) {
	dir := t.TempDir()
	w := create(t, filepath.Join(dir, "cam"), "n:uint32\nmsg:string:600\n", 4, relaccx.CreateOptions{})
	write := func(n uint64) {
		rec, err := w.NewRecord()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(rec.SetUint("n", n), rec.SetText("msg", "\x1b[31m"+strings.Repeat("日", 190)), w.AppendOverwrite(rec.Bytes())); err != nil {
			t.Fatal(err)
		}
	}
	write(5)
	s := newSampler(t, dir)
	m := &model{o: Options{Every: time.Second}, pages: &sampling{Sampler: s}}
	m.open = func(r Row) *Source { return &Source{Name: r.Name, Path: r.Path} }
	m.list = list{title: dir, every: time.Second}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	m.Update(m.lookAtPages()())
	m.Update(press(m, "enter")())
	write(6)
	m.Update(m.lookAtPage()())
	text := shown(m)
	if !strings.Contains(text, "\n  n    [6]\n") || !strings.Contains(text, "\n  msg  \\x1b[31m日") || strings.Contains(text, "[5]") {
		t.Errorf("%s", text)
	}
	checkFit(t, m, 80, 24)
	press(m, "esc")
	m.close()
}
