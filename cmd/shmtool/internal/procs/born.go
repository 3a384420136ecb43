package procs

import (
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Born returns when a file of dir was made. Its last change, which writing through a
// mapping is on some kernels and not on others, tells it only where that is
// earlier, as in a folder that was unpacked, or where nothing else is known.
func Born(dir string, info fs.FileInfo) time.Time {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, filepath.Join(dir, info.Name()), unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	born := time.Unix(st.Btime.Sec, int64(st.Btime.Nsec))
	if err != nil || st.Mask&unix.STATX_BTIME == 0 || info.ModTime().Before(born) {
		return info.ModTime()
	}
	return born
}
