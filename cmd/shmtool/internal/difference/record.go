package difference

import (
	"bytes"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// records compares the records of two pages.
type records struct {
	*pages
	section *Section
	sides   [2]*side
}

// compare goes through both pages by the numbers of their records.
func (c *records) compare() error {
	var both [2]*numbered
	for i, s := range c.sides {
		n, err := s.records(c.First, c.End)
		if err != nil {
			return err
		}
		defer n.stop()
		if err := n.advance(); err != nil {
			return err
		}
		both[i] = n
	}
	was, is := both[0], both[1]
	for was.rec != nil || is.rec != nil {
		step := both[:]
		switch {
		case is.rec == nil || was.rec != nil && was.rec.Number < is.rec.Number:
			c.removed(was.rec)
			step = both[:1]
		case was.rec == nil || is.rec.Number < was.rec.Number:
			c.added(is.rec)
			step = both[1:]
		default:
			if err := c.both(was.rec, is.rec); err != nil {
				return err
			}
		}
		for _, n := range step {
			if err := n.advance(); err != nil {
				return err
			}
		}
	}
	return nil
}

// keeps reports whether one more of so many records is kept.
func (c *records) keeps(n Numbers) bool { return c.Few == 0 || n.Count <= uint64(c.Few) }

func (c *records) removed(rec *relaccx.Record) {
	s := c.section
	if s.Removed.add(rec.Number); c.keeps(s.Removed) {
		number := rec.Number
		s.Records = append(s.Records, Difference{Part: PartRecord, Change: Removed, Where: s.Where, Number: &number, Old: c.sides[0].record(rec)})
	}
}

func (c *records) added(rec *relaccx.Record) {
	s := c.section
	if s.Added.add(rec.Number); c.keeps(s.Added) {
		number := rec.Number
		s.Records = append(s.Records, Difference{Part: PartRecord, Change: Added, Where: s.Where, Number: &number, New: c.sides[1].record(rec)})
	}
}

// both compares two records of the same number, and the pages nested in them.
func (c *records) both(was, is *relaccx.Record) error {
	if bytes.Equal(was.Bytes(), is.Bytes()) && was.Schema().Equal(is.Schema()) {
		return nil
	}
	s, number := c.section, is.Number
	differing := c.values(was, is)
	if len(differing) > 0 {
		if s.Changed.add(number); c.keeps(s.Changed) {
			for _, d := range differing {
				d.Part, d.Change, d.Where, d.Number = PartRecord, Changed, s.Where, &number
				s.Records = append(s.Records, d)
			}
		}
	}
	fields := is.Schema().Fields()
	for i := range fields {
		if f := &fields[i]; f.Kind() == layout.Nested {
			if err := c.nested(was, is, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// nested compares the pages that are nested in a field of two records. A page that cannot
// be read, in one of them or in both, has no records to compare.
func (c *records) nested(was, is *relaccx.Record, f *layout.Field) error {
	old := was.Schema().Lookup(f.Name)
	if old == nil || old.Kind() != layout.Nested {
		return nil
	}
	a, errBefore := was.Nested(old)
	b, errNow := is.Nested(f)
	where := below(c.section.Where, f, is.Number)
	if errBefore == nil && errNow == nil {
		return c.pages.compare(where, a, b)
	}
	ready, differs := changed(PartHeader, where, "ready", errBefore == nil, errNow == nil)
	if differs && c.Header {
		c.sections = append(c.sections, &Section{Where: where, Header: []Difference{ready}})
	}
	return nil
}

// values returns the fields that differ in two records. A field that only one of them has
// is a difference of the schema.
func (c *records) values(was, is *relaccx.Record) (all []Difference) {
	var old, now []Member // rendered when the first difference needs them
	fields := is.Schema().Fields()
	for i := range fields {
		f := &fields[i]
		before := was.Schema().Lookup(f.Name)
		if f.Kind() == layout.Nested || before == nil || before.Kind() == layout.Nested {
			continue
		}
		if before.Code == f.Code && before.Size == f.Size && bytes.Equal(before.In(was.Bytes()), f.In(is.Bytes())) {
			continue
		}
		if old == nil {
			old, now = c.sides[0].values(was), c.sides[1].values(is)
		}
		d := Difference{Field: dump.ColumnName(f.Name)}
		d.Old, d.New = c.sides[0].value(old, d.Field), c.sides[1].value(now, d.Field)
		if !equal(before, f, was.Bytes(), is.Bytes(), d.Old, d.New) {
			d.Hidden = bytes.Equal(d.Old, d.New)
			all = append(all, d)
		}
	}
	return all
}
