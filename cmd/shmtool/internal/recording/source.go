package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// source is a page that is being recorded.
type source struct {
	Target
	follower *relaccx.Follower
	enough   func() // ends a first look when there is nothing to be had; nil outside of one
	named    bool   // it is one of Options.Targets; else it was discovered
	nested   bool   // its records hold pages
	table    bool   // they are changed in place

	begun   bool
	exited  bool // the exit of its writer is written
	schema  *layout.Schema
	json    *dump.RecordJSON
	next    uint64        // the record that comes next
	model   layout.Header // the counters that the page has which is made of the recording
	active  time.Time     // when an event came last
	settled time.Time     // when it was last looked at what no event tells
	last    []byte        // of a page that holds pages: its newest record, as it was written last
	lastOf  uint64
	text    []byte

	revised  revisions
	messages uint64 // of records, in the file
	noted    uint64 // how many of them the last note has counted

	part            int    // the file that the channels are of
	records, events uint16 // the channels
}

// encoder makes what renders the records of a page.
type encoder func(s *source) *dump.RecordJSON

// heldSize is how many bytes of records go into one note.
const heldSize = 256 << 10

func hasNested(s *layout.Schema) bool {
	for i := range s.Fields() {
		if s.Fields()[i].Kind() == layout.Nested {
			return true
		}
	}
	return false
}

// note writes a note.
func (s *source) note(f *file, at time.Time, n Note) error {
	if err := s.join(f); err != nil {
		return err
	}
	n.Records, s.noted = &s.messages, s.messages
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return f.put(s.events, uint32(n.First), at, text)
}

// join gives the page its channels in a file.
func (s *source) join(f *file) (err error) {
	if s.part == f.count && s.events != 0 {
		return nil
	}
	s.part, s.records, s.messages = f.count, 0, 0
	s.events, err = f.events(s.Name)
	return err
}

// begin tells what the page is, once, before what happens first: e, or nothing
// yet.
func (s *source) begin(f *file, at time.Time, e *relaccx.Event) error {
	if s.begun || s.follower.Reader() == nil {
		return nil
	}
	h, err := s.follower.Reader().Header()
	if err != nil {
		return s.later(err)
	}
	s.next = s.window(h).End
	if e != nil {
		switch e.Kind {
		case relaccx.EventRecord:
			s.next = e.Record.Number
		case relaccx.EventLapped:
			s.next = e.First
		}
	}
	return s.snapshot(f, at, Note{Event: noteBegin}, false)
}

// rests returns until when it is too early to look at what no event tells.
func (s *source) rests(now time.Time) time.Time {
	silence := now.Sub(s.active)
	if silence <= idleEvery {
		return now
	}
	return s.settled.Add(min(max(idleEvery, silence/idleSilence), idlestEvery))
}

// later returns nil where a page goes away during a look: its Follower says so, and the
// page that comes then is told anew.
func (s *source) later(err error) error {
	if err == nil {
		return nil
	}
	var format *layout.FormatError
	for _, passing := range []error{relaccx.ErrTruncated, relaccx.ErrNotReady, relaccx.ErrWithdrawn, relaccx.ErrNoRecord, os.ErrClosed, fs.ErrNotExist} {
		if errors.Is(err, passing) {
			return nil
		}
	}
	if errors.As(err, &format) {
		return nil
	}
	return &PageError{s.Name, err}
}

// window returns the records that the page has by its header.
func (s *source) window(h layout.Header) layout.Window {
	r := s.follower.Reader()
	return r.Rules().Rows(h, r.Size())
}

// snapshot writes a note that tells all of the page, and the records that it has
// and no message will tell: those before the next one, or all of a table.
func (s *source) snapshot(f *file, at time.Time, n Note, continues bool) error {
	r := s.follower.Reader()
	page := &Snapshot{Bytes: int64(r.Size()), Mode: s.mode(), Nested: s.nested, Continues: continues, Next: s.next, Fields: r.Schema().String()}
	var header layout.Header
	err := r.Inspect(func(b []byte, h layout.Header) (err error) {
		page.Head, err = headOf(b, h, r.Schema())
		header = h
		if len(s.Steps) == 0 { // MistServer may have made it shorter than it claims
			page.Bytes = int64(r.Page().Size())
		}
		return err
	})
	if err != nil {
		s.begun = false
		return s.later(err)
	}
	info := r.Rules()
	s.table = info != nil && info.Rule != mist.RuleRing
	page.Table = s.table
	s.begun, s.schema, s.json, s.last, s.records = true, r.Schema(), nil, nil, 0
	s.revised = revisions{}
	s.model = header
	n.Page = page
	if err := s.note(f, at, n); err != nil {
		return err
	}
	w := s.window(header)
	if !s.table {
		w = w.Clamp(w.First, max(s.next, w.First))
		s.model.EndPos, s.model.Deleted = s.next, min(header.Deleted, s.next)
	}
	return s.held(f, at, w)
}

// headOf copies header and descriptors of a page: the header as it was loaded.
// Another process may write both while they are copied. The error is a
// *layout.FormatError where they cannot be those of a ready page, and
// relaccx.ErrNotReady where they are no longer those that the Reader reads by.
func headOf(page []byte, h layout.Header, schema *layout.Schema) ([]byte, error) {
	if !h.Status.Ready() {
		return nil, relaccx.ErrNotReady
	}
	if err := h.Check(len(page)); err != nil {
		return nil, err
	}
	head := bytes.Clone(page[:h.Offset])
	if len(head) < layout.HeaderSize {
		return nil, &layout.FormatError{Offset: layout.OffsetOffset, What: "offset is inside the header", Value: h.Offset}
	}
	h.Encode(head)
	now, err := layout.DecodeSchema(head, h)
	if err != nil {
		return nil, err
	}
	if !now.Equal(schema) {
		return nil, relaccx.ErrNotReady
	}
	return head, nil
}

