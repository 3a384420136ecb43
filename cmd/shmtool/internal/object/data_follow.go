package object

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/dump"
)

// packetPoll is how often a data page is looked at for packets to come: its writer wakes
// no reader.
const packetPoll = 20 * time.Millisecond

// followData prints the newest packets of a data page, and with -f those to come.
func followData(ctx context.Context, o *Object, p *out.Printer, f Following) error {
	fields, err := packetFields(p)
	if err != nil {
		return err
	}
	d := newDataPage(o)
	d.findStale()
	first, err := d.tailStart(f)
	if err != nil {
		return err
	}
	if !f.Follow {
		return p.Document(d.document(head(d.published(first), f.Count)))
	}
	if err := p.RefuseDocument("-f"); err != nil {
		return err
	}
	if f.For > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, f.For)
		defer cancel()
	}
	return d.follow(ctx, p, newPacketSink(p, fields), first, f)
}

// tailStart returns the number of the first packet to print.
func (d *dataPage) tailStart(f Following) (uint64, error) {
	total, err := d.countPublished()
	if err != nil {
		return 0, err
	}
	switch f.From {
	case "":
		return total - min(total, f.Lines), nil
	case "first":
		return 0, nil
	case "new":
		return total, nil
	default:
		n, err := strconv.ParseUint(f.From, 10, 64)
		if err != nil {
			return 0, fail.Usagef("--from %q is not a packet's number, first or new", f.From)
		}
		return n, nil
	}
}

func (d *dataPage) countPublished() (total uint64, err error) {
	for _, err := range d.published(0) {
		if err != nil {
			return total, err
		}
		total++
	}
	return total, nil
}

// published yields the packets from a number on, without those that an earlier stream
// left.
func (d *dataPage) published(first uint64) iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) {
		for p, err := range d.all() {
			if p.Stale || p.Number >= first && !yield(p, err) {
				return
			}
		}
	}
}

// head yields the first count of packets.
func head(packets iter.Seq2[dump.Packet, error], count uint64) iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) {
		for p, err := range packets {
			if count == 0 || !yield(p, err) {
				return
			}
			count--
		}
	}
}

// follow prints packets as they come, until the page is gone. It does not read past the
// end that the track's page tells: what lies behind it may be old.
func (d *dataPage) follow(ctx context.Context, p *out.Printer, sink *packetSink, first uint64, f Following) error {
	keep, count := packetKeeper(p), f.Count
	r := d.reader()
	for number := uint64(0); count > 0; {
		gone := d.gone()
		for limit := d.limit(); count > 0 && r.Offset() < limit; number++ {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(sink.flush(), d.broken(number, err))
			}
			row := dump.Packet{Packet: p, Number: number}
			kept, err := keep(&row)
			if err == nil && kept && number >= first {
				err = sink.add(&row)
				count--
			}
			if err != nil {
				return err
			}
		}
		if err := sink.flush(); err != nil {
			return err
		}
		if gone || count == 0 {
			break
		}
		if pause.For(ctx, cmp.Or(f.Poll, packetPoll)) != nil {
			return nil
		}
	}
	return nil
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

// limit returns the byte at which the published packets end, as far as is known.
func (d *dataPage) limit() int {
	if d.avail == nil {
		return math.MaxInt
	}
	if said, ok, _ := trackAvail(d.Path, d.Of); ok {
		d.avail = &said.avail
	}
	return int(min(*d.avail, math.MaxInt))
}

// gone reports whether the name leads to another file by now, or nowhere. Packets that
// were written before are read all the same.
func (d *dataPage) gone() bool {
	info, err := os.Stat(filepath.Clean(d.Path))
	return err != nil || !os.SameFile(info, d.info)
}

// packetSink prints packets as they come.
type packetSink struct {
	out   *out.Printer
	table *dump.PacketTable
	row   *dump.PacketRow
	lines func(p *dump.Packet) error
}

func newPacketSink(to *out.Printer, fields []string) *packetSink {
	o := to.Rendering()
	o.Fields = fields
	s := &packetSink{out: to}
	switch to.Format {
	case out.NDJSON:
		s.row = dump.NewPacketRow(o)
	case out.CSV:
		s.lines = func(p *dump.Packet) error {
			err := dump.CSV(to, &dump.PacketView{Fields: fields, Packets: onePacket(p)}, o)
			o.NoHeader = true
			return err
		}
	default:
		s.table = dump.NewPacketTable(to, o)
	}
	return s
}

func onePacket(p *dump.Packet) iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) { yield(*p, nil) }
}

func (s *packetSink) add(p *dump.Packet) error {
	switch {
	case s.table != nil:
		return s.table.Append(p)
	case s.lines != nil:
		return s.lines(p)
	}
	line := append(s.row.Append(nil, p), '\n')
	return s.out.JSONLine(line)
}

func (s *packetSink) flush() error {
	if s.table != nil {
		if err := s.table.Flush(); err != nil {
			return err
		}
	}
	return s.out.Flush()
}
