package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// viewersOf returns a row for each process and role, with the tracks that it takes or feeds.
func viewersOf(s *streams.Stream) ([]viewerView, int) {
	if s.Users == nil {
		return nil, 0
	}
	type who struct {
		pid  uint64
		role string
	}
	var list []viewerView
	tracks := map[who][]string{}
	rows := map[who]int{}
	for _, u := range s.Users.Slots {
		role := "viewer"
		switch {
		case u.Source():
			role = "source"
		case !u.Viewer():
			role = "leaving"
		}
		is := who{u.PID, role}
		if tracks[is] == nil {
			rows[is] = len(list)
			list = append(list, viewerView{PID: fmt.Sprint(u.PID), Program: cut(u.Process.Name), Life: u.Life.String(), Role: role})
		}
		tracks[is] = append(tracks[is], trackText(u))
	}
	for is, all := range tracks {
		some, more := first(all, mostTracks)
		text := strings.Join(some, ", ")
		if more > 0 {
			text += fmt.Sprintf(", and %d more", more)
		}
		list[rows[is]].Tracks = text
	}
	return first(list, mostRows)
}

// trackText returns a track, and the key of it that a viewer asks for.
func trackText(u streams.User) string {
	switch {
	case u.Source() || u.Key == 0:
		return fmt.Sprint(u.Track)
	case u.Key == math.MaxUint64:
		return fmt.Sprintf("%d (waits)", u.Track)
	}
	return fmt.Sprintf("%d (key %d)", u.Track, u.Key)
}

// commandLine returns the words that a process was started with, without secrets. A token is
// the word after its flag.
func commandLine(args []string) string {
	words := slices.Clone(args)
	for i := range words {
		if i > 0 && args[i-1] == "--tkn" {
			words[i] = "***"
		}
	}
	return cut(mist.Redact(strings.Join(words, " ")))
}

// tree returns processes as a tree: each beneath its parent, with its depth.
func tree(all []procs.Process) (list []processView) {
	children := map[int][]procs.Process{}
	known := map[int]bool{}
	for _, p := range all {
		known[p.PID] = true
	}
	for _, p := range all {
		parent := p.Parent
		if !known[parent] || parent == p.PID {
			parent = 0
		}
		children[parent] = append(children[parent], p)
	}
	shown := map[int]bool{} // a snapshot may hold processes that are their own ancestors
	var walk func(parent, depth int)
	walk = func(parent, depth int) {
		for _, p := range children[parent] {
			if shown[p.PID] {
				continue
			}
			shown[p.PID] = true
			list = append(list, processView{p.PID, p.Parent, min(depth, deepest), cut(p.Name), p.State, commandLine(p.Args)})
			walk(p.PID, depth+1)
		}
	}
	walk(0, 0)
	for _, p := range all { // those that are their own ancestors
		if !shown[p.PID] {
			children[0] = []procs.Process{p}
			walk(0, 0)
		}
	}
	return list
}
