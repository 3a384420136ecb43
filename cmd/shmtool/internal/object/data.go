package object

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/relaccx"
	"shmtool/relaccx/datapage"
)

// dataPage is a data page that is being read.
type dataPage struct {
	*Object
	c         *cli.Call
	avail     *uint64 // bytes of packets, as the track's page has it
	staleFrom int     // byte at which packets begin that an earlier stream left
}

// dumpData shows the packets of a data page, or writes one's payload.
func dumpData(c *cli.Call, o *Object, s Selection) error {
	if o.info.Size() == 0 {
		return o.OnPage(fmt.Errorf("not a data page: %w", &layout.FormatError{What: "object has no byte yet"}))
	}
	d := &dataPage{Object: o, c: c, staleFrom: math.MaxInt}
	if c.IsSet("payload") {
		if c.IsSet("output") || c.IsSet("json") || c.IsSet("range") || c.IsSet("last") {
			return fail.Usagef("--payload writes one packet's bytes; it goes with no other choice")
		}
		return o.OnPage(d.writePayload(c.Uint64("payload")))
	}
	fields, err := packetFields(c)
	if err != nil {
		return err
	}
	d.findStale()
	return o.OnPage(d.render(d.selected(s), fields))
}

// packetFields holds --fields against what a packet has; nil is all of it.
func packetFields(c *cli.Call) ([]string, error) {
	l := &dump.Listing{}
	for _, name := range dump.PacketFields() {
		l.Columns = append(l.Columns, dump.Column{Name: name})
	}
	if _, err := l.Choose(c.Out.Fields); err != nil {
		return nil, fail.As(fail.Usage, err)
	}
	return c.Out.ShownFields(), nil
}

func (d *dataPage) render(packets iter.Seq2[dump.Packet, error], fields []string) error {
	c := d.c
	o := c.Out.Rendering()
	o.Fields = fields
	v := &dump.PacketView{
		Name: d.Arg, Bytes: d.info.Size(), Allocated: d.allocated, Stream: d.Of.Stream,
		Index: d.Of.Index, FirstKey: d.Of.Key, Avail: d.avail, Packets: d.where(packets),
	}
	names := fields
	if names == nil {
		names = dump.PacketFields()
	}
	return c.Out.Print(out.Forms{
		Names:  names,
		JSON:   func(w io.Writer) error { return dump.PacketsJSON(w, v, o) },
		NDJSON: func(w io.Writer) error { return dump.PacketsNDJSON(w, v, o) },
		CSV:    func(w io.Writer) error { return dump.PacketsCSV(w, v, o) },
		Table:  func(w io.Writer) error { return dump.PacketsTable(w, v, o) },
		Other:  func(io.Writer) error { return d.hex(packets) },
	})
}

// reader begins at the page's start.
func (d *dataPage) reader() *datapage.Reader { return datapage.NewReader(d.File, d.info.Size()) }

// all are the packets of the page, numbered; an error is the last.
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

// broken says of which packet an error is.
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

// selected are the packets that --range and --last choose.
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

