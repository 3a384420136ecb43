package server

import (
	"fmt"
	"slices"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// keptWidth returns how many columns the bar of a track has, on a terminal of some columns.
func keptWidth(columns int) int {
	switch {
	case columns >= 160:
		return 40
	case columns >= 100:
		return 20
	}
	return 8
}

// tree returns the streams as a tree, with what is kept of them when that is drawn again.
func (x *examination) tree(rows []streams.Row, p *out.Printer) *out.Tree {
	t := streamTree(rows, p.Bytes)
	if x.dir == "" {
		return t
	}
	return withKept(t, rows, x.dir, p.Width, p.Color)
}

// withKept adds to a tree of streams what is kept of each track: a bar of what its stream
// is to keep, with the key frames, and without color in words. Only a screen that is drawn again
// has it.
func withKept(t *out.Tree, rows []streams.Row, dir string, columns int, colored bool) *out.Tree {
	const after = "WINDOW"
	at := 1 + slices.IndexFunc(t.Leaves.Columns, func(c dump.Column) bool { return c.Name == after })
	t.Leaves.Columns = slices.Insert(slices.Clone(t.Leaves.Columns), at, dump.Column{Name: "KEPT", Minor: columns < 100, Known: !colored})
	leaf := 0
	for i := range rows {
		for j := range rows[i].Tracks {
			text := keptText(&rows[i], &rows[i].Tracks[j], dir, keptWidth(columns), colored)
			t.Leaves.Rows[leaf] = slices.Insert(slices.Clone(t.Leaves.Rows[leaf]), at, dump.Cell{Value: text})
			leaf++
		}
	}
	return t
}

func keptText(r *streams.Row, track *streams.TrackRow, dir string, width int, colored bool) string {
	if r.VoD || track.Type == "meta" {
		return ""
	}
	whole := r.DVRMS
	if whole == 0 { // it does not say how much it wants to keep
		whole = r.BufferWindowMS
	}
	if !colored {
		if whole == 0 {
			return ""
		}
		part := min(float64(track.WindowMS())/float64(whole), 1)
		return fmt.Sprintf("%s, %s", picture.Percent(part), units.Counted(track.Keys, "key", "keys"))
	}
	w := picture.Window{Length: track.WindowMS(), Whole: whole}
	if track.Type == "video" { // each packet of the others begins a key
		w.Moments = picture.Since(streams.KeyTimes(dir, track.Page), track.FirstMS)
	}
	return w.Text(width)
}
