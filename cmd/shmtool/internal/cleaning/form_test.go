package cleaning

import (
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout/mist"
)

// A kind whose objects clean cannot recognize would never be removed.
func TestFormOfEveryKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, k := range append(mist.Kinds(), "new") {
		f := &file{is: mist.Object{Kind: k}, size: 1}
		if unknown := f.form(r, path) == formUnknown; unknown != (k == "new") {
			t.Errorf("%s: %q", k, f.form(r, path))
		}
	}
}

// musl up to 1.2.3 leaves what stood on the stack behind the 12 bytes that it sets.
func TestFormOfMuslTemporary(t *testing.T) {
	is, _ := mist.ParseName("tmp-123456")
	made := mist.Semaphore{Layout: mist.Musl, Value: 1}.Encode()
	for i := muslSet; i < len(made); i++ {
		made[i] = 0x7f
	}
	if why := semaphoreForm(made, is); why != "" {
		t.Errorf("a new semaphore of musl: %s", why)
	}
	made[4] = 1
	if semaphoreForm(made, is) == "" {
		t.Error("a new semaphore that a process waits for")
	}
	if semaphoreForm([]byte("text of another program, 32 bytes"[:32]), is) == "" {
		t.Error("text is a semaphore")
	}
}