// where passes over the packets that --where does not want.
func (d *dataPage) where(packets iter.Seq2[dump.Packet, error]) iter.Seq2[dump.Packet, error] {
	keep := packetKeeper(d.c)
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

// packetKeeper tells which packets --where wants.
func packetKeeper(c *cli.Call) func(p *dump.Packet) (bool, error) {
	if c.Out.Predicate == nil {
		return func(*dump.Packet) (bool, error) { return true, nil }
	}
	c.Out.Knows(dump.PacketFields())
	row, b := dump.NewPacketRow(dump.Options{Int64String: c.Out.Int64Text}), []byte(nil)
	return func(p *dump.Packet) (bool, error) {
		b = row.Append(b[:0], p)
		return c.Out.Wants(b)
	}
}

// writePayload writes the bytes that one packet carries.
func (d *dataPage) writePayload(number uint64) error {
	count := uint64(0)
	for p, err := range d.all() {
		if err != nil {
			return err
		}
		if count++; p.Number < number {
			continue
		}
		n, err := io.Copy(d.c.Out, io.NewSectionReader(d.File, int64(p.PayloadOffset), int64(p.PayloadSize)))
		if err == nil && n < int64(p.PayloadSize) {
			err = fmt.Errorf("packet %d: %w", number, relaccx.ErrTruncated)
		}
		return err
	}
	return errNoPacket(number, count)
}

// findStale looks how far the stream's own packets go, and whether more follow
// them: MistServer's readers do not ask, and run into what an earlier stream
// left in the page. One packet more may be on its way.
func (d *dataPage) findStale() {
	now := func() (published, bool) { return trackAvail(d.Path, d.Of) }
	said, ok := now()
	if !ok {
		return
	}
	behind, avail, settled := lookBehind(d.Path, said.avail, now)
	d.avail = &avail
	switch {
	case !settled || behind.Next == 0:
	case behind.Next == 1:
		d.c.Warn("page %q: one packet lies behind the %d bytes that are published: on its way, or left by a stream before", d.Arg, avail)
	default:
		d.staleFrom = int(avail)
		d.c.Warn("page %q: packets go on behind the %d bytes that are published: a stream before left them, and MistServer's readers run into them", d.Arg, avail)
	}
}

// hex takes the packets apart, the bytes of payloads left out.
func (d *dataPage) hex(packets iter.Seq2[dump.Packet, error]) error {
	var broken error
	err := dump.HexObject(d.c.Out, func(yield func(dump.HexPart) bool) {
		end := 0
		for p, err := range packets {
			if err != nil {
				broken = err
				return
			}
			if end == 0 && p.Offset > 0 && !yield(dump.HexPart{Size: p.Offset, Name: "not shown"}) {
				return
			}
			end = p.Offset + p.Size
			parts, err := packetParts(d.File, &p)
			if err != nil {
				broken = err
				return
			}
			for _, part := range parts {
				if !yield(part) {
					return
				}
			}
		}
		if left := int(d.info.Size()) - end; left > 0 {
			yield(dump.HexPart{Offset: end, Size: left, Name: "not shown"})
		}
	}, hexOptions(d.c))
	return errors.Join(err, broken)
}

// packetParts are the bytes of one packet before and behind its payload.
func packetParts(page *os.File, p *dump.Packet) ([]dump.HexPart, error) {
	members := p.Size
	if p.PayloadOffset > 0 {
		members = p.PayloadOffset - p.Offset
	}
	head := make([]byte, min(members, 256))
	if _, err := page.ReadAt(head, int64(p.Offset)); err != nil {
		return nil, fmt.Errorf("packet %d: %w", p.Number, relaccx.ErrTruncated)
	}
	title := fmt.Sprintf("packet #%d", p.Number)
	if p.Stale {
		title += ", stale"
	}
	at := p.Offset
	parts := []dump.HexPart{{Offset: at, Name: title}}
	add := func(n int, name, value string) {
		parts = append(parts, dump.HexPart{Offset: at, Bytes: head[at-p.Offset : at-p.Offset+n], Indent: 2, Name: name, Value: value})
		at += n
	}
	add(4, "magic", `"DTP2"`)
	add(4, "size", fmt.Sprintf("%d behind it", p.Size-8))
	add(4, "track", fmt.Sprint(p.Track))
	add(8, "time", fmt.Sprintf("%d ms", p.Time))
	add(len(head)-(at-p.Offset), "members", memberText(p))
	parts[len(parts)-1].Size = members - len(head)
	at = p.Offset + members
	if p.PayloadSize > 0 {
		parts = append(parts, dump.HexPart{Offset: at, Size: p.PayloadSize, Indent: 2, Name: "payload", Value: fmt.Sprintf("%d bytes", p.PayloadSize)})
		at += p.PayloadSize
	}
	if left := p.Offset + p.Size - at; left > 0 {
		end := make([]byte, min(left, 256))
		if _, err := page.ReadAt(end, int64(at)); err != nil {
			return nil, fmt.Errorf("packet %d: %w", p.Number, relaccx.ErrTruncated)
		}
		parts = append(parts, dump.HexPart{Offset: at, Bytes: end, Size: left - len(end), Indent: 2, Name: "end"})
	}
	return parts, nil
}

func memberText(p *dump.Packet) string {
	text := ""
	if p.PacketOffset != 0 {
		text += fmt.Sprintf("offset %d ms, ", p.PacketOffset)
	}
	if p.HasBytePos {
		text += fmt.Sprintf("bpos %d, ", p.BytePos)
	}
	if p.Key {
		text += "keyframe, "
	}
	return text + fmt.Sprintf("data of %d bytes", p.PayloadSize)
}
