package procs

import (
	"io/fs"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Born returns when a file of dir was made. Its last change, which writing through a
// mapping is on some kernels and not on others, tells it only where that is
// earlier, as in a folder that was unpacked, or where nothing else is known.
func Born(dir string, info fs.FileInfo) time.Time {
	born, known := kernel.Born(filepath.Join(dir, info.Name()))
	if !known || info.ModTime().Before(born) {
		return info.ModTime()
	}
	return born
}
