package layout

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldIn makes a field that lies between two guard bytes of a record, which no
// store may touch. It is read from a page, because a schema of our own refuses
// some of what a page can have.
func fieldIn(t *testing.T, code Code, size uint32) (*Field, []byte) {
	t.Helper()
	page := make([]byte, HeaderSize)
	for _, f := range []Field{{Name: "before", Code: CodeUint8, Size: 1}, {Name: "f", Code: code, Size: size}, {Name: "after", Code: CodeUint8, Size: 1}} {
		page = f.appendDescriptor(page)
	}
	s, err := DecodeSchema(page, Header{FieldOffset: HeaderSize, Offset: uint16(len(page)), RecordSize: size + 2})
	if err != nil {
		t.Fatal(err)
	}
	return s.Lookup("f"), bytes.Repeat([]byte{0xaa}, int(size)+2)
}

func checkStore(t *testing.T, f *Field, record []byte, err error, want []byte, reason string) {
	t.Helper()
	if want == nil {
		want = bytes.Repeat([]byte{0xaa}, int(f.Size))
	}
	want = append(append([]byte{0xaa}, want...), 0xaa)
	if !bytes.Equal(record, want) {
		t.Errorf("record is %x, want %x", record, want)
	}
	var value *ValueError
	switch {
	case reason == "" && err != nil:
		t.Errorf("error %v", err)
	case reason != "" && !errors.As(err, &value):
		t.Errorf("error is %v, want a *ValueError that says %q", err, reason)
	case reason != "" && value.Reason != reason:
		t.Errorf("reason %q, want %q", value.Reason, reason)
	}
}

var uintRanges = []struct {
	code Code
	size uint32
	max  uint64
}{
	{CodeUint8, 1, 255},
	{CodeUint16, 2, 65535},
	{CodeUint24, 3, 16777215},
	{CodeUint32, 4, 4294967295},
	{CodeUint64, 8, 18446744073709551615},
	{CodeUint64, 4, 4294967295}, // the size counts, not the code
	{CodeUint8, 8, 18446744073709551615},
}

func TestPutUintRange(t *testing.T) {
	for _, tt := range uintRanges {
		outside := fmt.Sprintf("is out of range, 0 to %d", tt.max)
		for _, v := range []uint64{0, 1, 127, tt.max - 1, tt.max, tt.max + 1, math.MaxUint64} {
			f, record := fieldIn(t, tt.code, tt.size)
			err := f.PutUint(record, v)
			if v > tt.max {
				checkStore(t, f, record, err, nil, outside)
				continue
			}
			checkStore(t, f, record, err, plainBytes(v, tt.size), "")
			if got := f.Uint(record); got != v {
				t.Errorf("%v of %d bytes: stored %d, read %d", tt.code, tt.size, v, got)
			}
		}
	}
}

var intRanges = []struct {
	code     Code
	size     uint32
	min, max int64
}{
	{CodeInt8, 1, -128, 127},
	{CodeInt16, 2, -32768, 32767},
	{CodeInt24, 3, -8388608, 8388607},
	{CodeInt32, 4, -2147483648, 2147483647},
	{CodeInt64, 8, math.MinInt64, math.MaxInt64},
	{CodeInt64, 2, -32768, 32767},
}

func TestPutIntRange(t *testing.T) {
	for _, tt := range intRanges {
		outside := fmt.Sprintf("is out of range, %d to %d", tt.min, tt.max)
		for _, v := range []int64{0, 1, -1, tt.max, tt.max + 1, tt.min, tt.min - 1, math.MaxInt64, math.MinInt64} {
			f, record := fieldIn(t, tt.code, tt.size)
			err := f.PutInt(record, v)
			if v < tt.min || v > tt.max {
				checkStore(t, f, record, err, nil, outside)
				continue
			}
			checkStore(t, f, record, err, plainBytes(uint64(v), tt.size), "")
			if got := f.Int(record); got != v {
				t.Errorf("%v of %d bytes: stored %d, read %d", tt.code, tt.size, v, got)
			}
		}
	}
}

// plainBytes is an integer's bytes, one at a time: little-endian, but big-endian
// where there are three.
func plainBytes(v uint64, size uint32) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	if size == 3 {
		b[0], b[2] = b[2], b[0]
	}
	return b
}

