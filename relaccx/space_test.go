package relaccx

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/layout"
)

const spaceVariable = "RELACCX_TEST_SPACE"

// TestNoSpace runs TestNoSpaceInside in a process that may mount a small shared
// memory directory of its own.
func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestNoSpaceInside$", "-test.v")
	cmd.Env = append(os.Environ(), spaceVariable+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() == skippedCode:
		t.Skip("cannot mount: ", string(out))
	case errors.As(err, &exit):
		t.Errorf("%v\n%s", err, out)
	default:
		t.Skip("no namespaces: ", err)
	}
}

const skippedCode = 77

func TestNoSpaceInside(t *testing.T) {
	dir := os.Getenv(spaceVariable)
	if dir == "" {
		t.Skip("runs in TestNoSpace")
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		fmt.Println(err)
		os.Exit(skippedCode)
	}
	t.Run("create", func(t *testing.T) { createWithoutSpace(t, dir) })
	t.Run("append", func(t *testing.T) { appendWithoutSpace(t, dir) })
	t.Run("edit", func(t *testing.T) { editWithoutSpace(t, dir) })
	t.Run("store", func(t *testing.T) { storeWithoutSpace(t, dir) })
	t.Run("reload", func(t *testing.T) { reloadWithoutSpace(t, dir) })
}

// fillUp leaves no byte in dir, until the test ends.
func fillUp(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	wantErr(t, err, unix.ENOSPC)
}

func createWithoutSpace(t *testing.T, dir string) {
	path := filepath.Join(dir, "page")
	for name, schema := range map[string]string{
		"slots":        "body:raw:4096",
		"nested pages": "ring:nested[1]:4096\n  body:raw:1000",
	} {
		_, err := Create(path, parseShape(t, schema, 1000), CreateOptions{})
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
		_, err = Create(path, parseShape(t, schema, 1000), CreateOptions{Replace: true})
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s, replacing: %v", name, err)
		}
	}
	if names := namesIn(t, dir); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// sparse makes a page as MistServer does: sized, but with no more memory than its
// header.
func sparse(t *testing.T, path string, shape layout.Shape) *Writer {
	t.Helper()
	header := make([]byte, shape.Size()-uint64(shape.RecordCount)*uint64(shape.Schema.RecordSize()))
	if err := (layout.Shape{Schema: shape.Schema}).Build(header, 0); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status = layout.StatusReady
	h.Encode(header)
	if err := errors.Join(os.WriteFile(path, header, 0o600), os.Truncate(path, int64(shape.Size()))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// A sparse page is appended to until the directory is full, and then refuses, with
// nothing changed: neither does the refused push withdraw a record.
func appendWithoutSpace(t *testing.T, dir string) {
	w := sparse(t, filepath.Join(dir, "sparse"), parseShape(t, "number:uint64\nbody:raw:4080\nsum:uint64", 1000))
	record := make([]byte, 4096)
	n := uint64(0)
	var err error
	for ; err == nil && n < 1000; n++ {
		seal(record, n)
		err = w.AppendOverwrite(record)
	}
	wantErr(t, err, unix.ENOSPC)
	fillUp(t, dir)
	n--
	wantErr(t, w.Append(record), unix.ENOSPC)
	wantErr(t, w.Batch(func() error { return w.AppendOverwrite(record) }), unix.ENOSPC)
	if n < 5 || n > 32 {
		t.Errorf("%d records of 4096 bytes were taken, in 128 KiB", n)
	}
	if got := counters(t, w); got != [4]uint64{0, 0, n, n} {
		t.Errorf("counters %v, want %d records", got, n)
	}
	// A ring that is full, of which a slot was never written.
	h, err := w.Header()
	if err != nil {
		t.Fatal(err)
	}
	h.Deleted, h.EndPos, h.Present, h.StartPos = 500, 1500, 1000, 500
	if err := w.SetCounters(h); err != nil {
		t.Fatal(err)
	}
	wantErr(t, w.AppendOverwrite(record), unix.ENOSPC)
	if got := counters(t, w); got != [4]uint64{500, 500, 1000, 1500} {
		t.Errorf("counters %v: a refused push withdrew", got)
	}
	wantErr(t, w.Update(900, func(rec *Record) error { return rec.SetUint("sum", 1) }), unix.ENOSPC)
}

// The fields of a page in the making need space as well.
func editWithoutSpace(t *testing.T, dir string) {
	path := filepath.Join(dir, "zeros")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 8192)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fillUp(t, dir)
	for i := 0; err == nil && i < 200; i++ { // until they need a second memory page
		err = w.addField(layout.Field{Name: fmt.Sprintf("a field of a long name, no. %d", i+100), Code: layout.CodeUint8})
	}
	wantErr(t, err, unix.ENOSPC)
}

// A sparse page has no memory that nobody wrote: what is stored into it needs some,
// and is refused where there is none.
func storeWithoutSpace(t *testing.T, dir string) {
	const schema = "a:uint64\nhole:raw:30000\nring:nested[2]\n  v:raw:9000\nz:raw:30000"
	w := mustCreate(t, filepath.Join(dir, "page"), schema, 1, CreateOptions{Sparse: true, Publish: 1})
	t.Cleanup(func() { os.Remove(w.Page().Path()) })
	ring, err := w.nestedIn(0, w.Schema().Lookup("ring"))
	if err != nil {
		t.Fatal(err)
	}
	fillUp(t, dir)
	wantErr(t, w.StoreBytes(0, w.Schema().Lookup("a"), []byte{7}), nil)
	wantErr(t, w.StoreBytes(0, w.Schema().Lookup("z"), make([]byte, 20000)), unix.ENOSPC)
	wantErr(t, ring.Append(make([]byte, 9000)), unix.ENOSPC)
	if got := counters(t, ring); got != [4]uint64{} {
		t.Errorf("counters %v", got)
	}
	if _, err := Create(filepath.Join(dir, "other"), parseShape(t, schema, 1), CreateOptions{Sparse: true}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("created: %v", err)
	}
	if names := namesIn(t, dir); len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
}

// A reload that has no space for the new page leaves the old one as it was.
func reloadWithoutSpace(t *testing.T, dir string) {
	w := mustCreate(t, filepath.Join(dir, "page"), "v:uint32\nbody:raw:1000", 20, CreateOptions{})
	pushValues(t, w, 1, 2, 3)
	fillUp(t, dir)
	r := mustReader(t, w.Page().Path())
	for _, records := range []uint32{20, 500} {
		wantErr(t, w.Reload(parseShape(t, "v:uint64\nbody:raw:1000", records), ReloadOptions{}), unix.ENOSPC)
	}
	wantErr(t, w.Reload(parseShape(t, "v:uint64", 1000), ReloadOptions{DryRun: true}), unix.ENOSPC)
	if w.Page().Replaced() || len(valuesOf(t, r)) != 3 {
		t.Error("a refused reload changed the page")
	}
	if names := namesIn(t, dir); len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
}
