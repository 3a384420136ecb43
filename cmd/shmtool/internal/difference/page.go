package difference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// Page is one of two pages that are compared.
type Page struct {
	Reader  *relaccx.Reader
	Options dump.Options // of the records in differences
}

// Choice is what of two pages is compared.
type Choice struct {
	Header, Schema, Records bool
	First, End              uint64 // records from First on, before End
	Few                     int    // so many records of each kind are kept of a page; 0 keeps all
}

// Pages compares two pages and the pages nested in them, record by record of the same
// number. It returns a section for each of those that differ.
func Pages(before, now Page, c Choice) ([]*Section, error) {
	p := &pages{Choice: c, options: [2]dump.Options{before.Options, now.Options}}
	err := p.compare("", before.Reader, now.Reader)
	return p.sections, err
}

type pages struct {
	Choice
	options  [2]dump.Options
	sections []*Section
}

// compare compares two pages, of which either may be nested in another.
func (p *pages) compare(where string, before, now *relaccx.Reader) error {
	s := &Section{Where: where}
	at := len(p.sections)
	p.sections = append(p.sections, s) // before those of the pages nested in it
	if err := p.head(s, before, now); err != nil {
		return err
	}
	if p.Records {
		c := &records{pages: p, section: s}
		for i, r := range []*relaccx.Reader{before, now} {
			c.sides[i] = newSide(r, p.options[i])
		}
		if err := c.compare(); err != nil {
			return err
		}
	}
	if s.same() {
		p.sections = append(p.sections[:at], p.sections[at+1:]...)
	}
	return nil
}

// head compares the headers and the fields.
func (p *pages) head(s *Section, before, now *relaccx.Reader) error {
	was, err := before.Header()
	if err != nil {
		return err
	}
	is, err := now.Header()
	if err != nil {
		return err
	}
	if p.Header {
		s.Header = headers(s.Where, before, now, was, is)
	}
	if p.Schema {
		s.Fields = schemas(s.Where, before.Schema(), now.Schema())
	}
	return nil
}

// sizeOf returns the bytes of the object, or of the nested page.
func sizeOf(r *relaccx.Reader) int {
	if r.Base() == 0 {
		return r.Page().Size()
	}
	return r.Size()
}

// headers returns what differs in two headers, by the names that they have in JSON.
func headers(where string, a, b *relaccx.Reader, was, is layout.Header) (all []Difference) {
	for _, member := range []struct {
		name string
		a, b any
	}{
		{"bytes", sizeOf(a), sizeOf(b)},
		{"ready", was.Status.Ready(), is.Status.Ready()},
		{"exit", was.Status.Exit(), is.Status.Exit()},
		{"reload", was.Status.Reload(), is.Status.Reload()},
		{"field_offset", was.FieldOffset, is.FieldOffset},
		{"rcount", was.RecordCount, is.RecordCount},
		{"rsize", was.RecordSize, is.RecordSize},
		{"startpos", was.StartPos, is.StartPos},
		{"deleted", was.Deleted, is.Deleted},
		{"present", was.Present, is.Present},
		{"offset", was.Offset, is.Offset},
		{"endpos", was.EndPos, is.EndPos},
	} {
		if d, differs := changed(PartHeader, where, member.name, member.a, member.b); differs {
			all = append(all, d)
		}
	}
	return all
}

// shape is a field as the JSON of a page has it.
type shape struct {
	Name   dump.Text `json:"name"`
	Type   string    `json:"type"`
	Code   uint8     `json:"code"`
	Size   uint32    `json:"size"`
	Offset uint32    `json:"offset"`
}

func shapeOf(f *layout.Field) any {
	if f == nil {
		return nil
	}
	return shape{dump.Text(f.Name), f.TypeName(), uint8(f.Code), f.Size, f.Offset}
}