func TestPutSignedInUnsigned(t *testing.T) {
	f, record := fieldIn(t, CodeUint64, 8)
	checkStore(t, f, record, f.PutInt(record, -1), nil, "is negative, the field is unsigned")
	checkStore(t, f, record, f.PutInt(record, math.MaxInt64), plainBytes(math.MaxInt64, 8), "")
	f, record = fieldIn(t, CodeInt64, 8)
	checkStore(t, f, record, f.PutUint(record, 1<<63), nil, "is out of range, -9223372036854775808 to 9223372036854775807")
}

// A number fits no field that is not an integer of a width that MistServer
// reads, not even 0.
func TestPutNumberElsewhere(t *testing.T) {
	tests := []struct {
		code   Code
		size   uint32
		reason string
	}{
		{CodeString, 4, "is a number, the field is string"},
		{CodeRaw, 8, "is a number, the field is raw"},
		{CodeNested, 40, "is a number, the field is nested"},
		{CodeDTSC, 2, "is a number, the field is dtsc"},
		{0x60, 1, "is a number, the field is unknown"},
		{0x14, 5, "cannot be stored: MistServer has no integers of 5 bytes"},
		{0x26, 7, "cannot be stored: MistServer has no integers of 7 bytes"},
		{0x2f, 16, "cannot be stored: MistServer has no integers of 16 bytes"},
	}
	for _, tt := range tests {
		for _, v := range []int64{0, 1, -1, math.MinInt64} {
			f, record := fieldIn(t, tt.code, tt.size)
			checkStore(t, f, record, f.PutInt(record, v), nil, tt.reason)
			if v >= 0 {
				checkStore(t, f, record, f.PutUint(record, uint64(v)), nil, tt.reason)
			}
			if got := f.Uint(record); got != 0 {
				t.Errorf("%v of %d bytes reads as %d, want 0", tt.code, tt.size, got)
			}
		}
	}
}

// PutLow is what MistServer does with a number that is too large: 300 in a byte
// is 44, 96000 in two is 30464.
func TestPutLow(t *testing.T) {
	for _, tt := range []struct {
		code Code
		size uint32
		v    uint64
		want string
	}{
		{CodeUint8, 1, 300, "\x2c"},
		{CodeUint16, 2, 96000, "\x00\x77"},
		{CodeUint24, 3, 0x01020304, "\x02\x03\x04"},
		{CodeUint32, 4, 1<<32 + 5, "\x05\x00\x00\x00"},
		{CodeUint64, 8, math.MaxUint64, "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{CodeInt8, 1, 128, "\x80"},
	} {
		f, record := fieldIn(t, tt.code, tt.size)
		checkStore(t, f, record, f.PutLow(record, tt.v), []byte(tt.want), "")
	}
	f, record := fieldIn(t, CodeString, 4)
	checkStore(t, f, record, f.PutLow(record, 0), nil, "is a number, the field is string")
	f, record = fieldIn(t, 0x14, 5)
	checkStore(t, f, record, f.PutLow(record, 0), nil, "cannot be stored: MistServer has no integers of 5 bytes")
}

// MistServer reads the three bytes ff ff ff as 16777215; the field is signed.
func TestInt24Sign(t *testing.T) {
	f, record := fieldIn(t, CodeInt24, 3)
	for _, tt := range []struct {
		b    string
		want int64
	}{
		{"\xff\xff\xff", -1},
		{"\x80\x00\x00", -8388608},
		{"\x7f\xff\xff", 8388607},
		{"\x00\x01\x02", 258},
	} {
		copy(record[1:], tt.b)
		if got := f.Int(record); got != tt.want {
			t.Errorf("%x reads as %d, want %d", tt.b, got, tt.want)
		}
		if got := f.Uint(record); got != uint64(tt.want) {
			t.Errorf("%x reads as %#x, want %#x", tt.b, got, uint64(tt.want))
		}
	}
	if err := f.PutInt(record, -2); err != nil || string(record[1:4]) != "\xff\xff\xfe" {
		t.Errorf("-2 is stored as %x, %v", record[1:4], err)
	}
}

func TestPutText(t *testing.T) {
	tests := []struct {
		name, value string
		want        string // "" means refused
		reason      string
	}{
		{"empty", "", "\x00\x00\x00\x00\x00", ""},
		{"short clears the rest", "ab", "ab\x00\x00\x00", ""},
		{"size - 1", "abcd", "abcd\x00", ""},
		{"size", "abcde", "", "is too long, the field holds 4 bytes"},
		{"over", "abcdef", "", "is too long, the field holds 4 bytes"},
		{"bytes count, not runes", "ä€", "", "is too long, the field holds 4 bytes"},
		{"not UTF-8", "\xff\xfe", "\xff\xfe\x00\x00\x00", ""},
		{"zero byte", "a\x00b", "", "has a zero byte, which ends a string"},
		{"zero byte last", "a\x00", "", "has a zero byte, which ends a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, record := fieldIn(t, CodeString, 5)
			err := f.PutText(record, tt.value)
			checkStore(t, f, record, err, bytesOrNil(tt.want), tt.reason)
			if err == nil && string(f.Text(record)) != tt.value {
				t.Errorf("reads as %q", f.Text(record))
			}
		})
	}
	f, record := fieldIn(t, CodeString, 1)
	checkStore(t, f, record, f.PutText(record, "a"), nil, "is too long, the field holds 0 bytes")
	checkStore(t, f, record, f.PutText(record, ""), []byte{0}, "")
	f, record = fieldIn(t, CodeRaw, 4)
	checkStore(t, f, record, f.PutText(record, ""), nil, "is a string, the field is raw")
}

