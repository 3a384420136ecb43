// Package report writes one HTML file about streams: what is wrong and what to do, what
// happened when, the processes and the objects. The file needs nothing else: it opens
// without a network, prints, and runs no script.
//
// Every text that comes from a page, a process or a recording goes through
// mist.EscapeName, which makes it printable, and through html/template, which makes it text.
// A Content-Security-Policy in the file refuses everything but its own style. limits.go has
// the most that a file shows, however much a page has, and the file says how much it leaves
// out.
//
// media.go reads the keys and parts of tracks, recorded.go a recording; write.go fills
// page.html from what view.go makes of it, and charts.go draws.
package report

import (
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// Input is what a report is about.
type Input struct {
	Version  string // of shmtool
	Place    string // what was looked at: a directory, a snapshot, a recording
	At       time.Time
	Redacted bool // what is private was replaced before

	Moment    *streams.Moment // nil: of a recording alone
	Found     []finding.Finding
	Rows      []streams.Row      // a stream each
	Verdict   string             // the worst of all
	Unseen    []string           // what could not be looked at
	Processes []procs.Process    // those of the streams
	Others    []procs.Process    // those of other streams
	Media     map[string][]Track // of each stream
	Recording *Recording         // nil: there is none
}

// Track is what the pages tell of a track's media.
type Track struct {
	Index     uint64
	Name      string // "0 video H264"
	Meta      bool   // it is metadata: its packets come now and then
	FirstMS   uint64
	LastMS    uint64
	Keys      []Key
	Parts     []Part
	Fragments []Fragment
	Pages     []streams.DataPage
	Missed    bool // not all of it could be read
}

// Key is a key frame, or a piece of a track that has none.
type Key struct {
	Number, TimeMS, DurationMS, Bytes, Parts uint64
}

// Part is a packet: when it is played, and how long until the next.
type Part struct{ TimeMS, DurationMS uint64 }

// Fragment is keys that are sent together.
type Fragment struct{ FromMS, ToMS, Keys uint64 }
