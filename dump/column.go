package dump

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// column is one column of records: a field, and how its values are shown. It is
// worked out once for all records of a schema.
type column struct {
	field  *layout.Field // nil for the record's number
	lead   *Lead         // or what stands before it
	secret *mist.Meaning // hides what is secret of a value; nil has nothing to hide
	tells  *mist.Meaning // says more than the value does; nil says nothing
	kind   *layout.Field // the field with the record's type, where tells holds for one type only
	minor  bool          // may be left out of a table
}

// isDate reports whether values are seconds since 1970, of which people want the
// date where there is no room for both.
func (c *column) isDate() bool {
	return c.tells != nil && (c.tells.Unit == mist.UnixSeconds || c.tells.Unit == mist.UnixMilliseconds)
}

// columns returns the fields that the options choose, in their order; nil stands for the
// record's number, which is the first of them all where nothing was chosen. A name that
// the schema has not is left out: the command has refused it before, and a page that was
// reloaded may have lost it.
func (o *Options) columns(s *layout.Schema) []column {
	var columns []column
	if o.Fields == nil {
		columns = append(columns, column{})
		for i := range s.Fields() {
			columns = append(columns, o.column(s, &s.Fields()[i]))
		}
		return columns
	}
	for _, name := range o.Fields {
		if name == numberKey {
			columns = append(columns, column{})
		} else if f := LookupColumn(s, name); f != nil {
			columns = append(columns, o.column(s, f))
		}
	}
	return columns
}

// numberKey names a record's number wherever its fields have names.
const numberKey = "#"

