package mist

import (
	"fmt"
	"slices"

	"shmtool/layout"
)

// The codes of what is told of MistServer's objects beside what
// layout.CheckPage finds.
const (
	CodeKeyNumber      = "key_number_mismatch"
	CodeKeyParts       = "key_parts_mismatch"
	CodeFirstMS        = "firstms_mismatch"
	CodeFragmentKeys   = "fragment_keys_mismatch"
	CodePageKeys       = "page_keys_mismatch"
	CodeAvailOver      = "avail_over_size"
	CodeTrackName      = "track_name_odd"
	CodeTrackType      = "track_type_empty"
	CodeTrackShared    = "track_page_shared"
	CodeListOverflow   = "track_list_overflow"
	CodePacketBroken   = "data_packet_broken"
	CodeDataEnd        = "data_avail_mismatch"
	CodeDataMissing    = "data_page_missing"
	CodeDataStale      = "data_stale_bytes"
	CodeInvalidObject  = "invalid_object"
	CodeObjectSize     = "object_size_odd"
	CodePageShort      = "page_short"
	CodeStateUnknown   = "state_unknown"
	CodePIDUnset       = "pid_unset"
	CodeUnknownVersion = "unknown_version"
	CodeDoublePost     = "semaphore_double_post"
	CodePushBroken     = "push_list_broken"
	CodeDTSCBroken     = "dtsc_broken"
)

// CheckCode is a kind of finding about an object of MistServer's.
type CheckCode struct {
	Name     string
	Severity layout.Severity
	Means    string // what is wrong, in one line
	Remedy   string // what to do about it, in a few words; "" where nothing is to be done
}

const (
	remedyTrack  = "restart the track's source: it makes a new track"
	remedyStream = "restart the stream"
	remedyLook   = "shmtool doctor tells whether the stream suffers from it"
)

var checkCodes = []CheckCode{
	{CodeInvalidObject, layout.Error, "the object is not what its name says", "remove it when no process maps it: shmtool clean"},
	{CodeListOverflow, layout.Error, "the track list holds more tracks than it has slots: two share one", remedyStream},
	{CodeKeyNumber, layout.Warning, "a key's number is not that of its record", remedyTrack},
	{CodeKeyParts, layout.Warning, "the keys' parts do not add up to those of the track", remedyTrack},
	{CodeFirstMS, layout.Warning, "firstms is not the time of the first key", remedyTrack},
	{CodeFragmentKeys, layout.Warning, "the fragments do not add up to the keys", remedyTrack},
	{CodePageKeys, layout.Warning, "the data pages do not cover the keys", remedyTrack},
	{CodeAvailOver, layout.Warning, "more bytes are published than the data page has", remedyTrack},
	{CodeTrackName, layout.Warning, "a track in use names a page that is not its own", remedyStream},
	{CodeTrackShared, layout.Warning, "two tracks in use name one page", remedyStream},
	{CodePacketBroken, layout.Warning, "a packet in a data page is not whole: readers stop there", remedyTrack},
	{CodeDataEnd, layout.Warning, "the packets of a data page do not end where avail says", remedyTrack},
	{CodeDataMissing, layout.Warning, "a data page that is published is not there", remedyTrack},
	{CodeDataStale, layout.Warning, "packets of an earlier stream lie behind those of this one", "end the stream, remove what it leaves (shmtool clean), start it again"},
	{CodeStateUnknown, layout.Warning, "the state is none that MistServer has", remedyLook},
	{CodeDoublePost, layout.Warning, "the lock was given back twice: two processes can hold it at a time", remedyLook},
	{CodePushBroken, layout.Warning, "the list of pushes is not whole: a controller that starts loses some", "wait for the controller to write it again"},
	{CodeDTSCBroken, layout.Warning, "a DTSC value is malformed: MistServer reads a part of it, or nothing", "make the program that writes it write it again: restart it, or save the setting again"},
	{CodeTrackType, layout.Note, "a track in use says neither video nor audio: players ignore it", ""},
	{CodeObjectSize, layout.Note, "the object has another size than MistServer gives it", ""},
	{CodePageShort, layout.Note, "the page ends before its records do, as MistServer makes it", ""},
	{CodePIDUnset, layout.Note, "no process is named", ""},
	{CodeUnknownVersion, layout.Note, "the object's version is not known here", ""},
}

// CheckCodes returns the codes of [CheckPage], [CheckState], [CheckPID] and
// [CheckSemaphore], and those of what programs find that look at an object's packets; the
// worst first.
func CheckCodes() []CheckCode { return slices.Clone(checkCodes) }

