package top

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/relaccx"
)

func newSampler(t *testing.T, dir string) *Sampler {
	t.Helper()
	s := &Sampler{
		ShmDir: dir, ProcDir: t.TempDir(),
		Wanted: func(name string) bool { return !strings.HasPrefix(name, ".") },
		IsPage: func(known bool, p *relaccx.Page, h layout.Header) bool {
			r, err := p.Peek()
			return err == nil && len(r.Schema().Fields()) > 0
		},
		Writer: func(_ *procs.Table, path string, _ int) (procs.Process, bool) {
			return procs.Process{PID: 7, Name: "w"}, strings.HasSuffix(path, "cam")
		},
	}
	t.Cleanup(s.Close)
	return s
}

func create(t *testing.T, path, schema string, count uint32, o relaccx.CreateOptions) *relaccx.Writer {
	t.Helper()
	parsed, err := layout.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.Create(path, layout.Shape{Schema: parsed, RecordCount: count}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func push(t *testing.T, w *relaccx.Writer, count int) {
	t.Helper()
	rec, err := w.NewRecord()
	for range count {
		if err == nil {
			err = w.AppendOverwrite(rec.Bytes())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sees is what a look shows: name, status, rate, fill, and when the header changed.
func sees(t *testing.T, s *Sampler, at time.Time) []string {
	t.Helper()
	rows, err := s.Look(at)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range rows {
		r := &rows[i]
		got = append(got, fmt.Sprintf("%s %s %s/s %d/%d %s", r.Name, r.Status(), rateText(r.Rate), r.Used, r.Slots, changedText(r)))
	}
	return got
}

func wantLook(t *testing.T, s *Sampler, seconds float64, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, sees(t, s, noon.Add(time.Duration(seconds*float64(time.Second))))); diff != "" {
		t.Errorf("after %v s (-want +got):\n%s", seconds, diff)
	}
}

func TestSampler(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cam")
	w := create(t, path, "n:uint32\n", 10, relaccx.CreateOptions{NotReady: true})
	if err := os.WriteFile(filepath.Join(dir, "no page"), make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "MstSTATElive"), []byte{4, 255}, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSampler(t, dir)
	wantLook(t, s, 0, "cam not ready /s 0/10 >0.0s")
	if err := w.SetReady(); err != nil {
		t.Fatal(err)
	}
	wantLook(t, s, 1, "cam ready /s 0/10 0.0s")
	push(t, w, 5)
	wantLook(t, s, 1.5, "cam ready 10.0/s 5/10 0.0s")
	wantLook(t, s, 3, "cam ready 2.5/s 5/10 1.5s")
	push(t, w, 20)
	wantLook(t, s, 4.5, "cam ready 6.7/s 10/10 0.0s") // over the last 3 s
	wantLook(t, s, 9, "cam ready 0/s 10/10 4.5s")
	rows, _ := s.Look(noon.Add(9 * time.Second))
	around := s.Around(rows)
	if p, ok := around.writer(&rows[0]); !ok || p.PID != 7 || !around.Known {
		t.Errorf("writer %v", p)
	}
	// Another page under the name: its records have begun anew.
	w.Close()
	w = create(t, path, "n:uint64\n", 20, relaccx.CreateOptions{Replace: true})
	push(t, w, 1)
	wantLook(t, s, 10, "cam ready /s 1/20 0.0s")
	push(t, w, 1)
	wantLook(t, s, 11, "cam ready 1.0/s 2/20 0.0s")
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	wantLook(t, s, 12, "cam ready,exit 0.5/s 2/20 0.0s")
	if err := os.Truncate(path, 40); err != nil {
		t.Fatal(err)
	}
	sees(t, s, noon.Add(13*time.Second)) // whatever it is then
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	sees(t, s, noon.Add(14*time.Second))
	wantLook(t, s, 20)
	if len(s.pages) != 1 { // what is no page is remembered
		t.Errorf("%d pages are kept", len(s.pages))
	}
}

// A page that is gone is said to be for a moment, and let go of at once.
func TestSamplerGone(t *testing.T) {
	dir := t.TempDir()
	create(t, filepath.Join(dir, "cam"), "n:uint32\n", 10, relaccx.CreateOptions{})
	s := newSampler(t, dir)
	wantLook(t, s, 0, "cam ready /s 0/10 >0.0s")
	if err := os.Remove(filepath.Join(dir, "cam")); err != nil {
		t.Fatal(err)
	}
	wantLook(t, s, 1, "cam gone /s 0/10 >1.0s")
	if s.pages["cam"].open != nil {
		t.Error("it is mapped still")
	}
	create(t, filepath.Join(dir, "cam"), "n:uint32\n", 4, relaccx.CreateOptions{})
	wantLook(t, s, 2, "cam ready /s 0/4 0.0s")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Look(noon.Add(3 * time.Second)); err == nil {
		t.Error("a directory that is gone is no error")
	}
}

// What is no page may become one, with the same name, size and inode.
func TestSamplerBecomesPage(t *testing.T) {
	dir := t.TempDir()
	made := create(t, filepath.Join(t.TempDir(), "x"), "n:uint32\n", 4, relaccx.CreateOptions{})
	b, err := os.ReadFile(made.Page().Path())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cam")
	if err := os.WriteFile(path, make([]byte, len(b)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSampler(t, dir)
	wantLook(t, s, 0)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	wantLook(t, s, 1) // so soon it is not looked at again
	wantLook(t, s, 3, "cam ready /s 0/4 >3.0s")
}

// What is nested in a page may be made when the page has been seen already.
func TestSamplerNestedLater(t *testing.T) {
	dir := t.TempDir()
	s := newSampler(t, dir)
	w := create(t, filepath.Join(dir, "MstTraklive@1-0"), trackSchema, 1, relaccx.CreateOptions{})
	wantLook(t, s, 0, "MstTraklive@1-0 ready /s 0/1 >0.0s")
	push(t, w, 1)
	wantLook(t, s, 1, "MstTraklive@1-0 ready /s 0/100 0.0s")
	inner, err := w.Nested(relaccx.Step{Field: "parts", Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	push(t, inner, 4)
	wantLook(t, s, 2, "MstTraklive@1-0 ready 4.0/s 4/100 0.0s")
}

const trackSchema = `type:string:8
parts:nested[100]
  size:uint32
keys:nested[10]
  number:uint24
`

// Of a track its parts are counted, and nothing else of it; of another page that
// is one record, all that is nested in it.
func TestSamplerNested(t *testing.T) {
	dir := t.TempDir()
	s := newSampler(t, dir)
	var writers []*relaccx.Writer
	for _, name := range []string{"MstTraklive@1-0", "nest"} {
		w := create(t, filepath.Join(dir, name), trackSchema, 1, relaccx.CreateOptions{})
		push(t, w, 1)
		for _, field := range []string{"parts", "keys"} {
			inner, err := w.Nested(relaccx.Step{Field: field, Exact: true})
			if err != nil {
				t.Fatal(err)
			}
			writers = append(writers, inner)
		}
	}
	wantLook(t, s, 0, "MstTraklive@1-0 ready /s 0/100 >0.0s", "nest ready /s 0/100 >0.0s")
	for _, w := range writers {
		push(t, w, 3)
	}
	wantLook(t, s, 1, "MstTraklive@1-0 ready 3.0/s 3/100 0.0s", "nest ready 6.0/s 3/100 0.0s")
}

// A look reads headers. What is a hole of the page stays one.
func TestSamplerTouchesNoHole(t *testing.T) {
	dir, err := os.MkdirTemp(relaccx.ShmDir, "top-test-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "MstTraklive@1-0")
	w := create(t, path, "type:string:8\nhole:raw:1048576\nparts:nested[100]\n  size:uint32\n", 1, relaccx.CreateOptions{})
	push(t, w, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The same page with nothing but its header and the nested one's in memory.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	sparse, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sparse.Close()
	if err := sparse.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]int{{0, 4096}, {len(b) - 500, len(b)}} {
		if _, err := sparse.WriteAt(b[part[0]:part[1]], int64(part[0])); err != nil {
			t.Fatal(err)
		}
	}
	before := blocks(t, path)
	s := newSampler(t, dir)
	for i := range 3 {
		wantLook(t, s, float64(i)/100, "MstTraklive@1-0 ready "+map[bool]string{true: "", false: "0"}[i == 0]+"/s 0/100 >0.0s")
	}
	if after := blocks(t, path); after != before {
		t.Errorf("it takes %d blocks, took %d", after, before)
	}
}

func blocks(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks
}
