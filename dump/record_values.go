package dump

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"shmtool/layout"
	"shmtool/relaccx"
)

// RecordValues reads the members of records' JSON objects as values, without making
// their text: for expressions that look at a few members of many records. It hides what
// RecordJSON hides, and gives a string that is not UTF-8 with U+FFFD.
type RecordValues struct {
	json    *RecordJSON
	columns []valueColumn
	byKey   map[string]int
	text    []byte // of a member that is read as text first
}

// valueColumn is how the values of one column are read.
type valueColumn struct {
	*jsonColumn
	key  string // as JSON text gives it
	kind ScalarKind
}

// ScalarKind is how a member of a record's JSON can be read.
type ScalarKind uint8

// The kinds of members.
const (
	Composite ScalarKind = iota // an object, an array, or not there: Object gives it
	Unsigned                    // a number
	Signed                      // a number, in two's complement
	Textual                     // a string
)

// Scalar is the value of one member. Its text is valid as long as the record is.
type Scalar struct {
	Kind   ScalarKind
	Number uint64
	Text   []byte
}

// NewRecordValues makes a reader for records of schema s, of the members that RecordJSON
// would print with these options.
func NewRecordValues(s *layout.Schema, o Options) *RecordValues {
	o.LossyText = true
	v := &RecordValues{json: NewRecordJSON(s, o), byKey: map[string]int{}}
	for i := range v.json.columns {
		c := &v.json.columns[i]
		column := valueColumn{jsonColumn: c, key: numberKey, kind: Unsigned}
		if f := c.field; f != nil {
			column.key = string(lossy([]byte(ColumnName(f.Name))))
			column.kind = scalarKind(f)
		}
		v.columns = append(v.columns, column)
		v.byKey[column.key] = i // of two with one key, the last counts
	}
	if v.json.tells {
		v.byKey[numberKey+"decoded"] = len(v.columns)
	}
	return v
}

func scalarKind(f *layout.Field) ScalarKind {
	switch k := f.Kind(); {
	case k == layout.Uint && f.Readable():
		return Unsigned
	case k == layout.Int && f.Readable():
		return Signed
	case k == layout.String:
		return Textual
	}
	return Composite
}

// Find returns the member with a name, for Scalar and Object, or -1 when there is none.
func (v *RecordValues) Find(key string) int {
	if i, ok := v.byKey[key]; ok {
		return i
	}
	return -1
}

// Keys returns the names of the members that records have, each as Find takes it.
func (v *RecordValues) Keys() []string {
	keys := make([]string, 0, len(v.byKey))
	for key := range v.byKey {
		keys = append(keys, key)
	}
	return keys
}

// Scalar returns a record's member by the number that Find has given.
func (v *RecordValues) Scalar(i int, rec *relaccx.Record) Scalar {
	if i >= len(v.columns) {
		return Scalar{}
	}
	c := &v.columns[i]
	switch c.kind {
	case Unsigned, Signed:
		n := rec.Number
		if c.field != nil {
			if c.hidesInteger(rec.Bytes()) {
				return Scalar{Kind: Textual, Text: hiddenMark}
			}
			n = c.field.Uint(rec.Bytes())
		}
		if c.quote {
			return Scalar{Kind: Textual, Text: appendDigits(nil, c.kind, n)}
		}
		return Scalar{Kind: c.kind, Number: n}
	case Textual:
		return Scalar{Kind: Textual, Text: lossy(c.hide(c.field.Text(rec.Bytes())))}
	}
	return Scalar{}
}

func appendDigits(b []byte, kind ScalarKind, n uint64) []byte {
	if kind == Signed {
		return strconv.AppendInt(b, int64(n), 10)
	}
	return strconv.AppendUint(b, n, 10)
}

// lossy returns text in which each byte that is not UTF-8 is U+FFFD.
func lossy(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	return []byte(string([]rune(string(text))))
}

// Put sets a record's members in an object, those that Find has numbered, or all when
// only is nil. A member that the record does not have is removed. The values are of the
// types that encoding/json makes, except that a number is an int or a *big.Int, or the
// json.Number "0", which keeps the sign that an expression gives it.
func (v *RecordValues) Put(object map[string]any, rec *relaccx.Record, only []int) error {
	if only == nil {
		for i := range v.columns {
			if err := v.put(object, i, rec); err != nil {
				return err
			}
		}
		if v.json.tells {
			return v.putDecoded(object, rec)
		}
	}
	for _, i := range only {
		if err := v.put(object, i, rec); err != nil {
			return err
		}
	}
	return nil
}

func (v *RecordValues) put(object map[string]any, i int, rec *relaccx.Record) (err error) {
	if i == len(v.columns) {
		return v.putDecoded(object, rec)
	}
	c := &v.columns[i]
	switch s := v.Scalar(i, rec); s.Kind {
	case Unsigned, Signed:
		object[c.key] = number(s)
	case Textual:
		object[c.key] = string(s.Text)
	default:
		v.text = v.json.appendField(v.text[:0], c.jsonColumn, rec, rec.Bytes())
		object[c.key], err = decodeJSON(v.text)
	}
	return err
}

var zero any = json.Number("0")

func number(s Scalar) any {
	switch {
	case s.Number == 0:
		return zero
	case s.Kind == Signed || s.Number <= math.MaxInt64:
		return int(s.Number)
	}
	return new(big.Int).SetUint64(s.Number)
}

func (v *RecordValues) putDecoded(object map[string]any, rec *relaccx.Record) error {
	v.text = v.json.appendDecoded(v.text[:0], rec.Bytes())
	key := numberKey + "decoded"
	if len(v.text) == 0 {
		delete(object, key)
		return nil
	}
	decoded, err := decodeJSON(v.text[len(decodedKey)-1:])
	object[key] = decoded
	return err
}

// decodeJSON keeps the digits of numbers.
func decodeJSON(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
