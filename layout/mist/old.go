package mist

import (
	"strconv"
	"strings"

	"shmtool/layout"
)

// OldMeans says what shmtool knows of a stream of MistServer 2.x.
const OldMeans = "MistServer 2.x: its metadata is not RelAccX"

// oldNames are what MistServer 2.x calls its objects behind "Mst"; MistServer 3 uses
// these names for nothing.
var oldNames = []struct {
	prefix string
	naming naming
}{
	{"STRM", ofStream}, // the stream's metadata
	{"TRID", ofTrack},  // <stream>@<track>: which pages the track has
	{"TRAK", ofTrack},  // likewise: the track's metadata
	{"DATA", ofData},   // packets
	{"USER", ofStream},
	{"STAT", bare},
	{"Conf", bare}, // the server's configuration
	{"TRIG", ofID}, // triggers
}

// parseOld reads a name of MistServer 2.x without "Mst". ID is the part before the stream.
func parseOld(rest string) (Object, bool) {
	for _, name := range oldNames {
		of, ok := strings.CutPrefix(rest, name.prefix)
		if !ok || (of == "") != (name.naming == bare) {
			continue
		}
		o := Object{Kind: KindOld, ID: name.prefix}
		switch name.naming {
		case ofStream:
			o.Stream = of
		case ofID:
			o.ID = rest
		case ofTrack:
			var index uint64
			at := max(0, strings.LastIndexByte(of, '@'))
			index, ok = parseNumber(strings.TrimPrefix(of[at:], "@"))
			o.Stream, o.Index = of[:at], int(index)
		case ofData:
			var index uint64
			o.Stream, index, o.Key, ok = splitNumbers(of, "_")
			o.Index = int(index)
		}
		return o, ok && (name.naming == bare || name.naming == ofID || o.Stream != "")
	}
	return Object{}, false
}

// oldName returns the name that parseOld has read.
func (o Object) oldName() string {
	text := namePrefix + o.ID + o.Stream
	for _, name := range oldNames {
		switch {
		case name.prefix != o.ID:
		case name.naming == ofTrack:
			text += "@" + strconv.Itoa(o.Index)
		case name.naming == ofData:
			text += "@" + strconv.Itoa(o.Index) + "_" + strconv.FormatUint(o.Key, 10)
		}
	}
	return text
}

// oldFieldOffset is where the fields begin on the pages of MistServer 2.12 and 2.13: their
// header has no endpos.
const oldFieldOffset = 28

// IsOldPage reports whether a page with the name of one of MistServer's has the header of
// 2.12 or 2.13: what stands where endpos is are fields.
func IsOldPage(name string, h layout.Header) bool {
	o, known := ParseName(name)
	return known && o.Kind.IsPage() && h.FieldOffset == oldFieldOffset
}

// ErrOldPage says what a page is of which IsOldPage is true.
var ErrOldPage error = &layout.FormatError{
	Offset: layout.FieldOffsetOffset, What: "header of 28 bytes, as MistServer 2.12 and 2.13 make it; shmtool reads those of 2.14 and later",
}
