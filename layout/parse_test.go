package layout

import "testing"

// Parse is what a command line and a CSV cell go through.
func TestParse(t *testing.T) {
	const (
		notUnsigned = "is not an unsigned integer"
		notInteger  = "is not an integer"
		negative    = "is negative, the field is unsigned"
		over64      = "is out of range, 0 to 18446744073709551615"
		overInt64   = "is out of range, -9223372036854775808 to 9223372036854775807"
		overInt24   = "is out of range, -8388608 to 8388607"
		notHex      = "is not hex: and digits"
	)
	tests := []struct {
		code   Code
		size   uint32
		text   string
		want   string // the field's bytes; "" means refused
		reason string
	}{
		{CodeUint8, 1, "0", "\x00", ""},
		{CodeUint8, 1, "255", "\xff", ""},
		{CodeUint8, 1, "007", "\x07", ""},
		{CodeUint8, 1, "-0", "\x00", ""},
		{CodeUint8, 1, "256", "", "is out of range, 0 to 255"},
		{CodeUint8, 1, "0xff", "\xff", ""},
		{CodeUint8, 1, "0xFf", "\xff", ""},
		{CodeUint8, 1, "0x100", "", "is out of range, 0 to 255"},
		{CodeUint8, 1, "-1", "", negative},
		{CodeUint8, 1, "-0x1", "", negative},
		{CodeUint8, 1, "-99999999999999999999", "", negative},
		{CodeUint8, 1, "", "", notUnsigned},
		{CodeUint8, 1, "-", "", notUnsigned},
		{CodeUint8, 1, "0x", "", notUnsigned},
		{CodeUint8, 1, "+1", "", notUnsigned},
		{CodeUint8, 1, "--1", "", notUnsigned},
		{CodeUint8, 1, "0x-1", "", notUnsigned},
		{CodeUint8, 1, " 1", "", notUnsigned},
		{CodeUint8, 1, "1 ", "", notUnsigned},
		{CodeUint8, 1, "1_0", "", notUnsigned},
		{CodeUint8, 1, "1.0", "", notUnsigned},
		{CodeUint8, 1, "1e1", "", notUnsigned},
		{CodeUint8, 1, "ff", "", notUnsigned},
		{CodeUint8, 1, "0b1", "", notUnsigned},
		{CodeUint8, 1, "true", "", notUnsigned},
		{CodeUint8, 1, "99999999999999999999x", "", notUnsigned},
		{CodeUint8, 1, "/", "", notUnsigned},
		{CodeUint8, 1, ":", "", notUnsigned},
		{CodeUint64, 8, "9999999999999999999", "\xff\xff\xe7\x89\x04\x23\xc7\x8a", ""}, // 19 digits
		{CodeUint64, 8, "18446744073709551615", "\xff\xff\xff\xff\xff\xff\xff\xff", ""},
		{CodeUint64, 8, "18446744073709551616", "", over64},
		{CodeUint64, 8, "0xffffffffffffffff", "\xff\xff\xff\xff\xff\xff\xff\xff", ""},
		{CodeUint64, 8, "0x10000000000000000", "", over64},
		{CodeUint64, 8, "00000000000000000000000001", "\x01\x00\x00\x00\x00\x00\x00\x00", ""},
		{CodeUint64, 8, "-9223372036854775808", "", negative},
		{CodeInt64, 8, "9223372036854775807", "\xff\xff\xff\xff\xff\xff\xff\x7f", ""},
		{CodeInt64, 8, "9223372036854775808", "", overInt64},
		{CodeInt64, 8, "18446744073709551615", "", overInt64},
		{CodeInt64, 8, "-9223372036854775808", "\x00\x00\x00\x00\x00\x00\x00\x80", ""},
		{CodeInt64, 8, "-9223372036854775809", "", overInt64},
		{CodeInt64, 8, "-18446744073709551616", "", overInt64},
		{CodeInt64, 8, "-0x8000000000000000", "\x00\x00\x00\x00\x00\x00\x00\x80", ""},
		{CodeInt64, 8, "-0x8000000000000001", "", overInt64},
		{CodeInt64, 8, "x", "", notInteger},
		{CodeInt24, 3, "-1", "\xff\xff\xff", ""},
		{CodeInt24, 3, "-8388608", "\x80\x00\x00", ""},
		{CodeInt24, 3, "-8388609", "", overInt24},
		{CodeInt24, 3, "8388608", "", overInt24},
		{CodeInt24, 3, "0x7fffff", "\x7f\xff\xff", ""},
		{CodeString, 4, "hex:", "", "is too long, the field holds 3 bytes"}, // a string is taken as it is
		{CodeString, 5, "hex:", "hex:\x00", ""},
		{CodeString, 4, "", "\x00\x00\x00\x00", ""},
		{CodeRaw, 2, "hex:0aFF", "\x0a\xff", ""},
		{CodeRaw, 2, "hex:0a", "\x0a\x00", ""},
		{CodeRaw, 2, "hex:", "\x00\x00", ""},
		{CodeRaw, 2, "", "\x00\x00", ""}, // an empty CSV cell
		{CodeRaw, 2, "hex:0a0", "", "is not an even number of hexadecimal digits"},
		{CodeRaw, 2, "hex:0a0b0c", "", "is too long, the field has 2 bytes"},
		{CodeRaw, 2, "0a", "", notHex},
		{CodeRaw, 2, "HEX:0a", "", notHex},
		{CodeRaw, 2, "5", "", notHex},
		{CodeDTSC, 2, "hex:0102", "\x01\x02", ""},
		{CodeNested, 2, "hex:0102", "\x01\x02", ""},
		{0x60, 2, "hex:0102", "\x01\x02", ""},
		{0x14, 5, "hex:0102030405", "\x01\x02\x03\x04\x05", ""}, // an integer that MistServer does not read is bytes
		{0x14, 5, "1", "", notHex},
	}
	for _, tt := range tests {
		t.Run(tt.code.String()+" "+tt.text, func(t *testing.T) {
			f, record := fieldIn(t, tt.code, tt.size)
			checkStore(t, f, record, f.Parse(record, tt.text), bytesOrNil(tt.want), tt.reason)
		})
	}
}