func bytesOrNil(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func TestPutBytesAndHex(t *testing.T) {
	f, record := fieldIn(t, CodeRaw, 3)
	checkStore(t, f, record, f.PutBytes(record, []byte{1, 2, 3, 4}), nil, "is too long, the field has 3 bytes")
	checkStore(t, f, record, f.PutBytes(record, []byte{1, 2, 3}), []byte{1, 2, 3}, "")
	checkStore(t, f, record, f.PutBytes(record, []byte{0}), []byte{0, 0, 0}, "")
	checkStore(t, f, record, f.PutHex(record, "0aFf10"), []byte{0x0a, 0xff, 0x10}, "")
	checkStore(t, f, record, f.PutHex(record, "c"), []byte{0x0a, 0xff, 0x10}, "is not an even number of hexadecimal digits")
	checkStore(t, f, record, f.PutHex(record, "0a0b0c0"), []byte{0x0a, 0xff, 0x10}, "is not an even number of hexadecimal digits")
	checkStore(t, f, record, f.PutHex(record, "0g"), []byte{0x0a, 0xff, 0x10}, "is not an even number of hexadecimal digits")
	checkStore(t, f, record, f.PutHex(record, "0a0b0c0d"), []byte{0x0a, 0xff, 0x10}, "is too long, the field has 3 bytes")
	checkStore(t, f, record, f.PutHex(record, ""), []byte{0, 0, 0}, "")
}

// A field's slices stop at the field: an append to one cannot reach the next.
func TestFieldSlicesAreCapped(t *testing.T) {
	f, record := fieldIn(t, CodeString, 4)
	copy(record[1:], "ab\x00c")
	_ = append(f.In(record), 0x55)
	_ = append(f.Text(record), 0x55)
	if diff := cmp.Diff([]byte("\xaaab\x00c\xaa"), record); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestTextWithoutZeroByte(t *testing.T) {
	f, record := fieldIn(t, CodeString, 3)
	copy(record[1:], "abc")
	if got := string(f.Text(record)); got != "abc" {
		t.Errorf("reads as %q, want the field's bytes and no more", got)
	}
}

func TestValueErrorIsOneLine(t *testing.T) {
	f, record := fieldIn(t, CodeUint16, 2)
	named := *f
	named.Name = "ts"
	f = &named
	for _, tt := range []struct{ text, want string }{
		{"abc", `field "ts": value "abc" is not an unsigned integer`},
		{"-1", `field "ts": value -1 is negative, the field is unsigned`},
		{"65536", `field "ts": value 65536 is out of range, 0 to 65535`},
	} {
		if err := f.Parse(record, tt.text); fmt.Sprint(err) != tt.want {
			t.Errorf("%s: error %v\nwant %s", tt.text, err, tt.want)
		}
	}
	for _, text := range []string{strings.Repeat("9", 1<<20), "-" + strings.Repeat("9", 1<<20), strings.Repeat("x\n", 1<<20)} {
		if err := f.Parse(record, text); err == nil || len(err.Error()) > 250 || strings.Contains(err.Error(), "\n") {
			t.Errorf("error of a long value has %d bytes: %.300s", len(fmt.Sprint(err)), err)
		}
	}
}
