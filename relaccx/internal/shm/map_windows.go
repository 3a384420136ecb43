package shm

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapFile maps for reading. The system keeps a file that is mapped from being cut short.
func mapFile(f *os.File, size int, _ Access) ([]byte, error) {
	section, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, err
	}
	at, err := windows.MapViewOfFile(section, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		_ = windows.CloseHandle(section)
		return nil, err
	}
	if err := windows.CloseHandle(section); err != nil { // the view keeps it
		return nil, fmt.Errorf("close section: %w", err)
	}
	return unsafe.Slice(pointerTo(at), size), nil
}

// pointerTo returns the address of a view as a pointer. No memory of Go's is there.
func pointerTo(at uintptr) *byte { return *(**byte)(unsafe.Pointer(&at)) }

func unmap(b []byte) error {
	return windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

func unload([]byte) {} // the system does so itself
