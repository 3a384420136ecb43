package dump

import (
	"io"
	"iter"
	"strconv"
	"strings"

	"shmtool/layout/dtsc"
)

// Packet is a packet of a data page as a row: Number counts from the page's
// first.
type Packet struct {
	dtsc.Packet
	Number uint64
	Stale  bool // it was left by a stream that used the page before
}

// PacketView is what one reading of a data page found.
type PacketView struct {
	Name      string // as the user named the page
	Bytes     int64  // of the object
	Allocated int64  // bytes of memory that it takes
	Stream    string
	Index     int    // of the track in the stream's list
	FirstKey  uint64 // number of the page's first keyframe
	Avail     *uint64
	Fields    []string                 // the columns to show, in this order; nil shows all
	Packets   iter.Seq2[Packet, error] // an error is the last
}

// packetColumn is what a packet says: its JSON, and whether it has that at all.
type packetColumn struct {
	name     string
	is64     bool // a 64-bit type, which JSON may quote
	optional bool // JSON leaves it out where a packet has none
	has      func(p *Packet) bool
	append   func(b []byte, p *Packet) []byte
}

func always(*Packet) bool { return true }

func integer(of func(p *Packet) int64) func(b []byte, p *Packet) []byte {
	return func(b []byte, p *Packet) []byte { return strconv.AppendInt(b, of(p), 10) }
}

var packetColumns = []packetColumn{
	{"#", false, false, always, integer(func(p *Packet) int64 { return int64(p.Number) })},
	{"time", true, false, always, func(b []byte, p *Packet) []byte { return strconv.AppendUint(b, p.Time, 10) }},
	{"track", false, false, always, integer(func(p *Packet) int64 { return int64(p.Track) })},
	{"size", false, false, always, integer(func(p *Packet) int64 { return int64(p.Size) })},
	{"offset", false, false, always, integer(func(p *Packet) int64 { return int64(p.Offset) })},
	{"key", false, false, always, func(b []byte, p *Packet) []byte { return strconv.AppendBool(b, p.Key) }},
	{"bpos", true, false, func(p *Packet) bool { return p.HasBytePos }, integer(func(p *Packet) int64 { return p.BytePos })},
	{"payload_bytes", false, false, always, integer(func(p *Packet) int64 { return int64(p.PayloadSize) })},
	{"composition_ms", true, true, func(p *Packet) bool { return p.PacketOffset != 0 }, integer(func(p *Packet) int64 { return p.PacketOffset })},
	{"stale", false, true, func(p *Packet) bool { return p.Stale }, func(b []byte, p *Packet) []byte { return strconv.AppendBool(b, p.Stale) }},
}

// PacketFields returns the names of a packet's columns, in their order.
func PacketFields() []string {
	var names []string
	for i := range packetColumns {
		names = append(names, packetColumns[i].name)
	}
	return names
}

// packetColumns returns those that the options choose, all without a choice. Names that
// there are not are left out.
func (o *Options) packetColumns() []packetColumn {
	if o.Fields == nil {
		return packetColumns
	}
	var chosen []packetColumn
	for _, name := range o.Fields {
		for i := range packetColumns {
			if packetColumns[i].name == name {
				chosen = append(chosen, packetColumns[i])
			}
		}
	}
	return chosen
}

// PacketRow renders packets as JSON objects.
type PacketRow struct {
	columns []packetColumn
	quote   bool
}

// NewPacketRow makes a renderer with the fields that the options choose.
func NewPacketRow(o Options) *PacketRow { return &PacketRow{o.packetColumns(), o.Int64String} }

// Append adds a packet's object to b.
func (r *PacketRow) Append(b []byte, p *Packet) []byte {
	b = append(b, '{')
	first := true
	for i := range r.columns {
		c := &r.columns[i]
		has := c.has(p)
		if !has && c.optional {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, []byte(c.name)), ':')
		switch {
		case !has:
			b = append(b, "null"...)
		case c.is64 && r.quote:
			b = append(c.append(append(b, '"'), p), '"')
		default:
			b = c.append(b, p)
		}
	}
	return append(b, '}')
}

// Keys returns the names of a packet's columns.
func (v *PacketView) Keys() []string { return PacketFields() }

// NameList returns the names of the columns to show.
func (v *PacketView) NameList() []string {
	if v.Fields != nil {
		return v.Fields
	}
	return PacketFields()
}

func (v *PacketView) choose(names []string) (Document, error) {
	l := &Listing{}
	for _, name := range PacketFields() {
		l.Columns = append(l.Columns, Column{Name: name})
	}
	if _, err := l.Choose(names); err != nil {
		return nil, err
	}
	chosen := *v
	chosen.Fields = names
	if strings.HasPrefix(names[0], "+") { // to all of them
		chosen.Fields = nil
	}
	return &chosen, nil
}