// mode returns the permissions of the object, as they are now.
func (s *source) mode() uint32 {
	info, err := os.Stat(s.Path)
	if err != nil {
		return 0
	}
	return uint32(info.Mode().Perm())
}

// held writes the records of a window as they are, without those of zeros: that
// is what a page that is made has there anyway.
func (s *source) held(f *file, at time.Time, w layout.Window) error {
	n := Note{Event: noteHeld}
	write := func() (err error) {
		if len(n.Raw) > 0 {
			err = s.note(f, at, n)
		}
		n.Raw = n.Raw[:0]
		return err
	}
	for rec, err := range s.follower.Reader().Records(w) {
		var lapped *relaccx.LappedError
		if errors.As(err, &lapped) {
			continue
		}
		if err != nil {
			return errors.Join(write(), s.later(err))
		}
		if len(rec.Bytes()) != int(s.model.RecordSize) { // the header changed since the Reader was made
			break
		}
		if s.nested {
			s.last, s.lastOf = append(s.last[:0], rec.Bytes()...), rec.Number
		}
		zero := len(bytes.TrimLeft(rec.Bytes(), "\x00")) == 0
		behind := rec.Number == n.First+uint64(len(n.Raw)/max(1, len(rec.Bytes())))
		if zero || !behind || len(n.Raw) >= heldSize {
			if err := write(); err != nil {
				return err
			}
		}
		if zero {
			continue
		}
		if !s.table && !s.nested {
			s.revised.wrote(rec)
		}
		if len(n.Raw) == 0 {
			n.First = rec.Number
		}
		n.Raw = append(n.Raw, rec.Bytes()...)
	}
	return write()
}

// record writes a record. On a table, the counters that show its row come first.
func (s *source) record(f *file, at time.Time, rec *relaccx.Record, encode encoder) error {
	if s.table {
		if err := s.counters(f, at); err != nil {
			return err
		}
	}
	if err := s.message(f, at, rec, encode); err != nil || s.table {
		return err
	}
	s.next = rec.Number + 1
	push(&s.model, s.next)
	if s.nested {
		s.last, s.lastOf = append(s.last[:0], rec.Bytes()...), rec.Number
	}
	return nil
}

// push makes the counters those of a page whose records end there by now, as a
// Writer that makes room for itself keeps them.
func push(h *layout.Header, end uint64) {
	h.EndPos = end
	if slots := uint64(h.RecordCount); slots != 0 && h.Deleted < end && end-h.Deleted > slots {
		h.Deleted = end - slots
		h.StartPos = uint32(h.Deleted)
	}
	h.Present = uint32(end - h.Deleted)
}

func (s *source) message(f *file, at time.Time, rec *relaccx.Record, encode encoder) (err error) {
	if err := s.join(f); err != nil {
		return err
	}
	if s.records == 0 {
		if s.records, err = f.records(s.Name, s.schema); err != nil {
			return err
		}
	}
	if s.json == nil {
		s.json = encode(s)
	}
	s.text = appendRecord(s.text[:0], s.json, rec)
	if err := f.put(s.records, uint32(rec.Number), at, s.text); err != nil {
		if errors.Is(err, ErrTooLarge) {
			err = &PageError{s.Name, err}
		}
		return err
	}
	s.messages++
	if !s.table && !s.nested {
		s.revised.wrote(rec)
	}
	return nil
}

// event writes an event that is no record.
func (s *source) event(f *file, at time.Time, e relaccx.Event) error {
	n := noteOf(e)
	s.exited = e.Kind == relaccx.EventExit
	switch e.Kind {
	case relaccx.EventReload:
		return s.snapshot(f, at, n, false)
	case relaccx.EventRestart:
		s.next = e.First
		return s.snapshot(f, at, n, false)
	case relaccx.EventLapped:
		s.next = e.First + e.Lost
		s.model.EndPos, s.model.Deleted, s.model.StartPos, s.model.Present = s.next, s.next, uint32(s.next), 0
	case relaccx.EventFreed:
		if err := s.counters(f, at); err != nil {
			return err
		}
		var rec relaccx.Record
		if s.follower.Reader().Read(e.First, &rec) == nil {
			n.Raw = rec.Bytes()
		}
	}
	return s.note(f, at, n)
}

// counters writes those of the page where they are not what the records make
// them. While there are records that have not come it is too early to tell.
func (s *source) counters(f *file, at time.Time) error {
	if !s.begun {
		return nil
	}
	h, err := s.follower.Reader().Header()
	if err != nil {
		return s.later(err)
	}
	if !s.table && s.window(h).End != s.next {
		return nil
	}
	return s.count(f, at, h)
}

func (s *source) count(f *file, at time.Time, h layout.Header) error {
	c := countersOf(h)
	if !h.Status.Ready() || c == countersOf(s.model) {
		return nil
	}
	s.model = h
	return s.note(f, at, Note{Event: noteCounters, Counters: &c})
}

// sample writes the newest record of a page that holds pages, when it has
// changed: with what is published in them, no counter of the page itself does.
func (s *source) sample(f *file, at time.Time, encode encoder) error {
	if !s.begun || !s.nested {
		return nil
	}
	r := s.follower.Reader()
	var rec relaccx.Record
	n, err := r.Newest()
	if err == nil {
		err = r.Read(n, &rec)
	}
	if err != nil || n >= s.next { // which comes by itself
		return s.later(err)
	}
	if n == s.lastOf && bytes.Equal(s.last, rec.Bytes()) {
		return nil
	}
	s.last, s.lastOf = append(s.last[:0], rec.Bytes()...), n
	return s.message(f, at, &rec, encode)
}