// NewFinding returns a finding of one of CheckCodes.
func NewFinding(code string, at int64, path, format string, a ...any) layout.Finding {
	f := layout.Finding{Code: code, Offset: at, Path: path, Message: fmt.Sprintf(format, a...)}
	if i := slices.IndexFunc(checkCodes, func(c CheckCode) bool { return c.Name == code }); i >= 0 {
		f.Severity = checkCodes[i].Severity
	}
	return f
}

// CheckPage checks a page against what is true of every healthy one that o's kind has: a
// track's keys, parts, fragments and data pages belong together, a stream's tracks have
// pages of their own. It takes for granted that layout.CheckPage is asked too: what is
// not a valid page, not ready, replaced, or has counters that contradict each other is
// ignored here.
//
// Source and buffer write a track at a time, and every change takes them several stores.
// A state that is normal between two stores of either process is no finding. A reader is
// not as fast as a store, though: on a living page only what another look finds again is
// true.
//
// It returns at most the first ten findings of each code. Its time grows with the page.
func CheckPage(o Object, page []byte, h layout.Header) []layout.Finding {
	c := pageCheck{of: o}
	record := ringView{page: page, header: h, window: o.Kind.Page().Rows(h, len(page))}
	if !record.open() || record.window.Count() == 0 {
		return nil
	}
	switch o.Kind {
	case KindTrack:
		c.track(&record)
	case KindMeta:
		c.meta(&record)
	}
	return c.findings
}

// pageCheck collects what is found on a page.
type pageCheck struct {
	of       Object
	findings []layout.Finding
	told     map[string]int // findings of each code, those left out too
}

// maxSameFindings bounds what one fault says: a chain that breaks once may be
// wrong from there on.
const maxSameFindings = 10

func (c *pageCheck) add(code string, at int, path, format string, a ...any) {
	if c.told == nil {
		c.told = map[string]int{}
	}
	if c.told[code]++; c.told[code] <= maxSameFindings {
		c.findings = append(c.findings, NewFinding(code, int64(at), path, format, a...))
	}
}

// ringView is the records of a page, or of one nested in it, as bytes that
// another process may be changing.
type ringView struct {
	page   []byte
	base   int    // of page in the whole object
	path   string // ":keys@0"
	header layout.Header
	schema *layout.Schema
	window layout.Window
}

// open reads the fields; false where nothing can be said of the page.
func (r *ringView) open() bool {
	if !r.header.Status.Ready() || r.header.Status.Reload() || layout.Validate(r.page, r.header) != nil {
		return false
	}
	var err error
	r.schema, err = layout.DecodeSchema(r.page, r.header)
	return err == nil
}

// nested opens the ring in a field of record n; nil where there is none that can
// be believed.
func (r *ringView) nested(n uint64, name string) *ringView {
	f := r.schema.Lookup(name)
	if f == nil || f.Kind() != layout.Nested {
		return nil
	}
	in := &ringView{page: f.In(r.record(n)), base: r.at(n, f), path: fmt.Sprintf("%s:%s@%d", r.path, name, n)}
	var err error
	if in.header, err = layout.DecodeHeader(in.page); err != nil || !in.open() {
		return nil
	}
	h := in.header
	if h.Deleted > h.EndPos || h.RecordCount == 0 || h.EndPos-h.Deleted > uint64(h.RecordCount) {
		return nil // records share slots, and CheckPage has said so
	}
	in.window = layout.Window{First: h.Deleted, End: h.EndPos}
	return in
}

// slot returns where record n begins in the page.
func (r *ringView) slot(n uint64) int {
	return int(r.header.Offset) + int(r.header.Slot(n))*int(r.header.RecordSize)
}

func (r *ringView) record(n uint64) []byte {
	at := r.slot(n)
	return r.page[at : at+int(r.header.RecordSize)]
}

// at returns the byte of the whole object at which a field of record n lies.
func (r *ringView) at(n uint64, f *layout.Field) int { return r.base + r.slot(n) + int(f.Offset) }

// fields resolves names once for many records; false where the page has not all
// of them, as other versions of MistServer may.
func (r *ringView) fields(names ...string) ([]*layout.Field, bool) {
	found := make([]*layout.Field, len(names))
	for i, name := range names {
		if found[i] = r.schema.Lookup(name); found[i] == nil {
			return nil, false
		}
	}
	return found, true
}

func (r *ringView) uint(n uint64, f *layout.Field) uint64 { return f.Uint(r.record(n)) }
