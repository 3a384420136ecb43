package layout

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// access is kind and width of an integer field in one, so that a load takes one
// decision.
type access uint8

const (
	accessNone access = iota // no integer, or of a width that MistServer does not read
	accessUint8
	accessUint16
	accessUint24
	accessUint32
	accessUint64
	accessInt8
	accessInt16
	accessInt24
	accessInt32
	accessInt64
)

func accessOf(f *Field) access {
	width := [9]access{1: accessUint8, 2: accessUint16, 3: accessUint24, 4: accessUint32, 8: accessUint64}
	switch {
	case f.Size > 8 || width[f.Size] == accessNone:
		return accessNone
	case f.Kind() == Uint:
		return width[f.Size]
	case f.Kind() == Int:
		return width[f.Size] + accessInt8 - accessUint8
	}
	return accessNone
}

// Uint reads an integer field of a schema out of a whole record as 64 bits:
// zero-extended for unsigned fields, sign-extended for signed ones (so int64 of
// it is the value). A 24-bit field is big-endian, all others little-endian. A
// field that is no integer, or of a width that MistServer does not read, gives
// 0.
//
// MistServer itself does not extend the sign of a 24-bit integer; this does.
func (f *Field) Uint(record []byte) uint64 {
	if f.access == accessUint32 { // inlined at the caller
		return uint64(binary.LittleEndian.Uint32(record[f.Offset:]))
	}
	return f.uint(record)
}

