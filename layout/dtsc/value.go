package dtsc

import (
	"encoding/binary"
	"iter"
	"math"
)

// Value is a packed value that is known to be whole. It is a part of the bytes
// that it was decoded from, which must not change while it is used. (Should
// they, a value may be wrong, and nothing panics.) The zero Value is of kind
// None and has nothing.
type Value struct {
	packed []byte
}

// Decode returns the value at the start of packed, whatever follows it: the field of a
// page may be longer. It looks at all of the value and allocates nothing; a value that is
// not whole is a *[FormatError]. relaccx(5), DTSC.
func Decode(packed []byte) (Value, error) {
	w := walker{packed: packed}
	p, err := w.next()
	if err == nil {
		err = w.skip(&p)
	}
	if err != nil {
		return Value{}, err
	}
	return Value{packed[:w.at:w.at]}, nil
}

// Lookup returns the member of members that path leads to in the value at the start of
// packed: Lookup(packed, "source"). There is none in a value that is not whole. It
// allocates nothing.
func Lookup(packed []byte, path ...string) (Value, bool) {
	v, err := Decode(packed)
	if err != nil {
		return Value{}, false
	}
	return v.Lookup(path...)
}

// Lookup returns the member of members of v that path leads to, or v without a path. When
// several members have the same name, it returns the last, as MistServer does.
func (v Value) Lookup(path ...string) (Value, bool) {
	for _, name := range path {
		var found Value
		for n, member := range v.children(Object) {
			if string(n) == name {
				found = member
			}
		}
		if v = found; v.packed == nil {
			return v, false
		}
	}
	return v, v.packed != nil
}

// Kind returns what v is; both containers that are objects are Object.
func (v Value) Kind() Kind {
	switch {
	case len(v.packed) == 0:
		return None
	case v.packed[0] == legacyObject:
		return Object
	}
	return Kind(v.packed[0])
}

// Packed returns all bytes of v, a part of those that it was decoded from.
func (v Value) Packed() []byte { return v.packed }

// Int returns an integer, and 0 of any other kind.
func (v Value) Int() int64 {
	if v.Kind() != Integer {
		return 0
	}
	return int64(v.word())
}

// Float returns a double or an integer as a floating point number, and 0 of any other
// kind. See Broken.
func (v Value) Float() float64 {
	switch v.Kind() {
	case Integer:
		return float64(v.Int())
	case Double:
		return math.Float64frombits(v.word())
	}
	return 0
}

// Broken reports a double of which MistServer 3.10 may have lost the high four bytes:
// they are 0. The original value is lost.
func (v Value) Broken() bool { return v.Kind() == Double && v.word()>>32 == 0 }

// Text returns a string's bytes, UTF-8 or not, a part of those that v was decoded from;
// nil of any other kind.
func (v Value) Text() []byte {
	if v.Kind() != String {
		return nil
	}
	return v.packed[stringHead:]
}

// String returns a string's text, of any other kind its JSON, and of none "".
func (v Value) String() string {
	switch v.Kind() {
	case None:
		return ""
	case String:
		return string(v.Text())
	}
	return string(v.AppendJSON(nil))
}

// AppendJSON appends v as JSON, as the function of that name does.
func (v Value) AppendJSON(dst []byte) []byte {
	dst, _ = AppendJSON(dst, v.packed) // of a whole value: no error
	return dst
}

// Members returns the members of an object in page order, by their names; of any other
// kind there are none. A name may come twice: then the last one counts.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for name, member := range v.children(Object) {
			if !yield(string(name), member) {
				return
			}
		}
	}
}

// Elements returns the elements of an array; of any other kind there are none.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for _, element := range v.children(Array) {
			if !yield(element) {
				return
			}
		}
	}
}

func (v Value) children(kind Kind) iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		w := walker{packed: v.packed}
		if p, err := w.next(); err != nil || p.Kind != kind {
			return
		}
		for {
			p, err := w.next()
			if err != nil || p.Kind == End || w.skip(&p) != nil {
				return
			}
			if !yield(p.Name, Value{v.packed[p.ValueOffset:w.at:w.at]}) {
				return
			}
		}
	}
}

// word returns the 8 bytes of an integer or a double.
func (v Value) word() uint64 { return binary.BigEndian.Uint64(v.packed[1:integerSize]) }
