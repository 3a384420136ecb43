package recording

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// played is a page that is made as its recording tells.
type played struct {
	name string
	o    *PlayOptions
	made func(name string)      // called when the name leads to the page
	ours func(name string) bool // whether the name leads to a page of this player

	writer *relaccx.Writer // of the page, under its name or not yet
	file   *os.File        // the same, for what is written where no reader looks
	of     shape
	table  bool   // records are changed in place
	nested bool   // those that are there already may come again, changed
	room   int    // bytes that the page can use
	next   uint64 // the record that comes next
	ends   bool   // the page's EndPos is next, by what was written last

	// While the page is in the making it has a name of its own, and the one under
	// the real name is told of it when it is whole.
	temp   string
	target uint64        // the record behind the last that it began with
	final  layout.Header // the counters that it began with
	mode   fs.FileMode
	old    *relaccx.Writer // nil when there is none
	reload bool            // tell the readers of the old page
	skip   bool            // held records may be there already

	messages uint64    // of records, in the file that is played
	last     time.Time // of the newest message

	form      *plainForm // of the page's fields; nil where they have none
	formKnown bool
	decoder   *dump.Decoder // of every other form
	line      line
	bytes     []byte
}

func (p *played) hidden() bool { return p.temp != "" }

// making reports whether there are records to come that the page began with.
func (p *played) making() bool { return p.hidden() && !p.table && p.next < p.target }

func (p *played) path() string { return filepath.Join(p.o.Dir, p.name) }

func (p *played) wake() {
	if p.writer != nil && !p.hidden() {
		p.writer.Wake()
	}
}

func (p *played) close() error {
	var err error
	if p.hidden() {
		err = os.Remove(p.temp)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it has got its name, and a later step failed
		}
	}
	if p.file != nil {
		err = errors.Join(err, p.file.Close())
	}
	for _, w := range []*relaccx.Writer{p.writer, p.old} {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}
	p.writer, p.old, p.file, p.temp = nil, nil, nil, ""
	return err
}

