package recording

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Note is one thing that happened on a page and is no record: an event of a
// Follower by its name, or one of those below.
type Note struct {
	Event string `json:"event"`

	First uint64 `json:"first,omitempty"` // of lapped and restart as a Follower has it; of held and freed: the slot's record
	Lost  uint64 `json:"lost,omitempty"`
	Cause string `json:"cause,omitempty"`

	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`

	Records *uint64 `json:"records,omitempty"` // messages of the page's records in the file so far; nil in old files

	Page     *Snapshot `json:"page,omitempty"`     // of begin, reload and restart
	Counters *Counters `json:"counters,omitempty"` // of counters
	Raw      []byte    `json:"#raw,omitempty"`     // of held and freed: whole records, one behind the other
}

// The notes that are no events of a Follower. Begin is what a page is when its
// recording, or a file, begins; held are records that a page has which begin,
// reload or restart tells of, and that no record's message has; counters are
// those of the header, where the records alone do not tell them.
const (
	noteBegin    = "begin"
	noteHeld     = "held"
	noteCounters = "counters"
)

// Snapshot is all of a page but its records.
type Snapshot struct {
	Bytes     int64  `json:"bytes"` // of the object, or of the field around a nested page
	Mode      uint32 `json:"mode"`
	Table     bool   `json:"table,omitempty"`     // its records are changed in place
	Nested    bool   `json:"nested,omitempty"`    // its records hold pages, and may be changed in place
	Continues bool   `json:"continues,omitempty"` // the file goes on where another ended
	Next      uint64 `json:"next"`                // the record whose message comes next
	Head      []byte `json:"head"`                // header and descriptors as they are
	Fields    string `json:"fields"`              // the same for people, as a schema file has it
}

// Counters are those of a header that change.
type Counters struct {
	Status      uint8  `json:"status"`
	RecordCount uint32 `json:"rcount"`
	StartPos    uint32 `json:"startpos"`
	Deleted     uint64 `json:"deleted"`
	Present     uint32 `json:"present"`
	EndPos      uint64 `json:"endpos"`
}

func countersOf(h layout.Header) Counters {
	return Counters{uint8(h.Status), h.RecordCount, h.StartPos, h.Deleted, h.Present, h.EndPos}
}

func (c Counters) header() layout.Header {
	return layout.Header{Status: layout.Status(c.Status), RecordCount: c.RecordCount, StartPos: c.StartPos, Deleted: c.Deleted, Present: c.Present, EndPos: c.EndPos}
}

// noteOf returns the note of a Follower's event.
func noteOf(e relaccx.Event) Note {
	n := Note{Event: e.Kind.String(), First: e.First, Lost: e.Lost, Added: e.Added, Removed: e.Removed, Changed: e.Changed}
	if e.Cause != nil {
		n.Cause = e.Cause.Error()
	}
	return n
}

// parseNote reads a note that any program may have written.
func parseNote(text []byte) (Note, error) {
	var n Note
	if err := json.Unmarshal(text, &n); err != nil {
		return Note{}, fmt.Errorf("event: %w", err)
	}
	switch n.Event {
	case noteBegin, "reload", "restart":
		if n.Page == nil {
			return Note{}, fmt.Errorf("event %q does not tell the page", n.Event)
		}
	case noteCounters:
		if n.Counters == nil {
			return Note{}, fmt.Errorf("event %q has no counters", n.Event)
		}
	case noteHeld, "lapped", "gone", "exit", "freed":
	default:
		return Note{}, fmt.Errorf("event %q is not known", n.Event)
	}
	if n.Lost > math.MaxUint64-n.First {
		return Note{}, fmt.Errorf("event %q: %d records from %d on are more than there are numbers", n.Event, n.Lost, n.First)
	}
	return n, nil
}

// shape is a page that a snapshot tells of, proven to be one.
type shape struct {
	header layout.Header
	schema *layout.Schema
	window layout.Window // of what the page had
}

// shape reads header and fields. A page that no page can be is an error.
func (s *Snapshot) shape() (shape, error) {
	var of shape
	h, err := layout.DecodeHeader(s.Head)
	if err != nil {
		return of, err
	}
	switch {
	case s.Bytes < int64(h.Offset) || s.Bytes > relaccx.MaxPageSize:
		return of, fmt.Errorf("a page of %d bytes cannot be", s.Bytes)
	case int(h.Offset) != len(s.Head):
		return of, fmt.Errorf("header and fields have %d bytes, not %d", len(s.Head), h.Offset)
	case int64(h.RecordSize) > maxChunkSize:
		return of, fmt.Errorf("records of %d bytes are larger than a recording holds", h.RecordSize)
	case !h.Status.Ready():
		return of, fmt.Errorf("the page is not ready")
	}
	if err := h.Check(s.room(h)); err != nil {
		return of, err
	}
	if of.schema, err = layout.DecodeSchema(s.Head, h); err != nil {
		return of, err
	}
	of.header, of.window = h, h.Window(s.room(h))
	return of, nil
}

// room returns how many bytes the page can use: those of the object, and of its last
// memory page where it is one that MistServer makes shorter than it claims.
func (s *Snapshot) room(h layout.Header) int {
	if h.PageSize() > uint64(s.Bytes) && mist.RunsOn("", s.Head) {
		return int((s.Bytes + 4095) &^ 4095)
	}
	return int(s.Bytes)
}

// NameError is a name that no page can be played back under.
type NameError struct{ Name, Reason string }

// Error returns one line.
func (e *NameError) Error() string { return fmt.Sprintf("name %q: %s", e.Name, e.Reason) }

// checkName refuses what is no name of an object in one directory.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > 255 || strings.ContainsAny(name, "/\x00") {
		return &NameError{name, "a page's name has 1 to 255 bytes, no slash and no zero byte"}
	}
	return nil
}
