package snapshot

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// An archive of any bytes is unpacked or refused. What is unpacked are files and folders
// inside the folder, with no more blocks than the archive has bytes for.
func FuzzUnpack(f *testing.F) {
	for _, names := range [][]string{{"moment.json", "shm/MstMetalive", "proc/1/stat"}, {"../x", "/y", "shm/../../z"}, {"shm/a/b", "shm"}} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, name := range names {
			if err := w.WriteHeader(&tar.Header{Name: name, Size: 3, Mode: 0o600}); err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte("abc")); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if compressed(b) { // its sizes are not those of its bytes
			return
		}
		parent := t.TempDir()
		archive, dir := filepath.Join(parent, "a.tar"), filepath.Join(parent, "to")
		if os.WriteFile(archive, b, 0o600) != nil || os.Mkdir(dir, 0o700) != nil {
			t.Fatal("no room for the test")
		}
		_, _ = unpack(t.Context(), archive, dir)
		var blocks int64
		err := filepath.WalkDir(parent, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path == archive {
				return err
			}
			if rel, err := filepath.Rel(dir, path); err != nil || !filepath.IsLocal(rel) || !d.Type().IsRegular() {
				t.Errorf("unpacked %q (%v)", path, d.Type())
			}
			blocks += stat(t, path).Blocks * 512
			return nil
		})
		if err != nil || blocks > 9*int64(len(b))+1<<20 {
			t.Errorf("%v: %d bytes are unpacked from %d", err, blocks, len(b))
		}
	})
}

// compressed reports whether an archive begins as one of the forms that are compressed.
func compressed(b []byte) bool {
	for _, format := range formats {
		if bytes.HasPrefix(b, []byte(format.magic)) {
			return true
		}
	}
	return false
}
