package object

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/datapage"
)

// dataKind is MstData…: the packets of a track.
var dataKind = &Kind{
	Noun:   "a data page",
	names:  []mist.Kind{mist.KindData},
	flags:  []string{"range", "last", "payload"},
	view:   viewData,
	check:  checkData,
	follow: followData,
}

// dataPage is a data page that is being read.
type dataPage struct {
	*Object
	out       *out.Printer
	avail     *uint64 // bytes of packets, as the track's page has it
	staleFrom int     // byte at which packets begin that an earlier stream left
}

func newDataPage(o *Object, p *out.Printer) *dataPage {
	return &dataPage{Object: o, out: p, staleFrom: math.MaxInt}
}

func viewData(o *Object, p *out.Printer, s Selection) (*content, error) {
	if err := o.notEmpty(); err != nil {
		return nil, err
	}
	fields, err := packetFields(p)
	if err != nil {
		return nil, err
	}
	d := newDataPage(o, p)
	d.findStale()
	packets := d.selected(s)
	return &content{
		print: func(*out.Printer) error { return d.render(packets, fields) },
		parts: d.parts(packets),
	}, nil
}

// notEmpty refuses a page that has no bytes yet.
func (o *Object) notEmpty() error {
	if o.info.Size() == 0 {
		return fmt.Errorf("not %s: %w", o.Kind.Noun, &layout.FormatError{What: "object has no byte yet"})
	}
	return nil
}

// packetFields returns the columns that --fields chooses, nil for all.
func packetFields(p *out.Printer) ([]string, error) {
	l := &dump.Listing{}
	for _, name := range dump.PacketFields() {
		l.Columns = append(l.Columns, dump.Column{Name: name})
	}
	if _, err := l.Choose(p.Fields); err != nil {
		return nil, fail.As(fail.Usage, err)
	}
	return p.ShownFields(), nil
}

// render prints packets in any format but hex.
func (d *dataPage) render(packets iter.Seq2[dump.Packet, error], fields []string) error {
	o := d.out.Rendering()
	o.Fields = fields
	v := &dump.PacketView{
		Name: d.Arg, Bytes: d.info.Size(), Allocated: d.table().File(d.info).Allocated, Stream: d.Of.Stream,
		Index: d.Of.Index, FirstKey: d.Of.Key, Avail: d.avail, Packets: d.where(packets),
	}
	names := fields
	if names == nil {
		names = dump.PacketFields()
	}
	return d.out.Print(out.Forms{
		Names:  names,
		JSON:   func(w io.Writer) error { return dump.PacketsJSON(w, v, o) },
		NDJSON: func(w io.Writer) error { return dump.PacketsNDJSON(w, v, o) },
		CSV:    func(w io.Writer) error { return dump.PacketsCSV(w, v, o) },
		Table:  func(w io.Writer) error { return dump.PacketsTable(w, v, o) },
	})
}

// reader returns a reader that begins at the page's start.
func (d *dataPage) reader() *datapage.Reader { return datapage.NewReader(d.file, d.info.Size()) }

// all yields the packets of the page, numbered. An error is the last.
func (d *dataPage) all() iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) {
		r := d.reader()
		for n := uint64(0); ; n++ {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(dump.Packet{Number: n}, d.broken(n, err))
				return
			}
			if !yield(dump.Packet{Packet: p, Number: n, Stale: p.Offset >= d.staleFrom}, nil) {
				return
			}
		}
	}
}

// broken returns err as one about a packet.
func (d *dataPage) broken(number uint64, err error) error {
	var wrong *dtsc.FormatError
	if !errors.As(err, &wrong) {
		return err
	}
	err = fmt.Errorf("packet %d: %w", number, err)
	if d.avail != nil && wrong.Offset >= int64(*d.avail) {
		return fail.Hinted(err, fmt.Sprintf("the stream's own packets end at byte %d; what follows was left in the page before", *d.avail))
	}
	return err
}

// selected yields the packets that --range and --last choose.
func (d *dataPage) selected(s Selection) iter.Seq2[dump.Packet, error] {
	w := layout.Window{First: s.First, End: s.End}
	if s.Last != math.MaxUint64 {
		count := uint64(0)
		for _, err := range d.all() {
			if err != nil {
				break // it is said when the packets are shown
			}
			count++
		}
		w = layout.Window{End: count}.Clamp(s.First, s.End).Last(s.Last)
	}
	return func(yield func(dump.Packet, error) bool) {
		for p, err := range d.all() {
			if err == nil && p.Number < w.First {
				continue
			}
			if err == nil && p.Number >= w.End || !yield(p, err) {
				return
			}
		}
	}
}

// where yields the packets that --where wants.
func (d *dataPage) where(packets iter.Seq2[dump.Packet, error]) iter.Seq2[dump.Packet, error] {
	keep := packetKeeper(d.out)
	return func(yield func(dump.Packet, error) bool) {
		for p, err := range packets {
			kept := true
			if err == nil {
				kept, err = keep(&p)
			}
			if (kept || err != nil) && !yield(p, err) {
				return
			}
		}
	}
}

// packetKeeper returns a function that reports whether --where wants a packet.
func packetKeeper(p *out.Printer) func(packet *dump.Packet) (bool, error) {
	if p.Predicate == nil {
		return func(*dump.Packet) (bool, error) { return true, nil }
	}
	p.Knows(dump.PacketFields())
	row, b := dump.NewPacketRow(dump.Options{Int64String: p.Int64Text}), []byte(nil)
	return func(packet *dump.Packet) (bool, error) {
		b = row.Append(b[:0], packet)
		return p.Wants(b)
	}
}

// WritePayload writes the bytes that a packet of a data page carries.
func (o *Object) WritePayload(to io.Writer, number uint64) error {
	if err := o.notEmpty(); err != nil {
		return o.OnPage(err)
	}
	return o.OnPage(newDataPage(o, nil).writePayload(to, number))
}

func (d *dataPage) writePayload(to io.Writer, number uint64) error {
	count := uint64(0)
	for p, err := range d.all() {
		if err != nil {
			return err
		}
		if count++; p.Number < number {
			continue
		}
		n, err := io.Copy(to, io.NewSectionReader(d.file, int64(p.PayloadOffset), int64(p.PayloadSize)))
		if err == nil && n < int64(p.PayloadSize) {
			err = fmt.Errorf("packet %d: %w", number, relaccx.ErrTruncated)
		}
		return err
	}
	return errNoPacket(number, count)
}

// errNoPacket returns the error about a packet that a data page does not have.
func errNoPacket(number, count uint64) error {
	return fail.Worded(relaccx.ErrNoRecord, fmt.Sprintf("no packet %d; the page has %s", number, units.Counted(count, "packet", "packets")))
}