// note makes happen what a note tells.
func (p *played) note(n Note) error {
	if n.Records != nil && *n.Records != p.messages {
		return bad("%d records should have come by now, and %d have: the channel %q was filtered, or is out of order", *n.Records, p.messages, p.name)
	}
	switch n.Event {
	case noteBegin, "reload", "restart":
		return p.snapshot(n)
	case noteHeld:
		return p.hold(n)
	}
	p.skip = false
	if n.Event == "lapped" {
		if !p.making() {
			if err := p.show(); err != nil {
				return err
			}
		}
		return p.lapped(n.First, n.Lost)
	}
	if err := p.show(); err != nil {
		return err
	}
	switch n.Event {
	case noteCounters:
		return p.count(n.Counters.header())
	case "exit":
		return p.writer.SetExit()
	case "freed":
		if len(n.Raw) > 0 {
			return p.hold(n)
		}
	case "gone":
		if err := os.Remove(p.path()); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// snapshot begins a page: the first, or one that takes the place of another.
func (p *played) snapshot(n Note) error {
	of, err := n.Page.shape()
	if err != nil {
		return &contentError{err}
	}
	p.skip = false
	if p.writer != nil {
		if n.Event == noteBegin && n.Page.Continues && p.goesOn(n.Page, of) {
			p.skip = true
			return nil
		}
		if err := p.show(); err != nil {
			return err
		}
		if n.Event == "restart" && n.First > 0 && p.sameAs(n.Page, of) {
			return p.rewind(n, of)
		}
	}
	return p.build(n, of)
}

// sameAs reports whether the page has the very fields and the size already.
func (p *played) sameAs(s *Snapshot, of shape) bool {
	return p.of.header.Offset == of.header.Offset && p.of.schema.Equal(of.schema) && int64(p.writer.Page().Size()) == s.Bytes
}

func (p *played) goesOn(s *Snapshot, of shape) bool {
	return p.sameAs(s, of) && (s.Table || p.next == s.Next)
}

// rewind plays a writer that took records back.
func (p *played) rewind(n Note, of shape) error {
	h := of.header
	h.EndPos, h.Deleted = n.First, min(h.Deleted, n.First)
	h.Present = uint32(h.EndPos - h.Deleted)
	p.next = n.First
	p.prime(n.Page, of)
	return p.count(h)
}

// prime makes ready for records of a page.
func (p *played) prime(s *Snapshot, of shape) {
	p.of, p.table, p.nested, p.room = of, s.Table, s.Nested, s.room(of.header)
	p.decoder, p.formKnown, p.ends = nil, false, false
}

// begin makes a page under a name of its own, without its records.
func (p *played) begin(s *Snapshot, h layout.Header) (*os.File, *relaccx.Writer, error) {
	for {
		file, err := createTemp(p.o.Dir)
		if err != nil {
			return nil, nil, cause.Of(err)
		}
		w, err := writeHead(file, s, h)
		switch {
		case err == nil:
			return file, w, nil
		case errors.Is(err, fs.ErrNotExist): // another process has swept it away before it was locked
			_ = file.Close()
		default:
			return nil, nil, errors.Join(cause.Of(err), os.Remove(file.Name()), file.Close())
		}
	}
}

// createTemp makes a file under the name of a page in the making, as relaccx.Sweep knows
// them.
func createTemp(dir string) (*os.File, error) {
	name := ".shmtool-" + strings.ToLower(rand.Text())
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// build makes a page under a name of its own. It is shown when it has all the
// records that it had when it was seen first.
func (p *played) build(n Note, of shape) error {
	if p.writer == nil {
		if err := p.shadows(); err != nil {
			return err
		}
	}
	h := of.header
	h.Status &^= layout.StatusExit
	p.final, p.target, p.next = h, of.window.End, n.Page.Next
	if p.mode = fs.FileMode(n.Page.Mode) & fs.ModePerm; p.mode == 0 {
		p.mode = 0o600
	}
	if !n.Page.Table {
		h.EndPos, h.Deleted = p.next, min(of.window.First, p.next)
		h.StartPos, h.Present = uint32(h.Deleted), uint32(min(h.EndPos-h.Deleted, uint64(h.Slots(n.Page.room(h)))))
	}
	file, w, err := p.begin(n.Page, h)
	if err != nil {
		return err
	}
	if p.file != nil {
		_ = p.file.Close()
	}
	p.old, p.reload = p.writer, n.Event == "reload"
	p.writer, p.file, p.temp = w, file, file.Name()
	p.prime(n.Page, of)
	return nil
}

// writeHead writes all of a page but its records.
func writeHead(file *os.File, s *Snapshot, h layout.Header) (*relaccx.Writer, error) {
	head := bytes.Clone(s.Head)
	h.Encode(head)
	if err := file.Truncate(s.Bytes); err != nil {
		return nil, err
	}
	if _, err := file.WriteAt(head, 0); err != nil {
		return nil, err
	}
	return relaccx.OpenWriter(file.Name(), relaccx.WriterOptions{})
}

// hold writes records into their slots, whatever the counters say.
func (p *played) hold(n Note) error {
	size := int(p.of.header.RecordSize)
	if p.writer == nil || size == 0 || len(n.Raw)%size != 0 {
		return bad("%d bytes are no records of %d", len(n.Raw), size)
	}
	for i := range len(n.Raw) / size {
		if err := p.put(n.First+uint64(i), n.Raw[i*size:][:size]); err != nil {
			return err
		}
	}
	return nil
}

// put writes a record into its slot.
func (p *played) put(n uint64, record []byte) error {
	h := p.of.header
	slot := h.Slot(n)
	if slot >= h.Slots(p.room) {
		return bad("record %d has no slot", n)
	}
	at := int64(uint64(h.Offset) + slot*uint64(h.RecordSize))
	record = record[:max(0, min(int64(len(record)), int64(p.writer.Page().Size())-at))]
	if p.skip { // it was revised, or is there already
		now := make([]byte, len(record))
		if n, _ := p.file.ReadAt(now, at); n == len(now) && bytes.Equal(now, record) {
			return nil
		}
	}
	_, err := p.file.WriteAt(record, at)
	return err
}

// record plays a record.
func (p *played) record(text []byte) error {
	p.skip = false
	p.messages++
	number, err := p.decode(text)
	if err != nil {
		return err
	}
	if !p.making() { // it is whole, and this is what happened then
		if err := p.show(); err != nil {
			return err
		}
	}
	switch {
	case p.table, p.nested && number < p.next:
		return p.change(number)
	case number == math.MaxUint64:
		return bad("there is no record %d", number)
	case number < p.next:
		return p.revise(number)
	case number > p.next:
		if err := p.lapped(p.next, number-p.next); err != nil {
			return err
		}
	}
	return p.push()
}

// push publishes the record that was decoded.
func (p *played) push() error {
	if err := p.align(); err != nil {
		return err
	}
	if err := p.writer.AppendOverwrite(p.bytes); err != nil {
		if errors.Is(err, relaccx.ErrFull) {
			return &contentError{err}
		}
		return err
	}
	p.next++
	p.ends = true
	return nil
}

// align sets EndPos to the record that comes next, where it is another: as on a page whose
// counters mean something else.
func (p *played) align() error {
	if p.ends {
		return nil
	}
	h, err := p.writer.Header()
	if err != nil || h.EndPos == p.next {
		return err
	}
	h.EndPos, h.Deleted = p.next, min(h.Deleted, p.next)
	h.Present = uint32(h.EndPos - h.Deleted)
	return p.writer.SetCounters(h)
}

// change changes a record in place.
func (p *played) change(n uint64) error {
	err := p.writer.Update(n, func(rec *relaccx.Record) error {
		copy(rec.Bytes(), p.bytes)
		return nil
	})
	if errors.Is(err, relaccx.ErrNoRecord) || errors.Is(err, relaccx.ErrWithdrawn) { // by the rules of a ring
		return p.put(n, p.bytes)
	}
	return err
}

// revise changes a record that its writer went on writing to after it was
// published. One that is withdrawn stays so.
func (p *played) revise(n uint64) error {
	h, err := p.writer.Header()
	if err != nil || n < h.Deleted {
		return err
	}
	return p.change(n)
}

// lapped notes records that were withdrawn before the recorder saw them.
func (p *played) lapped(first, lost uint64) error {
	h, err := p.writer.Header()
	if err != nil {
		return err
	}
	end := first + lost
	if end < p.next {
		return bad("records %d to %d are lost and were there before", first, end)
	}
	h.EndPos, h.Deleted, h.StartPos, h.Present = end, end, uint32(end), 0
	p.next, p.ends = end, false
	return p.writer.SetCounters(h)
}

// count sets counters and the bits of the status, none of which can be taken
// back.
func (p *played) count(h layout.Header) error {
	p.ends = false
	now, err := p.writer.Header()
	if err != nil {
		return err
	}
	h.RecordCount = max(h.RecordCount, now.RecordCount)
	if err := p.writer.SetCounters(h); err != nil {
		if errors.Is(err, relaccx.ErrFull) {
			return &contentError{err}
		}
		return err
	}
	p.of.header.RecordCount = h.RecordCount
	if h.Status.Exit() && !now.Status.Exit() {
		if err := p.writer.SetExit(); err != nil {
			return err
		}
	}
	if h.Status.Reload() && !now.Status.Reload() {
		return p.writer.SetReload()
	}
	return nil
}
