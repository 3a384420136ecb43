package recording

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A new file that nothing could be written to does not stay; one that was there
// before does.
func TestFullDiskLeavesNoEmptyFile(t *testing.T) {
	for _, force := range []bool{false, true} {
		f := &file{name: filepath.Join(t.TempDir(), "rec.mcap"), force: force}
		if err := f.open(); err != nil {
			t.Fatal(err)
		}
		defer f.out.Close()
		f.whole = 0 // as when the beginning did not fit
		if err := f.settle(syscall.ENOSPC); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("force %v: got %v", force, err)
		}
		_, err := os.Stat(f.name)
		if gone := errors.Is(err, fs.ErrNotExist); gone == force {
			t.Errorf("force %v: gone is %v", force, gone)
		}
	}
}