// Filter makes Packets yield those for whose JSON keep returns true, and errors.
func (v *PacketView) Filter(keep func(row []byte) (bool, error), o Options) (left bool, err error) {
	o.Fields = nil
	packets, row, b := v.Packets, NewPacketRow(o), []byte(nil)
	v.Packets = func(yield func(Packet, error) bool) {
		for p, err := range packets {
			kept := true
			if err == nil {
				b = row.Append(b[:0], &p)
				kept, err = keep(b)
			}
			if (kept || err != nil) && !yield(p, err) {
				return
			}
		}
	}
	return true, nil
}

// writeJSON ends after the packets before a broken one, and returns the error.
func (v *PacketView) writeJSON(w io.Writer, o Options) error {
	b := append([]byte(`{"schema":"shmtool.packets/1","page":`), appendString(nil, []byte(v.Name))...)
	b = append(appendString(append(b, `,"stream":`...), []byte(v.Stream)), `,"index":`...)
	b = append(strconv.AppendInt(b, int64(v.Index), 10), `,"first_key":`...)
	b = append(strconv.AppendUint(b, v.FirstKey, 10), `,"bytes":`...)
	b = append(strconv.AppendInt(b, v.Bytes, 10), `,"allocated":`...)
	b = append(strconv.AppendInt(b, v.Allocated, 10), `,"avail":`...)
	if v.Avail != nil {
		b = strconv.AppendUint(b, *v.Avail, 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"packets":[`...)
	o.Fields = v.Fields
	row, separator := NewPacketRow(o), ""
	err := packetLines(w, v, b, func(b []byte, p *Packet) []byte {
		b = append(b, separator...)
		separator = ","
		return row.Append(b, p)
	})
	if _, werr := w.Write([]byte("]}\n")); err == nil {
		err = werr
	}
	return err
}

func (v *PacketView) writeNDJSON(w io.Writer, o Options) error {
	o.Fields = v.Fields
	row := NewPacketRow(o)
	return packetLines(w, v, nil, func(b []byte, p *Packet) []byte { return append(row.Append(b, p), '\n') })
}

// writeCSV leaves a value empty that a packet does not have.
func (v *PacketView) writeCSV(w io.Writer, o Options) error {
	o.Fields = v.Fields
	columns := o.packetColumns()
	var b []byte
	if !o.NoHeader {
		for i := range columns {
			b = append(appendSeparator(b, i), columns[i].name...)
		}
		b = append(b, '\n')
	}
	return packetLines(w, v, b, func(b []byte, p *Packet) []byte {
		for i := range columns {
			b = appendSeparator(b, i)
			if columns[i].has(p) {
				b = columns[i].append(b, p)
			}
		}
		return append(b, '\n')
	})
}

func appendSeparator(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// packetLines writes what each gives for every packet, behind the bytes b, a
// chunk at a time.
func packetLines(w io.Writer, v *PacketView, b []byte, each func(b []byte, p *Packet) []byte) error {
	for p, err := range v.Packets {
		if err != nil {
			_, _ = w.Write(b)
			return err
		}
		b = each(b, &p)
		if len(b) >= flushSize {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// PacketTable renders packets line by line; see [RecordTable].
type PacketTable struct {
	flow    flowTable
	columns []packetColumn
}

// NewPacketTable makes a table of packets on w.
func NewPacketTable(w io.Writer, o Options) *PacketTable {
	t := &PacketTable{columns: o.packetColumns()}
	var names []string
	for i := range t.columns {
		names = append(names, t.columns[i].name)
	}
	t.flow = newFlowTable(w, o, names)
	return t
}

// Append adds a packet. It may be written later; Flush writes it.
func (t *PacketTable) Append(p *Packet) error {
	cells := make([]string, len(t.columns))
	for i := range t.columns {
		c := &t.columns[i]
		switch {
		case !c.has(p), c.name == "key" && !p.Key:
		case c.name == "key", c.name == "stale":
			cells[i] = c.name
		default:
			cells[i] = string(c.append(nil, p))
		}
	}
	return t.flow.add(cells)
}

// Flush writes the packets that were appended.
func (t *PacketTable) Flush() error { return t.flow.flush() }

func (v *PacketView) writeTable(w io.Writer, o Options) error {
	o.Fields = v.Fields
	t := NewPacketTable(w, o)
	for p, err := range v.Packets {
		if err == nil {
			err = t.Append(&p)
		}
		if err != nil {
			_ = t.Flush()
			return err
		}
	}
	return t.Flush()
}
