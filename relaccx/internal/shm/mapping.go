package shm

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// ErrFault means that bytes of the mapping are gone: its file was cut short.
var ErrFault = errors.New("page was cut short while it was mapped")

// ErrLinuxOnly means that what was asked is done on Linux alone: pages are written there,
// and read anywhere.
var ErrLinuxOnly error = linuxOnly{}

type linuxOnly struct{}

func (linuxOnly) Error() string { return "pages are written on Linux alone; this is " + runtime.GOOS }

// Unwrap makes it errors.ErrUnsupported.
func (linuxOnly) Unwrap() error { return errors.ErrUnsupported }

// Mapping is a page's bytes: a mapped file, or bytes on the heap.
type Mapping struct {
	Bytes       []byte
	start, size uintptr // of a mapped file; 0 for the heap. They stay when it is closed.
	closed      bool
}

// Access is what a mapping is for.
type Access uint8

// The kinds of access that a mapping gives.
const (
	ReadOnly Access = iota
	ReadWrite
)

// Map maps the first size bytes of f, shared. A size of 0 maps nothing. On another
// system than Linux, ReadWrite is ErrLinuxOnly.
func Map(f *os.File, size int, access Access) (*Mapping, error) {
	if size == 0 {
		return &Mapping{}, nil
	}
	if access == ReadWrite && !onLinux {
		return nil, ErrLinuxOnly
	}
	b, err := mapFile(f, size, access)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	return &Mapping{Bytes: b, start: uintptr(unsafe.Pointer(unsafe.SliceData(b))), size: uintptr(size)}, nil
}

// Heap returns a mapping of bytes that are the process's own.
func Heap(b []byte) *Mapping { return &Mapping{Bytes: b} }

// Close unmaps. No slice of Bytes may be used afterwards.
func (m *Mapping) Close() error {
	b := m.Bytes
	m.Bytes, m.closed = nil, true
	if m.size == 0 || b == nil {
		return nil
	}
	return unmap(b)
}

// Unload lets go of the memory in which a mapped file was read. The bytes stay what they
// are, and come back when they are touched.
func (m *Mapping) Unload() {
	if m.size != 0 && m.Bytes != nil {
		unload(m.Bytes)
	}
}

// Closed reports whether Close was called.
func (m *Mapping) Closed() bool { return m.closed }

// Guard runs fn, which may touch the mapping. A fault inside the mapping ends
// fn and becomes ErrFault; any other fault or panic goes on as it was. A
// mapping that is closed is os.ErrClosed, and fn is not run.
func (m *Mapping) Guard(fn func() error) (err error) {
	if m.closed {
		return os.ErrClosed
	}
	defer m.Leave(m.Enter(), &err)
	return fn()
}

// Enter and Leave are Guard without its closure, for what is called once a
// record:
//
//	defer m.Leave(m.Enter(), &err)
func (m *Mapping) Enter() (before bool) {
	return m.size != 0 && debug.SetPanicOnFault(true)
}

// Leave ends what Enter began, also of a mapping that was closed in between. It
// must be deferred itself.
func (m *Mapping) Leave(before bool, err *error) {
	if m.size == 0 {
		return
	}
	debug.SetPanicOnFault(before)
	r := recover()
	if r == nil {
		return
	}
	fault, ok := r.(interface{ Addr() uintptr })
	if !ok || !m.contains(fault.Addr()) {
		panic(r)
	}
	*err = ErrFault
}

func (m *Mapping) contains(addr uintptr) bool {
	return addr >= m.start && addr-m.start < wholePages(m.size)
}

// Whole returns the bytes of a mapped file and those behind them in its last memory
// page, which every process that maps the file shares. They are zeros unless a
// process has written there. It returns Bytes for the heap.
func (m *Mapping) Whole() []byte {
	if m.size == 0 || m.Bytes == nil {
		return m.Bytes
	}
	return unsafe.Slice(unsafe.SliceData(m.Bytes), wholePages(m.size))
}

// NextMemoryPage returns the position of the first memory page that begins at byte end of a
// mapping or behind it.
func NextMemoryPage(end int) int { return int(wholePages(uintptr(end))) }

// Touch loads the first byte of mapped, which faults where its file was cut short.
func Touch(mapped []byte) byte { return load8(unsafe.Pointer(unsafe.SliceData(mapped))) }

// AnySet reports whether a byte of mapped is not zero.
func AnySet(mapped []byte) bool {
	for i := range mapped {
		if Touch(mapped[i:]) != 0 {
			return true
		}
	}
	return false
}

// wholePages returns size rounded up to memory pages.
func wholePages(size uintptr) uintptr {
	page := uintptr(os.Getpagesize())
	return (size + page - 1) / page * page
}
