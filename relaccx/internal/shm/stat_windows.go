package shm

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// NoFollow is no flag here: only writers ask for it, and there are none.
const NoFollow = 0

// StatFile looks at an open file. It has no owner by number: UID and GID are -1.
func StatFile(f *os.File) (Stat, error) {
	var st windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &st); err != nil {
		return Stat{}, fmt.Errorf("stat: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return Stat{}, err
	}
	return Stat{
		Identity: Identity{uint64(st.VolumeSerialNumber), uint64(st.FileIndexHigh)<<32 | uint64(st.FileIndexLow)},
		Links:    uint64(st.NumberOfLinks),
		Size:     info.Size(),
		Mode:     info.Mode().Perm(),
		Special:  !info.Mode().IsRegular(),
		UID:      -1,
		GID:      -1,
	}, nil
}

// StatPath looks at what a name leads to now.
func StatPath(path string) (Stat, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stat{}, err
	}
	defer f.Close()
	return StatFile(f)
}

// StatName looks at what has a name now. Here it follows a symbolic link.
func StatName(path string) (Stat, error) { return StatPath(path) }