func (f *Field) uint(record []byte) uint64 {
	b := record[f.Offset:]
	switch f.access {
	case accessUint32:
		return uint64(binary.LittleEndian.Uint32(b))
	case accessUint64, accessInt64:
		return binary.LittleEndian.Uint64(b)
	case accessUint16:
		return uint64(binary.LittleEndian.Uint16(b))
	case accessUint8:
		return uint64(b[0])
	case accessUint24:
		return uint64(bigEndian24(b))
	case accessInt8:
		return uint64(int8(b[0]))
	case accessInt16:
		return uint64(int16(binary.LittleEndian.Uint16(b)))
	case accessInt24:
		return uint64(int32(bigEndian24(b)<<8) >> 8)
	case accessInt32:
		return uint64(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}

// Int returns what Uint returns, as a signed number.
func (f *Field) Int(record []byte) int64 { return int64(f.Uint(record)) }

func encodeInteger(b []byte, size uint32, v uint64) {
	switch size {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 3:
		_ = b[2]
		b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v)
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	case 8:
		binary.LittleEndian.PutUint64(b, v)
	}
}

// Text returns the bytes of a string field up to its first zero byte, or all of them when
// it has none. The slice points into record.
func (f *Field) Text(record []byte) []byte {
	b := f.In(record)
	if end := bytes.IndexByte(b, 0); end >= 0 {
		return b[:end:end]
	}
	return b
}

// PutUint stores an unsigned number in an integer field. A number out of the
// field's range, or a field that is no integer, is a *ValueError.
func (f *Field) PutUint(record []byte, v uint64) error {
	if f.access == accessUint32 && v>>32 == 0 { // inlined at the caller
		binary.LittleEndian.PutUint32(record[f.Offset:], uint32(v))
		return nil
	}
	return f.putUint(record, v)
}

func (f *Field) putUint(record []byte, v uint64) error {
	if f.access == accessUint64 {
		binary.LittleEndian.PutUint64(record[f.Offset:], v)
		return nil
	}
	if f.access == accessNone || v > maxOf[f.access] {
		return f.refuseInteger(strconv.FormatUint(v, 10))
	}
	encodeInteger(record[f.Offset:], f.Size, v)
	return nil
}

// PutInt stores a signed number in an integer field, with PutUint's errors.
func (f *Field) PutInt(record []byte, v int64) error {
	if v >= 0 {
		return f.PutUint(record, uint64(v))
	}
	if f.Kind() != Int || f.access == accessNone || v < f.minInt() {
		return f.refuseInteger(strconv.FormatInt(v, 10))
	}
	encodeInteger(record[f.Offset:], f.Size, uint64(v))
	return nil
}

// PutLow stores the low bytes of a number in an integer field, as MistServer
// does with a number that is too large. Another kind of field is a *ValueError.
func (f *Field) PutLow(record []byte, v uint64) error {
	if f.access == accessNone {
		return f.refuseInteger(strconv.FormatUint(v, 10))
	}
	encodeInteger(record[f.Offset:], f.Size, v)
	return nil
}

var maxOf = [...]uint64{
	accessUint8: math.MaxUint8, accessUint16: math.MaxUint16, accessUint24: 1<<24 - 1, accessUint32: math.MaxUint32, accessUint64: math.MaxUint64,
	accessInt8: math.MaxInt8, accessInt16: math.MaxInt16, accessInt24: 1<<23 - 1, accessInt32: math.MaxInt32, accessInt64: math.MaxInt64,
}

func (f *Field) maxUint() uint64 { return maxOf[f.access] }

func (f *Field) minInt() int64 { return math.MinInt64 >> (64 - 8*f.Size) }

func (f *Field) refuseInteger(v string) error {
	switch {
	case f.Kind() != Uint && f.Kind() != Int:
		return f.refuse(v, "is a number, the field is "+f.Kind().String())
	case f.Readable() && f.access == accessNone:
		return f.refuse(v, "cannot be stored: the field is in no schema yet")
	case !f.Readable():
		return f.refuse(v, fmt.Sprintf("cannot be stored: MistServer has no integers of %d bytes", f.Size))
	case f.Kind() == Uint && strings.HasPrefix(v, "-"):
		return f.refuse(v, "is negative, the field is unsigned")
	case f.Kind() == Uint:
		return f.refuse(v, fmt.Sprintf("is out of range, 0 to %d", f.maxUint()))
	}
	return f.refuse(v, fmt.Sprintf("is out of range, %d to %d", f.minInt(), f.maxUint()))
}

func (f *Field) refuse(value, reason string) error {
	return &ValueError{Field: f.Name, Value: value, Reason: reason}
}

// PutText stores a string of at most Size - 1 bytes without a zero byte in a
// string field and fills the rest with zeros. Anything else is a *ValueError.
func (f *Field) PutText(record []byte, v string) error {
	if f.Kind() != String || len(v) >= int(f.Size) || strings.IndexByte(v, 0) >= 0 {
		return f.refuseText(v)
	}
	b := f.In(record)
	clear(b[copy(b, v):])
	return nil
}

func (f *Field) refuseText(v string) error {
	switch {
	case f.Kind() != String:
		return f.refuse(shown(v), "is a string, the field is "+f.Kind().String())
	case len(v) >= int(f.Size):
		return f.refuse(shown(v), fmt.Sprintf("is too long, the field holds %d bytes", f.Size-1))
	}
	return f.refuse(shown(v), "has a zero byte, which ends a string")
}

// PutBytes stores bytes as they are in a field of any kind and fills the rest
// with zeros. More bytes than the field has are a *ValueError.
func (f *Field) PutBytes(record []byte, v []byte) error {
	if len(v) > int(f.Size) {
		return f.refuse(fmt.Sprintf("of %d bytes", len(v)), fmt.Sprintf("is too long, the field has %d bytes", f.Size))
	}
	b := f.In(record)
	clear(b[copy(b, v):])
	return nil
}

// Parse stores a value written as text, as on a command line or in a CSV cell: integers
// in decimal or with 0x, strings unchanged, all other kinds as "hex:" and digits. A
// value that does not fit is a *ValueError, and nothing is stored.
func (f *Field) Parse(record []byte, text string) error {
	switch f.Kind() {
	case String:
		return f.PutText(record, text)
	case Uint, Int:
		if f.Readable() {
			return f.parseInteger(record, text)
		}
	}
	digits, ok := strings.CutPrefix(text, "hex:")
	if !ok && text != "" {
		return f.refuse(shown(text), "is not hex: and digits")
	}
	return f.PutHex(record, digits)
}

// PutHex stores bytes written as hexadecimal digits in a field of any kind.
func (f *Field) PutHex(record []byte, digits string) error {
	if len(digits)/2 > int(f.Size) {
		return f.refuse(fmt.Sprintf("of %d bytes", len(digits)/2), fmt.Sprintf("is too long, the field has %d bytes", f.Size))
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return f.refuse(shown(digits), "is not an even number of hexadecimal digits")
	}
	return f.PutBytes(record, b)
}

func (f *Field) parseInteger(record []byte, text string) error {
	if v, ok := parseDecimal(text); ok {
		return f.PutUint(record, v)
	}
	digits, base := text, 10
	negative := strings.HasPrefix(digits, "-")
	digits = strings.TrimPrefix(digits, "-")
	if h, ok := strings.CutPrefix(digits, "0x"); ok {
		digits, base = h, 16
	}
	v, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil && !isDigits(digits, base):
		return f.refuse(shown(text), "is not "+f.integerName())
	case err != nil || negative && v > 1<<63:
		return f.refuseInteger(cut(text))
	case negative:
		return f.PutInt(record, int64(-v))
	}
	return f.PutUint(record, v)
}

func (f *Field) integerName() string {
	if f.Kind() == Uint {
		return "an unsigned integer"
	}
	return "an integer"
}

// parseDecimal returns the fast way for what nearly every cell is: up to 19 digits.
func parseDecimal(text string) (uint64, bool) {
	if len(text) == 0 || len(text) > 19 {
		return 0, false
	}
	var v uint64
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	return v, true
}

func isDigits(text string, base int) bool {
	valid := "0123456789abcdefABCDEF"
	if base == 10 {
		valid = valid[:10]
	}
	return text != "" && strings.Trim(text, valid) == ""
}
