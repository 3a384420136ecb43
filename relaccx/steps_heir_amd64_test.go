//go:build steps

package relaccx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout"
)

// A writer dies behind one of its stores, and another one goes on with the page, while a
// Follower reads: it gets the records that the first one published, and then those of the
// second one.

// heir returns the bytes of a record of the second writer.
func heir(n uint64) []byte { return []byte{byte(50 + n), byte(150 + n)} }

// inherited returns the scenes of a writer that dies at a scene, and of the one that goes on
// from there. Ends is the number behind the last record.
func (s *scenes) inherited(t *testing.T, dead int) (all *scenes, ends uint64) {
	t.Helper()
	left := s.all[dead].pages[0]
	h, err := layout.DecodeHeader(left)
	check(t, err)
	second := &scenes{dir: shmDir(t)}
	path := filepath.Join(second.dir, "page")
	check(t, os.WriteFile(path, left, 0o600))
	w, err := OpenWriter(path, WriterOptions{})
	check(t, err)
	second.film(t, w, func(w *Writer) error {
		for n := h.EndPos; n < h.EndPos+2; n++ {
			if err := w.AppendOverwrite(heir(n)); err != nil {
				return err
			}
		}
		return w.SetExit()
	})
	all = &scenes{all: append(s.all[:dead+1:dead+1], second.all...), dir: s.dir, swaps: 1}
	all.value = func(n uint64) []byte {
		if n >= h.EndPos {
			return heir(n)
		}
		return value(n)
	}
	return all, h.EndPos + 2
}

// lives are what the first writer does to a ring of two slots without records.
var lives = map[string]func(w *Writer) error{
	"appends": appendsOnly(3),
	"withdraws": func(w *Writer) error {
		return errors.Join(w.AppendOverwrite(value(0)), w.AppendOverwrite(value(1)), w.Withdraw(2))
	},
}

func TestStepsOfFollowersOfHeirs(t *testing.T) {
	for name, live := range lives {
		runs, deaths := 0, 0
		s := filmedNew(t, live)
		for dead := range s.all {
			all, ends := s.inherited(t, dead)
			count, err := all.explore(t, int(ends))
			if err != nil {
				t.Errorf("%s, dead at scene %d: %v", name, dead, err)
			}
			runs, deaths = runs+count, deaths+1
		}
		t.Logf("%s: %d deaths, %d interleavings", name, deaths, runs)
	}
}

// filmedNew returns what a writer does to a ring of two slots that never had a record.
func filmedNew(t *testing.T, do func(w *Writer) error) *scenes {
	t.Helper()
	s := &scenes{dir: shmDir(t)}
	w, err := Create(filepath.Join(s.dir, "page"), stepsShape(2), CreateOptions{Size: sceneSize})
	check(t, err)
	s.film(t, w, do)
	return s
}

// The check finds a writer that counts the first record before it publishes it, as Writer did:
// a Follower has it, and the second writer puts another one in its place.
func TestStepsOfFollowersOfHeirsSwapped(t *testing.T) {
	s := filmedNew(t, func(w *Writer) error {
		slot, err := w.slot(0, 2)
		if err != nil {
			return err
		}
		copy(slot, value(0))
		w.cells.SetPresent(1)
		w.cells.SetEndPos(1)
		return nil
	})
	var found error
	for dead := range s.all {
		all, ends := s.inherited(t, dead)
		if _, err := all.explore(t, int(ends)); err != nil {
			found = errors.Join(found, fmt.Errorf("dead at scene %d: %w", dead, err))
		}
	}
	if found == nil {
		t.Error("counted before it is published: not found")
	}
	t.Logf("counted before it is published: %v", found)
}
