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
	avail     *uint64 // bytes of packets, as the track's page has it
	staleFrom int     // byte at which packets begin that an earlier stream left
}

func newDataPage(o *Object) *dataPage {
	return &dataPage{Object: o, staleFrom: math.MaxInt}
}

func viewData(o *Object, p *out.Printer, s Selection) (*content, error) {
	if err := o.notEmpty(); err != nil {
		return nil, err
	}
	d := newDataPage(o)
	if _, err := packetFields(p); err != nil {
		return nil, err
	}
	d.findStale()
	packets := d.selected(s)
	return &content{document: d.document(packets), parts: d.parts(packets)}, nil
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
	_, err := dump.Choose(&dump.PacketView{}, p.Fields)
	return p.ShownFields(), fail.As(fail.Usage, err)
}

// document returns packets for any format but hex.
func (d *dataPage) document(packets iter.Seq2[dump.Packet, error]) *dump.PacketView {
	return &dump.PacketView{
		Name: d.Arg, Bytes: d.info.Size(), Allocated: d.table().File(d.info).Allocated, Stream: d.Of.Stream,
		Index: d.Of.Index, FirstKey: d.Of.Key, Avail: d.avail, Packets: packets,
	}
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

// WritePayload writes the bytes that a packet of a data page carries.
func (o *Object) WritePayload(to io.Writer, number uint64) error {
	if err := o.notEmpty(); err != nil {
		return o.OnPage(err)
	}
	return o.OnPage(newDataPage(o).writePayload(to, number))
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
