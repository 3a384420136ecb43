package shm

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
)

// mapped is a file of three memory pages, mapped.
func mapped(t *testing.T, access Access) (*Mapping, *os.File) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(int64(3 * os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	m, err := Map(f, 3*os.Getpagesize(), access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, f
}

var sink byte // so that a load is made

func TestGuardTurnsFaultsIntoErrors(t *testing.T) {
	m, f := mapped(t, ReadWrite)
	last := len(m.Bytes) - 1
	touch := func(at int) error { return m.Guard(func() error { sink = m.Bytes[at]; return nil }) }
	if err := touch(last); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(os.Getpagesize()) + 5); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]error{0: nil, os.Getpagesize() + 4: nil, os.Getpagesize() + 6: nil, 2 * os.Getpagesize(): ErrFault, last: ErrFault} {
		if err := touch(at); err != want {
			t.Errorf("byte %d: %v, want %v", at, err, want)
		}
	}
	out := make([]byte, len(m.Bytes))
	for name, fn := range map[string]func(){
		"copy out":     func() { CopyOut(out, m.Bytes) },
		"copy in":      func() { CopyIn(m.Bytes, out) },
		"atomic load":  func() { sink = byte(HeaderCells(m.Bytes[2*os.Getpagesize():]).EndPos()) },
		"atomic store": func() { HeaderCells(m.Bytes[2*os.Getpagesize():]).SetDeleted(1) },
		"status":       func() { sink = byte(HeaderCells(m.Bytes[2*os.Getpagesize():]).Status()) },
	} {
		if err := m.Guard(func() error { fn(); return nil }); err != ErrFault {
			t.Errorf("%s: %v", name, err)
		}
	}
	if debug.SetPanicOnFault(false) {
		t.Error("a guard is left on")
	}
}

// Guards nest, of one mapping and of several; each fault ends the guard of its own
// mapping, and the ones within.
func TestGuardsNest(t *testing.T) {
	a, fileA := mapped(t, ReadOnly)
	b, _ := mapped(t, ReadOnly)
	if err := fileA.Truncate(0); err != nil {
		t.Fatal(err)
	}
	fault := func() error { sink = a.Bytes[0]; return nil }
	reached := false
	err := a.Guard(func() error {
		err := b.Guard(func() error { return a.Guard(fault) })
		if err != ErrFault {
			t.Errorf("innermost: %v", err)
		}
		if !debug.SetPanicOnFault(true) {
			t.Error("the inner guard took the outer with it")
		}
		err = b.Guard(fault) // not b's: goes on to a
		t.Error("b took a fault of a: ", err)
		reached = true
		return nil
	})
	if err != ErrFault || reached {
		t.Errorf("outermost: %v", err)
	}
}

func TestGuardPassesOn(t *testing.T) {
	m, _ := mapped(t, ReadOnly)
	stop := errors.New("stop")
	if err := m.Guard(func() error { return stop }); err != stop {
		t.Errorf("error became %v", err)
	}
	defer func() {
		if got := recover(); got != any(stop) {
			t.Errorf("panic became %v", got)
		}
	}()
	_ = m.Guard(func() error { panic(stop) })
}

func TestClosed(t *testing.T) {
	m, _ := mapped(t, ReadOnly)
	heap, none := Heap(make([]byte, 40)), &Mapping{}
	for _, m := range []*Mapping{m, heap, none} {
		if m.Closed() {
			t.Error("closed at once")
		}
		for range 2 {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if err := m.Guard(func() error { t.Error("called"); return nil }); err != os.ErrClosed {
				t.Errorf("guard of what is closed: %v", err)
			}
		}
		if !m.Closed() {
			t.Error("not closed")
		}
	}
}

func TestMapNothing(t *testing.T) {
	_, f := mapped(t, ReadOnly)
	m, err := Map(f, 0, ReadOnly)
	if err != nil || len(m.Bytes) != 0 {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := Map(f, math.MaxInt, ReadOnly); err == nil && strconv.IntSize == 64 {
		t.Error("mapped all of the memory that there can be")
	}
}

// The fault of a mapping is inside it: at its first byte, in its last memory page,
// and not behind.
func TestContains(t *testing.T) {
	page := uintptr(os.Getpagesize())
	m := &Mapping{start: page, size: 10}
	for addr, want := range map[uintptr]bool{page - 1: false, page: true, page + 9: true, 2*page - 1: true, 2 * page: false, 0: false} {
		if m.contains(addr) != want {
			t.Errorf("address %d: %v", addr, !want)
		}
	}
}
