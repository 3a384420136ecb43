package top

import (
	"time"

	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// Row is one page as it was seen at a moment.
type Row struct {
	Name, Path string
	Of         mist.Object // what its name says, if Known
	Known      bool
	Identity   procs.Object

	Size    int64
	Header  layout.Header
	Problem string // why it cannot be read; then there is no header
	Unread  error  // why the system did not let it be read; nil when it did
	Gone    bool   // it was there a moment ago

	// Rate is records a second, over the last few seconds; nil before two looks.
	Rate *float64
	// Rates are records a second between one look and the next.
	Rates picture.History
	// Used of Slots are taken, of the page or of the ring in it that is counted.
	Used, Slots uint64
	// Changed is how long ago the header has, Seen whether that was seen; else it
	// has not for so long as it was looked at.
	Changed time.Duration
	Seen    bool
}

// Unread returns why pages could not be read.
func Unread(rows []Row) (all []error) {
	for i := range rows {
		if rows[i].Unread != nil && !rows[i].Gone {
			all = append(all, rows[i].Unread)
		}
	}
	return all
}

// Kind returns what MistServer calls the page, or "relaccx".
func (r *Row) Kind() string {
	if r.Known {
		return string(r.Of.Kind)
	}
	return "relaccx"
}

// Fill returns the part of the page that is taken, from 0 to 1. A page of one record
// is not filled.
func (r *Row) Fill() (part float64, told bool) {
	if r.Slots <= 1 {
		return 0, false
	}
	return min(1, float64(r.Used)/float64(r.Slots)), true
}

// Status returns the page's status in a word.
func (r *Row) Status() string {
	switch {
	case r.Gone:
		return "gone"
	case r.Problem != "":
		return r.Problem
	}
	return r.Header.Status.String()
}

// Tone returns the colour of the status.
func (r *Row) Tone() dump.Tone {
	switch {
	case r.Gone:
		return dump.Faint
	case r.Problem != "":
		return dump.Bad
	case r.Header.Status != layout.StatusReady:
		return dump.Attention
	}
	return dump.Good
}

// Around is what the process table says of pages.
type Around struct {
	Writers map[procs.Object]procs.Process
	Readers map[procs.Object][]int // processes that map the page, but for ours
	Known   bool                   // it was looked
	Mapped  bool                   // Readers are known; a copy of pages alone does not tell
}

// writer returns who writes the page.
func (a *Around) writer(r *Row) (procs.Process, bool) {
	p, ok := a.Writers[r.Identity]
	return p, ok && !r.Gone
}

// readers returns how many processes map the page.
func (a *Around) readers(r *Row) int { return len(a.Readers[r.Identity]) }