// ColumnName returns the name of a field's column, and its key in JSON: the name of the
// field. A column that begins with "#" is not a field, so a field name that begins with
// "#", or with a backslash and "#", gets a backslash in front.
func ColumnName(field string) string {
	if strings.HasPrefix(strings.TrimLeft(field, `\`), "#") {
		return `\` + field
	}
	return field
}

// fieldName returns the name of the field whose column has a name.
func fieldName(column string) string {
	if strings.HasPrefix(column, `\`) && strings.HasPrefix(strings.TrimLeft(column, `\`), "#") {
		return column[1:]
	}
	return column
}

// LookupColumn returns the field of a schema that a column's name means, or nil when
// there is none: "#", the record's number, is not a field. A field may also be named by
// its own name.
func LookupColumn(s *layout.Schema, name string) *layout.Field {
	if name == numberKey {
		return nil
	}
	if f := s.Lookup(fieldName(name)); f != nil {
		return f
	}
	return s.Lookup(name)
}

func (o *Options) column(s *layout.Schema, f *layout.Field) column {
	c := column{field: f}
	m := o.Page.MeaningOf(f)
	c.minor = m.Minor
	if m.Tells() && !o.valuesOnly && f.Kind() != layout.Nested { // a nested page tells itself
		c.tells = &m
		if m.Only != "" {
			c.kind = s.Lookup(kindField)
		}
	}
	if !o.ShowSecrets && m.Secret != mist.SecretNever && (holdsText(f) || m.Secret == mist.SecretAll) {
		c.secret = &m
	}
	return c
}

// kindField is the field that has the type of a record, where records have one.
const kindField = "type"

// tellsOf returns what a record's value means, or nil where that says no more than the value.
func (c *column) tellsOf(record []byte) *mist.Meaning {
	if c.kind != nil && !c.tells.HoldsFor(c.kind.Text(record)) {
		return nil
	}
	return c.tells
}

// holdsText reports whether a field's bytes may hold a text.
func holdsText(f *layout.Field) bool {
	switch f.Kind() {
	case layout.Nested:
		return false
	case layout.Uint, layout.Int:
		return !f.Readable()
	}
	return true
}

// needsClock reports whether the meaning of any column depends on the time.
func needsClock(columns []column) bool {
	for i := range columns {
		if m := columns[i].tells; m != nil && m.Unit.NeedsClock() {
			return true
		}
	}
	return false
}

// clockFor returns the time by which a record is told, asked for only where it counts.
func (o *Options) clockFor(timed bool) mist.Clock {
	if !timed || o.Clock == nil {
		return mist.Clock{}
	}
	return o.Clock()
}

// hide returns a string, or raw bytes, without what is secret.
func (c *column) hide(value []byte) []byte {
	if c.secret == nil || c.secret.Secret != mist.SecretAll && !mist.MayHold(value) {
		return value
	}
	return c.secret.RedactBytes(value)
}

// hidesInteger reports whether an integer of the record is secret. 0 says that there is
// none.
func (c *column) hidesInteger(record []byte) bool {
	return c.secret != nil && c.secret.Secret == mist.SecretAll && c.field.Uint(record) != 0
}

// appendInteger appends an integer, or *** when it is secret.
func (c *column) appendInteger(b, record []byte) []byte {
	if c.hidesInteger(record) {
		return append(b, mist.Mark...)
	}
	return appendInteger(b, c.field, record, false)
}

// hexHead begins the JSON of bytes that are no text.
var hexHead = []byte(`{"hex":"`)

// appendPacked appends a packed value as plain JSON. A value that is not packed is
// written with all bytes of its field, and so is a string that is not UTF-8: alone, it
// would be taken for those.
func (c *column) appendPacked(b, packed []byte) []byte {
	if c.secret != nil && c.secret.Secret == mist.SecretAll {
		return appendString(b, []byte(mist.Mark))
	}
	start := len(b)
	text, err := dtsc.AppendJSONFunc(b, packed, c.memberText())
	if err != nil || bytes.HasPrefix(text[start:], hexHead) {
		return appendHex(b, c.hide(packed))
	}
	return text
}

// memberText hides what is secret of the strings in a packed value.
func (c *column) memberText() func(name, value []byte) []byte {
	if c.secret == nil {
		return nil
	}
	return func(name, value []byte) []byte {
		if !utf8.Valid(name) {
			name = nil
		}
		return mist.Member(string(name)).RedactBytes(value)
	}
}

// meaningText returns what stands behind a value in a table: names as they are, and in
// parentheses what is another way to say the same.
func (c *column) meaningText(record []byte, clock mist.Clock) string {
	tells := c.tellsOf(record)
	if tells == nil {
		return ""
	}
	text, ok := tells.Text(mist.ValueOf(c.field, record), clock)
	if !ok {
		return ""
	}
	switch tells.Unit {
	case mist.Plain, mist.BitSet, mist.Enum, mist.PID, mist.Address, mist.NameList:
		return text
	}
	return "(" + text + ")"
}

// standsAlone reports whether what a value means is all that its bytes say.
func (c *column) standsAlone(record []byte) bool {
	switch c.tells.Unit {
	case mist.Address:
		return true
	case mist.NameList:
		raw := c.field.In(record)
		return len(raw) < 4 || raw[0]|raw[1]|raw[2]|raw[3] == 0 || int(binary.LittleEndian.Uint32(raw)) <= len(raw)-4
	}
	return false
}

// cell is a value in a table, and what it means: the two stand side by side in
// one column.
type cell struct {
	value, meaning string
	changed        bool // it is marked
}

// text returns both, one behind the other.
func (c cell) text() string {
	if c.meaning == "" {
		return c.value
	}
	return strings.TrimLeft(c.value+" "+c.meaning, " ")
}

// tone marks a value that has changed.
func (c cell) tone() Tone {
	if c.changed {
		return Marked
	}
	return Plain
}

// cellOf returns the record's value as a table shows it. People cannot read the bytes of
// addresses and lists of names: their meaning stands alone.
func (o *Options) cellOf(c *column, rec recordView) cell {
	record := rec.Bytes()
	shown := cell{value: o.cellText(c, rec), meaning: c.meaningText(record, rec.clock)}
	if shown.meaning != "" && c.standsAlone(record) {
		return cell{value: shown.meaning}
	}
	if c.tells != nil && c.tells.Hex && c.field.Readable() {
		shown.value = fmt.Sprintf("0x%0*X", 2*c.field.Size, c.field.Uint(record))
	}
	return shown
}
