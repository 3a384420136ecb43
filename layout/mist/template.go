package mist

import (
	"fmt"

	"shmtool/layout"
)

// Template is a page as MistServer makes it: the same descriptors, the same size,
// slack included, and the counters that it begins with.
type Template struct {
	Schema      string // for layout.ParseSchema
	RecordCount uint32
	Size        int // bytes of the object
	EndPos      uint64
	Present     uint32
}

// Shape returns the template's schema, parsed, and its record count.
func (t Template) Shape() (layout.Shape, error) {
	s, err := layout.ParseSchema(t.Schema)
	if err != nil {
		return layout.Shape{}, fmt.Errorf("mist: template: %w", err)
	}
	return layout.Shape{Schema: s, RecordCount: t.RecordCount}, nil
}

// Header returns the header of the page, not ready.
func (t Template) Header() (layout.Header, error) {
	shape, err := t.Shape()
	if err != nil {
		return layout.Header{}, err
	}
	h := shape.Header()
	h.EndPos, h.Present = t.EndPos, t.Present
	return h, nil
}

// Build writes the page over b, which must be zero and have Size bytes: header,
// descriptors and the nested pages, which are ready and empty. The status given
// is the page's own.
func (t Template) Build(b []byte, status layout.Status) error {
	shape, err := t.Shape()
	if err != nil {
		return err
	}
	if err := shape.Build(b, 0); err != nil {
		return fmt.Errorf("mist: template: %w", err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = status, t.EndPos, t.Present
	h.Encode(b)
	return nil
}

// DefaultTracks is how many tracks a stream's page has room for at first. The
// room doubles when it is full.
const DefaultTracks = 4

// MetaTemplate returns a stream's MstMeta with room for a number of tracks.
func MetaTemplate(tracks uint32) Template {
	return Template{
		Schema:      fmt.Sprintf(metaSchema, tracks),
		RecordCount: 1,
		Size:        844 + 1897*int(tracks),
		EndPos:      1,
		Present:     1,
	}
}

// TrackRoom is how many records the rings of a MstTrak have room for. A ring that
// is full is doubled, by a reload of the page.
type TrackRoom struct{ Fragments, Keys, Parts, Pages uint32 }

// DefaultTrackRoom is what a live track begins with.
var DefaultTrackRoom = TrackRoom{Fragments: 60, Keys: 60, Parts: 1800, Pages: 10}

// What MistServer reckons with for a track: header, descriptors and record
// without the rings. The real page is smaller, the rest is slack.
const trackFrontSize = 207 + 1049070

// TrackTemplate returns a MstTrak with that much room.
func TrackTemplate(r TrackRoom) Template {
	return Template{
		Schema:      fmt.Sprintf(trackSchema, r.Parts, r.Keys, r.Fragments, r.Pages),
		RecordCount: 1,
		Size: trackFrontSize + 68 + 14*int(r.Fragments) + 90 + 40*int(r.Keys) +
			60 + 8*int(r.Parts) + 100 + 36*int(r.Pages),
		EndPos:  1,
		Present: 1,
	}
}

// RawFrames is how many frames a track of raw video keeps.
const RawFrames = 90

// RawTrackTemplate returns the MstTrak of a track of raw video (UYVY, YUYV, NV12), whose
// frames of a number of bytes lie in the page itself.
func RawTrackTemplate(frameSize uint32) Template {
	rings := (8 + int(frameSize)) * RawFrames
	return Template{
		Schema:      fmt.Sprintf(rawTrackSchema, RawFrames, 52+rings, frameSize),
		RecordCount: 1,
		Size:        trackFrontSize + rings,
		EndPos:      1,
		Present:     1,
	}
}

// ConfigTemplate returns a page that holds one packed value of a number of bytes:
// MstSCnf, MstCapa or MstProt.
func ConfigTemplate(packedSize uint32) Template {
	return Template{
		Schema:      fmt.Sprintf("dtsc_data:dtsc:%d\n", packedSize),
		RecordCount: 1,
		Size:        int(packedSize) + 100,
		EndPos:      1,
	}
}

// Template returns the page that MistServer makes of a kind, where all of them are alike
// at first: not so those of the other functions, and MstProx. The lists that the
// controller writes whole (stream keys, triggers, JWK, connectors) have a record count of
// 0 here: it becomes the number of their entries, as their counters do.
func (k Kind) Template() (t Template, ok bool) {
	switch k {
	case KindMeta:
		return MetaTemplate(DefaultTracks), true
	case KindTrack:
		return TrackTemplate(DefaultTrackRoom), true
	}
	t, ok = templates[k]
	return t, ok
}

// templates are the pages of one size. Record counts are what fits, but where a
// comment says more.
var templates = map[Kind]Template{
	KindUsers:      {Schema: usersSchema, RecordCount: 20968, Size: 512 << 10, EndPos: 1},
	KindSession:    {Schema: sessionSchema, RecordCount: 5016, Size: 1 << 20, EndPos: 1},
	KindStatistics: {Schema: statisticsSchema, RecordCount: 20945, Size: 16 << 20, EndPos: 1},
	KindGlobal:     {Schema: globalSchema, RecordCount: 1, Size: 4096, EndPos: 1},
	KindLogs:       {Schema: logsSchema, RecordCount: 1337, Size: 1 << 20},
	KindAccess:     {Schema: accessSchema, Size: 1 << 20},                     // grows with endpos, to 1941
	KindStreams:    {Schema: streamsSchema, RecordCount: 1557, Size: 5 << 20}, // what fits 1 MiB
	KindVariables:  {Schema: variablesSchema, RecordCount: 95, Size: 64 << 10, Present: 95},
	KindWriters:    {Schema: writersSchema, RecordCount: 1927, Size: 1 << 20, Present: 1927},
	KindKeys:       {Schema: keysSchema, Size: 1 << 20},
	KindTriggers:   {Schema: triggersSchema, Size: 32 << 10},
	KindJWK:        {Schema: jwkSchema, Size: 8 << 20},
	KindConnectors: {Schema: connectorsSchema, Size: 128 << 10},
}

// Sizes of the objects that are no pages, in bytes.
const (
	StateSize    = 2        // MstSTATE
	PIDSize      = 8        // MstIPID and MstPPID
	PushSize     = 8 << 20  // MstPush
	LiveDataSize = 40 << 20 // MstData of a live track; of another it is the sum of its packets
)
