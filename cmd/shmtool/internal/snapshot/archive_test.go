package snapshot

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// member is one of an archive.
type member struct {
	tar.Header
	text string
}

func archive(t *testing.T, members ...member) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tar.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	w := tar.NewWriter(zipped)
	for _, m := range members {
		if m.Size = int64(len(m.text)); m.Typeflag == 0 {
			m.Typeflag = tar.TypeReg
		}
		_, err1 := 0, w.WriteHeader(&m.Header)
		_, err2 := w.Write([]byte(m.text))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(name, text string) member { return member{tar.Header{Name: name, Mode: 0o777}, text} }

// An archive that is none of a moment, or leads out of the folder that it is
// unpacked into, is refused, and leaves nothing.
func TestHostileArchives(t *testing.T) {
	ok := file("m/shm/page", "x")
	tests := map[string][]member{
		"leads out":                    {ok, file("../shm/page", "x")},
		"leads out of it":              {ok, file("m/../../shm/page", "x")},
		"leads out of the archive":     {ok, file("/m/shm/page2", "x")},
		"no file":                      {ok, {tar.Header{Name: "m/shm/link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""}},
		"no file 2":                    {ok, {tar.Header{Name: "m/shm/link", Typeflag: tar.TypeLink, Linkname: "m/shm/page"}, ""}},
		"no file 3":                    {ok, {tar.Header{Name: "m/shm/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, ""}},
		"no file 4":                    {ok, {tar.Header{Name: "m/shm/fifo", Typeflag: tar.TypeFifo}, ""}},
		"exists":                       {ok, ok},
		"several":                      {ok, file("n/shm/page", "x")},
		"not a snapshot":               {file("m/n/shm/page", "x"), file("shm", "x"), file("m/shm", "x")},
		"not an archive of a snapshot": {},
		"not a directory":              {ok, file("m/proc/7", "x"), file("m/proc/7/stat", "x")},
	}
	for want, members := range tests {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		o, err := Open(t.Context(), archive(t, members...))
		want, _, _ = strings.Cut(want, " of it")
		if want = strings.TrimRight(want, " 234"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", want, o, err)
		}
		if left, err := os.ReadDir(temp); len(left) > 0 || err != nil {
			t.Errorf("%s: %v is left, %v", want, left, err)
		}
	}
}

// What is read of an archive is the moment, wherever in it that lies, and nothing
// else.
func TestArchives(t *testing.T) {
	for _, prefix := range []string{"", "./", "m/", "./m/", "shm/", "proc/"} {
		path := archive(t, file(prefix+"shm/page", "x"), file(prefix+"proc/7/task/8/syscall", "y"), file(prefix+"rax/page", "z"), file(prefix+"README", "z"))
		o, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
			continue
		}
		b1, err1 := os.ReadFile(filepath.Join(o.ShmDir, "page"))
		b2, err2 := os.ReadFile(filepath.Join(o.ProcDir, "7/task/8/syscall"))
		if string(b1) != "x" || string(b2) != "y" || err1 != nil || err2 != nil {
			t.Errorf("%q: %q %q %v %v", prefix, b1, b2, err1, err2)
		}
		info, err := os.Stat(o.unpacked.dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v %v", info.Mode(), err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What does not belong to a moment, and what it has no use for, is passed over,
// whatever it is.
func TestPassedOver(t *testing.T) {
	link := func(name string, kind byte) member {
		return member{tar.Header{Name: name, Typeflag: kind, Linkname: "m/shm/page"}, ""}
	}
	path := archive(t, link("m/README", tar.TypeSymlink), link("m/shm", tar.TypeSymlink), link("m/proc/7", tar.TypeSymlink),
		file("m/shm/page", "x"), file("m/proc/7/stat", "y"), link("m/proc/7/exe", tar.TypeSymlink), link("m/rax/page", tar.TypeLink), link("fifo", tar.TypeFifo))
	o, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b1, err1 := os.ReadFile(filepath.Join(o.ShmDir, "page"))
	b2, err2 := os.ReadFile(filepath.Join(o.ProcDir, "7/stat"))
	if string(b1) != "x" || string(b2) != "y" || err1 != nil || err2 != nil {
		t.Errorf("%q %q %v %v", b1, b2, err1, err2)
	}
	if _, err := os.Lstat(filepath.Join(o.ProcDir, "7/exe")); err == nil {
		t.Error("a link was made")
	}
}

// Folders in which there is nothing are those of a moment, too.
func TestEmptyMoment(t *testing.T) {
	folder := func(name string) member {
		return member{tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o700}, ""}
	}
	for _, prefix := range []string{"", "./", "m/", "shm/", "proc/"} {
		members := []member{folder(prefix + "shm/"), folder(prefix + "proc/")}
		if prefix != "" {
			members = append([]member{folder(prefix)}, members...)
		}
		o, err := Open(t.Context(), archive(t, members...))
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
			continue
		}
		for _, dir := range []string{o.ShmDir, o.ProcDir} {
			if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
				t.Errorf("%q: %v, %v", prefix, left, err)
			}
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The limits of what is unpacked are kept, whatever the archive says of itself.
func TestLimits(t *testing.T) {
	dir := t.TempDir()
	u := &unpacking{ctx: t.Context(), dir: dir, left: 3 * blockSize, full: errTooMuch}
	text := strings.Repeat("x", 2*blockSize)
	for i, want := range []error{nil, errTooMuch} {
		h := &tar.Header{Name: fmt.Sprintf("shm/%d", i), Typeflag: tar.TypeReg, Size: int64(len(text))}
		if err := u.member(h, strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, h := range []tar.Header{
		{Name: "shm/huge", Typeflag: tar.TypeReg, Size: mostSize + 1},
		{Name: "moment.json", Typeflag: tar.TypeReg, Size: mostText + 1},
		{Name: "proc/1/maps", Typeflag: tar.TypeGNUSparse, Size: mostText + 1},
	} {
		if err := u.member(&h, strings.NewReader("")); !errors.Is(err, errTooMuch) {
			t.Errorf("%s: %v", h.Name, err)
		}
	}
	u.sizes = mostSizes
	if err := u.member(&tar.Header{Name: "shm/one", Typeflag: tar.TypeReg, Size: 1}, strings.NewReader("x")); !errors.Is(err, errTooMuch) {
		t.Errorf("%v", err)
	}
	u.entries = mostEntries
	if err := u.member(&tar.Header{Name: "shm", Typeflag: tar.TypeDir}, nil); !errors.Is(err, errTooMuch) {
		t.Errorf("%v", err)
	}
}
