package snapshot

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/layout"
)

// An archive that was redacted has nothing private in it when it is unpacked, and nothing
// of the snapshot before is left beside it.
func TestSaveRedacted(t *testing.T) {
	t.Parallel()
	p := newScene(t)
	const key, host = "kQ83sekrit", "203.0.113.77"
	shape := layout.Shape{RecordCount: 2}
	var err error
	if shape.Schema, err = layout.ParseSchema("key:string:256\nstream:string:128\n"); err != nil {
		t.Fatal(err)
	}
	page := make([]byte, shape.Header().PageSize())
	h := shape.Header()
	h.EndPos, h.Present = 1, 1
	if err := shape.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h.Status = layout.StatusReady
	h.Encode(page)
	copy(page[h.Offset:], key)
	p.object("MstStrmKeys", string(page))
	p.object("MstDatalive@0_0", strings.Repeat(key, 1000))
	p.object("MstSTATElive", "\x04\xff")
	p.process(31, 1, "MistOutRTMP", p.line("MstSTATElive"))
	p.write(filepath.Join(p.proc, "31", "cmdline"), "MistOutRTMP\x00--target\x00rtmp://"+host+"/live/"+key+"\x00")
	dir := t.TempDir()
	archive := filepath.Join(dir, "red.tar.gz")
	saved, problems, err := Save(t.Context(), archive, Options{ShmDir: p.shm, ProcDir: p.proc, Redact: true})
	if err != nil || len(problems) > 0 || !saved.Redacted {
		t.Fatalf("%+v %v %v", saved, problems, err)
	}
	unpacked := t.TempDir()
	if _, err := unpack(t.Context(), archive, unpacked); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(unpacked, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(key)) || bytes.Contains(b, []byte(host)) {
			t.Errorf("%s has a secret", path)
		}
		return err
	})
	if left, _ := os.ReadDir(dir); err != nil || files < 6 || len(left) != 1 {
		t.Errorf("%d files, %v is left: %v", files, left, err)
	}
	if size := stat(t, filepath.Join(unpacked, "red", shmFolder, "MstDatalive@0_0")).Size; size != int64(1000*len(key)) {
		t.Errorf("the data page has %d bytes", size)
	}
}
