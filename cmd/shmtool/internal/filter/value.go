package filter

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"shmtool/dump"
)

// value is a scalar of jq. The zero value is unknown: gojq has to say what an expression
// gives, which may be an error.
type value struct {
	kind kind
	n    uint64 // an integer in two's complement, or the bits of a float
	text []byte
}

type kind uint8

// The kinds that an expression can give are in jq's order of types.
const (
	unknown kind = iota
	none         // no value, as empty gives
	null
	no
	yes
	integer // 64 bits, signed
	large   // an integer past those
	float
	text
)

var (
	noValue   = value{kind: none}
	nullValue = value{kind: null}
)

func (v value) known() bool  { return v.kind > none }
func (v value) truth() bool  { return v.kind > no }
func (v value) number() bool { return v.kind >= integer && v.kind <= float }

func boolOf(b bool) value {
	if b {
		return value{kind: yes}
	}
	return value{kind: no}
}

func intOf(n int64) value { return value{kind: integer, n: uint64(n)} }

func floatOf(f float64) value { return value{kind: float, n: math.Float64bits(f)} }

func textOf(b []byte) value { return value{kind: text, text: b} }

// float returns a number as gojq converts it.
func (v value) float() float64 {
	switch v.kind {
	case integer:
		return float64(int64(v.n))
	case large:
		return float64(v.n)
	}
	return math.Float64frombits(v.n)
}

// scalarOf returns a member of a record.
func scalarOf(s dump.Scalar) value {
	switch {
	case s.Kind == dump.Textual:
		return textOf(s.Text)
	case s.Kind == dump.Composite:
		return value{}
	case s.Kind == dump.Unsigned && s.Number > math.MaxInt64:
		return value{kind: large, n: s.Number}
	}
	return value{kind: integer, n: s.Number}
}

// valueOf returns a constant of gojq.
func valueOf(v any) value {
	switch v := v.(type) {
	case nil:
		return nullValue
	case bool:
		return boolOf(v)
	case int:
		return intOf(int64(v))
	case float64:
		return floatOf(v)
	case *big.Int:
		if v.IsUint64() {
			return value{kind: large, n: v.Uint64()}
		}
	case string:
		if utf8.ValidString(v) {
			return textOf([]byte(v))
		}
	}
	return value{}
}

// order returns what a type has in jq's order of types.
func (k kind) order() kind {
	if k == large || k == float {
		return integer
	}
	return k
}

// compare orders two known values as gojq.Compare does.
func compare(l, r value) int {
	switch {
	case l.kind == integer && r.kind == integer:
		return cmp.Compare(int64(l.n), int64(r.n))
	case l.kind == text && r.kind == text:
		return bytes.Compare(l.text, r.text)
	case !l.number() || !r.number():
		return cmp.Compare(l.kind.order(), r.kind.order())
	case l.kind == float || r.kind == float:
		return compareFloats(l.float(), r.float())
	case l.kind == large && r.kind == large:
		return cmp.Compare(l.n, r.n)
	}
	return cmp.Compare(l.kind, r.kind)
}

// compareFloats orders floats as jq does: NaN is less than all, itself included.
func compareFloats(l, r float64) int {
	switch {
	case l < r || math.IsNaN(l):
		return -1
	case l == r:
		return 0
	}
	return 1
}

// appendJSON appends a known value as gojq.Marshal has it.
func (v value) appendJSON(b []byte) []byte {
	switch v.kind {
	case null:
		return append(b, "null"...)
	case no:
		return append(b, "false"...)
	case yes:
		return append(b, "true"...)
	case integer:
		return strconv.AppendInt(b, int64(v.n), 10)
	case large:
		return strconv.AppendUint(b, v.n, 10)
	case float:
		return appendMarshaled(b, v.float())
	}
	return appendQuoted(b, v.text)
}

// appendQuoted appends a string as gojq.Marshal has it.
func appendQuoted[T string | []byte](b []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' || c >= 0x7f {
			return appendMarshaled(b, string(s))
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendMarshaled(b []byte, v any) []byte {
	marshaled, err := gojq.Marshal(v)
	if err != nil { // numbers and strings have none
		return b
	}
	return append(b, marshaled...)
}

// appendText appends a known value as jq's tostring has it: a string is bare.
func (v value) appendText(b []byte) []byte {
	if v.kind == text {
		return append(b, v.text...)
	}
	return v.appendJSON(b)
}
