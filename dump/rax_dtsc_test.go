package dump

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

func TestRaxDTSC(t *testing.T) {
	one := "\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	text := func(s string) string {
		return "\x02" + string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	const end = "\x00\x00\xee"
	tests := []struct{ name, packed, want string }{
		{"integer", "\x01\xff\xff\xff\xff\xff\xff\xff\xfe", "-2"},
		{"null", "\x03", "null"},
		{"unknown type", "\x77", "Error"},
		{"type 0", "\x00", "Error"},
		{"string", text("hi"), `"hi"`},
		{"escapes", text("\"\\/\n\b\f\r\t\x00\x1f ~\x7fé"), `"\"\\/\n\b\f\r\t\u0000\u001F ~\u007F\u00C3\u00A9"`},
		{"string of 250 bytes", text(strings.Repeat("x", 250)), `"` + strings.Repeat("x", 250) + `"`},
		{"string of 251 bytes", text(strings.Repeat("x", 251)), `"251 bytes of data"`},
		{"string that lies about its length", "\x02\xff\xff\xff\xffabc", `"4294967295 bytes of data"`},
		{"string past the mapping", "\x02\x00\x00\x00\x09abc", `"abc"`},
		{"empty object", "\xe0" + end, "{\n\n      }"},
		{"empty array", "\x0a" + end, "[\n\n      ]"},
		{"object", "\xe0\x00\x01b" + one + "\x00\x02a\"" + text("x") + end, "{\n        \"b\": 1,\n        \"a\"\": \"x\"\n      }"},
		{"legacy object", "\xff\x00\x01b" + one + end, "{\n        \"b\": 1\n      }"},
		{"array", "\x0a" + one + "\x03" + text("x") + end, "[\n        1,\n        null,\n        \"x\"\n      ]"},
		{
			"containers in containers", "\xe0\x00\x01a\x0a" + one + "\xff\x00\x01c\x03" + end + end + "\x00\x01b\xe0" + end + end,
			"{\n        \"a\": [\n          1,\n          {\n            \"c\": null\n          }\n        ],\n        \"b\": {\n\n        }\n      }",
		},
		{"object that ends with the value", "\xe0\x00\x01a" + one, "{\n        \"a\": 1\n      }"},
		{"array that ends with the value", "\x0a" + one, "[\n        1\n      ]"},
		{"first name cut short", "\xe0\x00\x01", "{\n      }//walked out of object here"},
		{"second name cut short", "\xe0\x00\x01a" + one + "\x01", "{\n        \"a\": 1      }//walked out of object here"},
		{"unknown member", "\xe0\x00\x01a\x77" + end, "{\n        \"a\": Error      }//could not locate next object"},
		{"member cut short", "\xe0\x00\x01a\x02\x00", "{\n        \"a\": \"\"      }//could not locate next object"},
		{"member without a value", "\xe0\x00\x01a", "{\n        \"a\": Error      }//could not locate next object"},
		{"name past the mapping", "\xe0\x00\x09abc", "{\n        \"abc\": Error      }//could not locate next object"},
		{
			"broken member of a member", "\xe0\x00\x01a\xe0\x00\x01b\x77" + end + end,
			"{\n        \"a\": {\n          \"b\": Error        }//could not locate next object      }//could not locate next object",
		},
		{
			"inner name cut short", "\xe0\x00\x01a\xe0\x00\x01b\x03\x01",
			"{\n        \"a\": {\n          \"b\": null        }//walked out of object here      }//could not locate next object",
		},
		{"member past the value", "\xe0\x00\x01a\x02\x00\x00\x01\x00abc", "{\n        \"a\": \"256 bytes of data\"\n      }"},
		{"unknown element", "\x0a" + one + "\x77\x01" + end, "[\n        1,\n        Error\n      ]"},
		{"element cut short", "\x0a" + one + "\x02\x00", "[\n        1,\n        \"\"\n      ]"},
		{"element of type 0", "\x0a\x00\x05\xee", "[\n\n      ]"},
		{"64 deep", strings.Repeat("\x0a", 64) + strings.Repeat(end, 64), raxDeep(64, "\n"+strings.Repeat(" ", 6+2*63)+"]")},
		{"65 deep", strings.Repeat("\x0a", 65) + strings.Repeat(end, 65), raxDeep(64, strings.Repeat(" ", 6+2*64)+"Error\n"+strings.Repeat(" ", 6+2*63)+"]")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := oneRecordRax(t, tt.packed, raxSpec{"v", 0x50, uint32(len(tt.packed))})
			if want := "    v: \n" + tt.want + "\n\n"; got != want {
				t.Errorf("got:\n%q\nwant:\n%q", got, want)
			}
		})
	}
}

// raxDeep is that many arrays, each the only element of another; last is what
// stands in the last of them, with its bracket.
func raxDeep(depth int, last string) string {
	var b strings.Builder
	b.WriteString("[\n")
	for level := 1; level < depth; level++ {
		b.WriteString(strings.Repeat(" ", 6+2*level) + "[\n")
	}
	b.WriteString(last)
	for level := depth - 2; level >= 0; level-- {
		b.WriteString("\n" + strings.Repeat(" ", 6+2*level) + "]")
	}
	return b.String()
}

// The bound of a member is too far by the length of its name: the three bytes
// behind the field, of which the outer object knows nothing, still belong to
// the inner one.
func TestRaxDTSCMemberReadsOn(t *testing.T) {
	packed := "\xe0\x00\x03abc\xe0\x00\x01x\x03"
	behind := "\x00\x01y"
	got := oneRecordRax(t, packed+behind, raxSpec{"v", 0x50, uint32(len(packed))}, raxSpec{"w", 0x40, 3})
	want := "    v: \n{\n        \"abc\": {\n          \"x\": null,\n          \"y\": Error        }//could not locate next object      }//could not locate next object\n" +
		"    w: 0x00 0x01 0x79 \n\n"
	if got != want {
		t.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
}

func TestRaxDoubles(t *testing.T) {
	tests := []struct {
		bits uint64
		want string
	}{
		{math.Float64bits(0), "0"},
		{1 << 63, "-0"},
		{math.Float64bits(1.5), "1.5"},
		{math.Float64bits(-0.1), "-0.1"},
		{math.Float64bits(1.0 / 3), "0.333333"},
		{math.Float64bits(100000), "100000"},
		{math.Float64bits(123456.5), "123456"}, // half way: to the even digit
		{math.Float64bits(123457.5), "123458"},
		{math.Float64bits(999999.5), "1e+06"},
		{math.Float64bits(1e6), "1e+06"},
		{math.Float64bits(1234567), "1.23457e+06"},
		{math.Float64bits(1e-4), "0.0001"},
		{math.Float64bits(1e-5), "1e-05"},
		{math.Float64bits(1.25e-5), "1.25e-05"},
		{math.Float64bits(1e100), "1e+100"},
		{1, "4.94066e-324"},
		{math.Float64bits(math.MaxFloat64), "1.79769e+308"},
		{math.Float64bits(math.Inf(1)), "inf"},
		{math.Float64bits(math.Inf(-1)), "-inf"},
		{0x7ff8000000000000, "nan"},
		{0xfff8000000000000, "-nan"},
	}
	for _, tt := range tests {
		packed := string(binary.BigEndian.AppendUint64([]byte{raxPackedDouble}, tt.bits))
		got := oneRecordRax(t, packed, raxSpec{"v", 0x50, 9})
		if want := "    v: \n" + tt.want + "\n\n"; got != want {
			t.Errorf("%#x: got %q, want %q", tt.bits, got, want)
		}
	}
}