// schemas returns what differs in two schemas, field by field of the same name.
func schemas(where string, before, now *layout.Schema) (all []Difference) {
	if before.Equal(now) {
		return nil
	}
	was, is := before.Fields(), now.Fields()
	for i := range is {
		f := &is[i]
		old := before.Lookup(f.Name)
		d, differs := changed(PartField, where, dump.ColumnName(f.Name), shapeOf(old), shapeOf(f))
		if old == nil {
			d.Change, d.Old = Added, nil
		}
		if differs {
			all = append(all, d)
		}
	}
	for i := range was {
		if now.Lookup(was[i].Name) == nil {
			all = append(all, Difference{Part: PartField, Change: Removed, Where: where, Field: dump.ColumnName(was[i].Name), Old: packed(shapeOf(&was[i]))})
		}
	}
	return all
}

// side is one of two pages whose records are compared.
type side struct {
	reader  *relaccx.Reader
	options dump.Options
	whole   *dump.RecordJSON // each is made when it is needed
	flat    *dump.RecordJSON
	columns []string // of flat
}

func newSide(r *relaccx.Reader, o dump.Options) *side {
	o.Page = r.Rules()
	return &side{reader: r, options: o}
}

// record returns a whole record as JSON.
func (s *side) record(rec *relaccx.Record) json.RawMessage {
	if s.whole == nil {
		s.whole = dump.NewRecordJSON(rec.Schema(), s.options)
	}
	return s.whole.Append(nil, rec)
}

// values returns the fields of a record as JSON, without pages that are nested in it: in
// the order of columns.
func (s *side) values(rec *relaccx.Record) []Member {
	if s.flat == nil {
		s.columns = []string{}
		for _, f := range rec.Schema().Fields() {
			if f.Kind() != layout.Nested {
				s.columns = append(s.columns, dump.ColumnName(f.Name))
			}
		}
		o := s.options
		o.Fields = s.columns
		s.flat = dump.NewRecordJSON(rec.Schema(), o)
	}
	return MembersOf(s.flat.Append(nil, rec))
}

// value returns what values has of a field. Names in JSON are not always those of fields,
// which may have any bytes.
func (s *side) value(members []Member, column string) json.RawMessage {
	if i := slices.Index(s.columns, column); i >= 0 && i < len(members) {
		return members[i].Value
	}
	return nil
}

// numbered is the records of a page that are in use, one after the other.
type numbered struct {
	next func() (*relaccx.Record, error, bool)
	stop func()
	rec  *relaccx.Record // nil: there are no more
}

func (s *side) records(first, end uint64) (*numbered, error) {
	w, err := s.reader.Window()
	if err != nil {
		return nil, err
	}
	n := &numbered{}
	n.next, n.stop = iter.Pull2(s.reader.RecordsInUse(w.Clamp(first, end)))
	return n, nil
}

// advance goes to the next record. One that was withdrawn meanwhile is passed over.
func (n *numbered) advance() error {
	for {
		rec, err, ok := n.next()
		var lapped *relaccx.LappedError
		switch {
		case !ok:
			n.rec = nil
			return nil
		case errors.As(err, &lapped):
			continue
		}
		n.rec = rec
		return err
	}
}

// equal reports whether two fields have the same value. It compares what is rendered when
// their types differ.
func equal(was, is *layout.Field, a, b []byte, before, now json.RawMessage) bool {
	switch {
	case was.Kind() != is.Kind() || was.Kind() == layout.DTSC:
		return bytes.Equal(before, now)
	case is.Kind() == layout.String:
		return bytes.Equal(was.Text(a), is.Text(b))
	case was.Code != is.Code || was.Size != is.Size:
		return bytes.Equal(before, now)
	}
	return bytes.Equal(was.In(a), is.In(b))
}

// below returns the address of a page that is nested in a record.
func below(where string, f *layout.Field, number uint64) string {
	return fmt.Sprintf("%s:%s@%d", where, f.Name, number)
}
