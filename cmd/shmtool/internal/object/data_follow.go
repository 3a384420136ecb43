package object

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// packetPoll is how often a data page is looked at for packets to come: nobody
// is woken when one is written.
const packetPoll = 20 * time.Millisecond

// Tail prints the newest packets of a data page, and with -f those to
// come. No other object that is no page has anything that comes.
func Tail(ctx context.Context, c *cli.Call, o *Object) error {
	what := Nouns[o.Of.Kind]
	if o.Of.Kind != mist.KindData {
		return fail.Usagef("%q is %s, which has no records; dump shows it", o.Arg, what)
	}
	if len(o.Steps) > 0 {
		return fail.Usagef("%q: %s has no pages in it", o.Arg, what)
	}
	for _, name := range []string{"wait", "spin", "events", "fail-on-loss", "behind", "delta", "time"} {
		if c.IsSet(name) {
			return fail.Usagef("--%s does nothing with %s", name, what)
		}
	}
	fields, err := packetFields(c)
	if err != nil {
		return err
	}
	d := &dataPage{Object: o, c: c, staleFrom: math.MaxInt}
	d.findStale()
	first, err := d.tailStart(c)
	if err != nil {
		return o.OnPage(err)
	}
	count := uint64(math.MaxUint64)
	if c.IsSet("count") {
		count = c.Uint64("count")
	}
	if !c.Bool("follow") {
		return o.OnPage(d.render(head(d.published(first), count), fields))
	}
	if c.Out.Format == out.JSON {
		return fail.Usagef("-f has no end, so it makes no JSON document; -o ndjson has an object a line")
	}
	if c.IsSet("for") {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, c.Duration("for"))
		defer cancel()
	}
	poll := packetPoll
	if c.IsSet("poll") {
		poll = c.Duration("poll")
	}
	return o.OnPage(d.follow(ctx, poll, first, count, fields))
}

// tailStart is the number of the first packet to print.
func (d *dataPage) tailStart(c *cli.Call) (uint64, error) {
	total, err := d.countPublished()
	if err != nil {
		return 0, err
	}
	switch from := c.String("from"); from {
	case "":
		return total - min(total, c.Uint64("lines")), nil
	case "first":
		return 0, nil
	case "new":
		return total, nil
	default:
		n, err := strconv.ParseUint(from, 10, 64)
		if err != nil {
			return 0, fail.Usagef("--from %q is not a packet's number, first or new", from)
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

// published are the packets from a number on, without those that an earlier
// stream left.
func (d *dataPage) published(first uint64) iter.Seq2[dump.Packet, error] {
	return func(yield func(dump.Packet, error) bool) {
		for p, err := range d.all() {
			if p.Stale || p.Number >= first && !yield(p, err) {
				return
			}
		}
	}
}

// head are the first count of them.
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

// follow prints packets as they come, until the page is gone. Where the track's
// page says how far they go, it is not read on: what lies there may be of old.
func (d *dataPage) follow(ctx context.Context, poll time.Duration, first, count uint64, fields []string) error {
	sink := d.sink(fields)
	keep := packetKeeper(d.c)
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
		if pause.For(ctx, poll) != nil {
			return nil
		}
	}
	return nil
}

// limit is the byte at which the published packets end, as far as is known.
func (d *dataPage) limit() int {
	if d.avail == nil {
		return math.MaxInt
	}
	if said, ok := trackAvail(d.Path, d.Of); ok {
		d.avail = &said.avail
	}
	return int(min(*d.avail, math.MaxInt))
}

// gone reports whether the name leads to another file by now, or nowhere. What
// was written before is read all the same.
func (d *dataPage) gone() bool {
	info, err := os.Stat(filepath.Clean(d.Path))
	return err != nil || !os.SameFile(info, d.info)
}

// packetSink prints packets as they come.
type packetSink struct {
	c     *cli.Call
	table *dump.PacketTable
	row   *dump.PacketRow
	lines func(p *dump.Packet) error
}

func (d *dataPage) sink(fields []string) *packetSink {
	o := d.c.Out.Rendering()
	o.Fields = fields
	s := &packetSink{c: d.c}
	switch d.c.Out.Format {
	case out.NDJSON:
		s.row = dump.NewPacketRow(o)
	case out.CSV:
		s.lines = func(p *dump.Packet) error {
			err := dump.PacketsCSV(d.c.Out, &dump.PacketView{Packets: onePacket(p)}, o)
			o.NoHeader = true
			return err
		}
	default:
		s.table = dump.NewPacketTable(d.c.Out, o)
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
	if s.c.Out.JQ != nil {
		return s.c.Out.PrintFiltered(line)
	}
	_, err := s.c.Out.Write(line)
	return err
}

func (s *packetSink) flush() error {
	if s.table != nil {
		if err := s.table.Flush(); err != nil {
			return err
		}
	}
	return s.c.Out.Flush()
}
