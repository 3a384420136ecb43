//go:build steps

package relaccx

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unsafe"
)

// stage is the files of one run, and the scenes that the Follower may see: a load sees none
// before floor.
type stage struct {
	scenes *scenes
	files  [2]*os.File
	now    int // the newest one that was seen; the name is that of it
	shown  int // what the files have
	floor  int
	order  loadOrder
	last   int // the last load
	size   uintptr
}

func (s *scenes) stage(t *testing.T) *stage {
	t.Helper()
	st := &stage{scenes: s, order: s.order}
	if st.order == nil {
		st.order = inOrder{}
	}
	for i, name := range []string{"page", "next"} {
		path := filepath.Join(s.dir, name)
		check(t, os.WriteFile(path+".new", s.all[0].pages[i], 0o600))
		check(t, os.Rename(path+".new", path))
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		check(t, err)
		st.files[i] = f
	}
	return st
}

func (st *stage) close() {
	st.files[0].Close()
	st.files[1].Close()
}

// goTo lets the writer go on to a scene, and everybody see it.
func (st *stage) goTo(t *testing.T, next int) {
	t.Helper()
	st.rename(t, next)
	st.show(t, next)
	st.floor = next
}

// see lets the next load see a scene, in which the writer may have gone on.
func (st *stage) see(t *testing.T, next int) {
	t.Helper()
	if next > st.now {
		st.rename(t, next)
	}
	st.show(t, next)
}

func (st *stage) show(t *testing.T, next int) {
	t.Helper()
	if next == st.shown {
		return
	}
	for i, f := range st.files {
		_, err := f.WriteAt(st.scenes.all[next].pages[i], 0)
		check(t, err)
	}
	st.shown = next
}

func (st *stage) rename(t *testing.T, next int) {
	t.Helper()
	was, is := st.scenes.all[st.now], st.scenes.all[next]
	page := filepath.Join(st.scenes.dir, "page")
	switch {
	case is.named == was.named:
	case is.named == nameless:
		check(t, os.Remove(page))
	default:
		check(t, os.Rename(filepath.Join(st.scenes.dir, "next"), page))
	}
	st.now = next
}

// begin begins a step, which sees the oldest scene that it may. The kernel has locks of its
// own, so a system call sees what is newest, and so do the loads behind it.
func (st *stage) begin(t *testing.T, at unsafe.Pointer, size uintptr) {
	t.Helper()
	if at == nil || st.order.always() {
		st.floor = st.now
	}
	st.last, st.size = int(uintptr(at)%sceneSize), size
	st.show(t, st.floor)
}

// fence keeps the loads behind it from seeing less than those before it.
func (st *stage) fence() {
	if st.order.heeds(st.last, st.size) {
		st.floor = st.now
	}
}

// differ returns the scenes before which what a step looks at changes.
func (st *stage) differ(at unsafe.Pointer, size uintptr) []int {
	var all []int
	scenes := st.scenes.all
	for next := st.floor + 1; next < len(scenes); next++ {
		changed := scenes[next].named != scenes[next-1].named
		if at != nil {
			from := int(uintptr(at) % sceneSize)
			page := *(*byte)(unsafe.Add(at, sceneSize-1-from))
			changed = !bytes.Equal(scenes[next].pages[page][from:from+int(size)], scenes[next-1].pages[page][from:from+int(size)])
		}
		if changed {
			all = append(all, next)
		}
	}
	return all
}
