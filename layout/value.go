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

// Uint reads an integer field out of a whole record as 64 bits: zero-extended
// for unsigned fields, sign-extended for signed ones (so int64 of it is the
// value). A 24-bit field is big-endian, all others little-endian. A field that
// is no integer, or of a width that MistServer does not read, gives 0.
//
// MistServer itself does not extend the sign of a 24-bit integer; this does.
func (f *Field) Uint(record []byte) uint64 {
	b := record[f.Offset:]
	switch {
	case f.Kind() == Uint:
		return decodeUint(b, f.Size)
	case f.Kind() == Int:
		return uint64(decodeInt(b, f.Size))
	}
	return 0
}

// Int is Uint as a signed number.
func (f *Field) Int(record []byte) int64 { return int64(f.Uint(record)) }

func decodeUint(b []byte, size uint32) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 3:
		return uint64(bigEndian24(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func decodeInt(b []byte, size uint32) int64 {
	switch size {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 3:
		return int64(int32(bigEndian24(b)<<8) >> 8)
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case 8:
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

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

// Text is the bytes of a string field up to its first zero byte, or all of
// them when it has none. The slice points into record.
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
	limit := f.maxUint()
	if v > limit {
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
	if f.Kind() != Int || !f.Readable() || v < f.minInt() {
		return f.refuseInteger(strconv.FormatInt(v, 10))
	}
	encodeInteger(record[f.Offset:], f.Size, uint64(v))
	return nil
}

func (f *Field) maxUint() uint64 {
	bits := 8 * f.Size
	switch {
	case !integerSize(f.Size):
		return 0
	case f.Kind() == Uint:
		return math.MaxUint64 >> (64 - bits)
	case f.Kind() == Int:
		return math.MaxUint64 >> (65 - bits)
	}
	return 0
}

func (f *Field) minInt() int64 { return math.MinInt64 >> (64 - 8*f.Size) }

func (f *Field) refuseInteger(v string) error {
	switch {
	case f.Kind() != Uint && f.Kind() != Int:
		return f.refuse(v, "is a number, the field is "+f.Kind().String())
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
	switch {
	case f.Kind() != String:
		return f.refuse(shown(v), "is a string, the field is "+f.Kind().String())
	case len(v) >= int(f.Size):
		return f.refuse(shown(v), fmt.Sprintf("is too long, the field holds %d bytes", f.Size-1))
	case strings.IndexByte(v, 0) >= 0:
		return f.refuse(shown(v), "has a zero byte, which ends a string")
	}
	b := f.In(record)
	clear(b[copy(b, v):])
	return nil
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

// Parse stores a value written as text, the way a command line or a CSV cell
// has it: integers in decimal or with 0x, strings as they are, all other kinds
// as "hex:" and digits. What does not fit is a *ValueError.
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
		return f.refuseInteger(text)
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

// parseDecimal is the fast way for what nearly every cell is: up to 19 digits.
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
