package mist

import (
	"strings"

	"shmtool/layout"
)

// meta checks a stream's list of tracks.
func (c *pageCheck) meta(meta *ringView) {
	n := meta.window.First
	f := meta.schema.Lookup("tracks")
	if f == nil || f.Kind() != layout.Nested {
		return
	}
	list := &ringView{page: f.In(meta.record(n)), base: meta.at(n, f), path: meta.path + ":tracks@0"}
	var err error
	if list.header, err = layout.DecodeHeader(list.page); err != nil || !list.open() {
		return
	}
	h := list.header
	if h.RecordCount != 0 && h.Present > h.RecordCount {
		c.add(CodeListOverflow, list.base+layout.PresentOffset, list.path,
			"%d tracks in %d slots: they share records", h.Present, h.RecordCount)
		return // nothing can be said of any of them
	}
	list.window = KindMeta.Page("tracks").Rows(h, len(list.page))
	c.tracks(list)
}

// tracks: those in use. A track that was removed keeps its name.
func (c *pageCheck) tracks(list *ringView) {
	f, ok := list.fields("valid", "type", "page")
	if !ok || f[1].Kind() != layout.String || f[2].Kind() != layout.String {
		return
	}
	valid, kind, page := f[0], f[1], f[2]
	named := map[string]uint64{}
	for n := list.window.First; n < list.window.End; n++ {
		record := list.record(n)
		if valid.Uint(record) == 0 {
			continue
		}
		name := strings.TrimPrefix(string(page.Text(record)), "/")
		c.trackName(list, page, n, name)
		if len(kind.Text(record)) == 0 {
			c.add(CodeTrackType, list.at(n, kind), list.path, "track %d is in use, and has no type", n)
		}
		if before, twice := named[name]; twice && name != "" {
			c.add(CodeTrackShared, list.at(n, page), list.path, "tracks %d and %d both have the page %s", before, n, EscapeName(name))
		} else {
			named[name] = n
		}
	}
}

// trackName: it is that of a track's page, of this stream and this index, as far
// as it is known which stream it is.
func (c *pageCheck) trackName(list *ringView, page *layout.Field, n uint64, name string) {
	o, ok := ParseName(name)
	switch {
	case !ok || o.Kind != KindTrack:
		c.add(CodeTrackName, list.at(n, page), list.path, "track %d: %q is no name of a track's page", n, name)
	case c.of.Stream != "" && o.Stream != c.of.Stream:
		c.add(CodeTrackName, list.at(n, page), list.path, "track %d: its page %s is another stream's", n, EscapeName(name))
	case uint64(o.Index) != n:
		c.add(CodeTrackName, list.at(n, page), list.path, "track %d: its page %s is that of track %d", n, EscapeName(name), o.Index)
	}
}
