package dump

import (
	"bytes"
	"fmt"

	"github.com/xrash/smetrics"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// jsonLines is NDJSON.
type jsonLines struct {
	lines  *lineReader
	object *objectReader
	line   []byte // the one that was fetched
}

func (j *jsonLines) fetch() error {
	for {
		line, err := j.lines.next()
		if err != nil {
			return err
		}
		j.line, _ = cutLineEnd(line)
		if len(bytes.TrimSpace(j.line)) > 0 {
			return nil
		}
	}
}

func (j *jsonLines) decode(record []byte) (is bool, err error) {
	err = j.object.split(j.line)
	if err == nil && j.object.isEvent() {
		return false, nil
	}
	if err == nil {
		err = j.object.store(record)
	}
	if err != nil {
		return false, &LineError{j.lines.number, err}
	}
	return true, nil
}

func (j *jsonLines) reshape(s *layout.Schema) error {
	j.object = newObjectReader(s, 0, j.object.objectOptions)
	return nil
}

// objectReader reads the objects of records. An object is split first and
// stored then: of one that is no record, or no JSON, nothing is stored.
type objectReader struct {
	schema *layout.Schema
	fields map[string]keyedField
	// order is the field of each member, as it was in the object before: a
	// comparison instead of a search in what a program has written.
	order  []keyedField
	json   jsonReader
	depth  int // 0 for records of the page itself, 1 for those of one nested in it
	nested map[*layout.Field]*pageReader
	packed []byte // the packed value that was read last
	objectOptions

	// Found by split; it points into the object's text.
	members    []member
	number     []byte // value of "#"; nil when there is none
	unknown    string // the first key that is no field
	hasUnknown bool
	hasEvent   bool // one of the unknown keys is "event"
}

// keyedField is a field under the key that it has in JSON.
type keyedField struct {
	key string
	*layout.Field
}

type member struct {
	field *layout.Field
	value []byte // as it is written
}

// objectOptions are what is known of the page that records are read for.
type objectOptions struct {
	page        *mist.PageInfo
	showSecrets bool // errors name them, and what looks like a hidden one is stored
}

// nestedIn returns the same for the page in a field.
func (o objectOptions) nestedIn(f *layout.Field) objectOptions {
	return objectOptions{o.page.Nested(f.Name), o.showSecrets}
}

func newObjectReader(s *layout.Schema, depth int, known objectOptions) *objectReader {
	o := &objectReader{
		schema: s, depth: depth, objectOptions: known,
		fields: map[string]keyedField{}, nested: map[*layout.Field]*pageReader{},
	}
	for i := range s.Fields() {
		f := &s.Fields()[i]
		k := keyedField{ColumnName(f.Name), f}
		o.fields[k.key] = k // of several with one name the last, as in Schema.Lookup
		o.order = append(o.order, k)
	}
	return o
}

const (
	passedOver = '#'     // what a key begins with that is no field
	eventKey   = "event" // what tail calls a line that is no record
)

// split takes an object apart into the members that are fields.
func (o *objectReader) split(text []byte) error {
	o.members, o.number, o.hasUnknown, o.hasEvent = o.members[:0], nil, false, false
	if err := o.json.open(text, '{'); err != nil {
		return err
	}
	for o.json.more() {
		key, value, err := o.json.member()
		if err != nil {
			return err
		}
		o.add(key, value)
	}
	return o.json.close()
}

func (o *objectReader) add(key, value []byte) {
	if len(key) > 0 && key[0] == passedOver {
		if string(key) == numberKey {
			o.number = value
		}
		return
	}
	if f := o.find(key); f != nil {
		o.members = append(o.members, member{f, value})
		return
	}
	if !o.hasUnknown {
		o.unknown, o.hasUnknown = string(key), true
	}
	o.hasEvent = o.hasEvent || string(key) == eventKey
}

// find returns the field of that name, or nil.
func (o *objectReader) find(key []byte) *layout.Field {
	at := len(o.members)
	if at < len(o.order) && string(key) == o.order[at].key {
		return o.order[at].Field
	}
	f, ok := o.fields[string(key)]
	if ok && at < len(o.order) {
		o.order[at] = f
	}
	return f.Field
}

// isEvent reports whether the object tells of the page instead of being a
// record of it.
func (o *objectReader) isEvent() bool { return o.hasEvent && o.number == nil }

// store puts the members of the object into a record.
func (o *objectReader) store(record []byte) error {
	if o.hasUnknown {
		return unknownField(o.unknown, o.schema)
	}
	for i := range o.members {
		f := o.members[i].field
		if err := o.put(f, o.members[i].value, record); err != nil {
			return o.conceal(f, err)
		}
	}
	return nil
}

// UnknownFieldError is a key or a column that is no field of the schema.
type UnknownFieldError struct {
	Name string // as it was given, shortened to 64 bytes
	Near string // the field that may have been meant, or ""
}

// Error gives one line: the name, and the one that is near it.
func (e *UnknownFieldError) Error() string {
	if e.Near == "" {
		return fmt.Sprintf("unknown field %q", e.Name)
	}
	return fmt.Sprintf("unknown field %q, did you mean %q?", e.Name, e.Near)
}

// unknownField looks for the field whose name is at most two letters, and not
// half of what was typed, away.
func unknownField(name string, s *layout.Schema) error {
	e := &UnknownFieldError{Name: shorten(name)}
	if len(name) > layout.MaxNameLength+2 {
		return e
	}
	best := min(2, len(name)/2)
	for _, f := range s.Fields() {
		if d := smetrics.WagnerFischer(name, f.Name, 1, 1, 1); d < best || d == best && e.Near == "" {
			best, e.Near = d, f.Name
		}
	}
	return e
}
