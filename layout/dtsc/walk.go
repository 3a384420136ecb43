package dtsc

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Kind is what a packed value is: the byte that it begins with.
type Kind byte

// The kinds. relaccx(5), DTSC.
const (
	None    Kind = 0x00 // of the Value that is none
	Integer Kind = 0x01 // 8 bytes, big-endian, signed; booleans too
	String  Kind = 0x02 // 4 bytes of size, big-endian, and as many bytes
	Null    Kind = 0x03
	Double  Kind = 0x04 // 8 bytes, big-endian; only the low 4 are right in MistServer 3.10
	Array   Kind = 0x0a // values, and an end
	Object  Kind = 0xe0 // names (2 bytes of size, big-endian) and values, and an end
	End     Kind = 0xee // of a Piece alone: two zero bytes, and one that no reader looks at

	legacyObject = 0xff // another Object, of old
)

// String names the kind: "integer", "object" and so on.
func (k Kind) String() string {
	switch k {
	case None:
		return "none"
	case Integer:
		return "integer"
	case String:
		return "string"
	case Null:
		return "null"
	case Double:
		return "double"
	case Array:
		return "array"
	case Object:
		return "object"
	case End:
		return "end"
	}
	return fmt.Sprintf("kind 0x%02x", byte(k))
}

// MaxDepth is how deep containers may lie in containers. MistServer has no such
// bound; its own values need a dozen.
const MaxDepth = 64

const (
	nameHead    = 2 // bytes before a name: its size
	integerSize = 9 // bytes of an integer or a double, with its kind
	stringHead  = 5 // bytes before a string's own: its kind and size
	endSize     = 3
)

// Piece is one stretch of a packed value: a value that holds no others, the
// first byte of a container, or a container's end. Pieces lie back to back.
type Piece struct {
	Kind        Kind
	Depth       int    // how many containers it lies in
	Offset      int    // of its first byte: of a member, where the name's size begins
	ValueOffset int    // of the byte that is its kind; of an end, Offset
	End         int    // behind its last byte
	Name        []byte // of a member, a part of the packed bytes; else nil
}

// Pieces walks over the packed value at the start of packed, piece by piece in page
// order, and stops behind it. At invalid bytes it gives a *[FormatError], with a Piece of
// which only Offset counts: up to there all was well. It allocates nothing, and takes a
// time that goes with the pieces that are there. relaccx(5), DTSC.
func Pieces(packed []byte) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		w := walker{packed: packed}
		for more := true; more; more = w.depth > 0 {
			p, err := w.next()
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// walker reads one piece after the other. Every bound of a packed value is
// kept here and nowhere else.
type walker struct {
	packed  []byte
	at      int
	depth   int    // containers that are open
	objects uint64 // bit d tells that the container at depth d is an object
}

func (w *walker) next() (Piece, error) {
	p := Piece{Offset: w.at, Depth: w.depth}
	if w.depth == 0 {
		return w.value(p)
	}
	left := w.packed[w.at:]
	switch {
	case len(left) < nameHead:
		return p, formatError(w.at, "container does not end", nil)
	case left[0]|left[1] == 0:
		return w.end(p)
	case w.objects>>(w.depth-1)&1 == 1:
		return w.member(p)
	}
	return w.value(p)
}

// end closes the innermost container. MistServer looks at the two zero bytes
// and steps over a third, which it writes as 0xEE.
func (w *walker) end(p Piece) (Piece, error) {
	if len(w.packed)-w.at < endSize {
		return p, formatError(w.at, "container does not end", nil)
	}
	w.depth--
	w.at += endSize
	p.Kind, p.Depth, p.ValueOffset, p.End = End, w.depth, p.Offset, w.at
	return p, nil
}

func (w *walker) member(p Piece) (Piece, error) {
	from := w.at + nameHead
	size := int(binary.BigEndian.Uint16(w.packed[w.at:]))
	if size > len(w.packed)-from {
		return p, formatError(w.at, "name runs past the end, size", size)
	}
	w.at = from + size
	p.Name = w.packed[from:w.at:w.at]
	return w.value(p)
}

func (w *walker) value(p Piece) (Piece, error) {
	left := w.packed[w.at:]
	if len(left) == 0 {
		return p, formatError(w.at, "value is missing", nil)
	}
	size := uint64(1)
	p.Kind, p.ValueOffset = Kind(left[0]), w.at
	switch p.Kind {
	case Integer, Double:
		size = integerSize
	case String:
		if size = stringHead; len(left) >= stringHead {
			size += uint64(binary.BigEndian.Uint32(left[1:]))
		}
	case Null:
	case Array, Object, legacyObject:
		if err := w.open(&p); err != nil {
			return p, err
		}
	default:
		return p, formatError(w.at, "no such kind of value", fmt.Sprintf("0x%02x", left[0]))
	}
	if size > uint64(len(left)) {
		return p, formatError(w.at, p.Kind.String()+" runs past the end, size", size)
	}
	w.at += int(size)
	p.End = w.at
	return p, nil
}

func (w *walker) open(p *Piece) error {
	if w.depth == MaxDepth {
		return formatError(w.at, "containers are nested too deep, more than", MaxDepth)
	}
	w.objects &^= 1 << w.depth
	if p.Kind != Array {
		p.Kind = Object
		w.objects |= 1 << w.depth
	}
	w.depth++
	return nil
}

// skip goes behind the value that p begins.
func (w *walker) skip(p *Piece) error {
	for w.depth > p.Depth {
		if _, err := w.next(); err != nil {
			return err
		}
	}
	return nil
}
