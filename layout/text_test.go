package layout

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One field each: its text, how it prints, and the bytes that the format has for
// it. Where print is empty, it is as it was written.
var fieldTexts = []struct{ text, print, descriptor string }{
	{"a:uint8", "", "\x09a\x10"},
	{"a:uint16", "", "\x09a\x11"},
	{"a:uint24", "", "\x09a\x12"},
	{"a:uint32", "", "\x09a\x13"},
	{"a:uint64", "", "\x09a\x17"},
	{"a:int8", "", "\x09a\x20"},
	{"a:int16", "", "\x09a\x21"},
	{"a:int24", "", "\x09a\x22"},
	{"a:int32", "", "\x09a\x23"},
	{"a:int64", "", "\x09a\x27"},
	{"a:string", "", "\x09a\x30"},
	{"a:raw", "", "\x09a\x40"},
	{"a:dtsc:38", "", "\x0aa\x50\x26"},
	{"a:nested:460", "", "\x0ba\x01\xcc\x01"},
	// a size by type name chooses the code, up to 512 bytes
	{"a:string:16", "a:string", "\x09a\x30"},
	{"a:string:32", "", "\x09a\x31"},
	{"a:string:64", "", "\x09a\x32"},
	{"a:string:128", "", "\x09a\x33"},
	{"a:string:256", "", "\x09a\x34"},
	{"a:string:512", "", "\x09a\x35"},
	{"a:string:1024", "", "\x0ba\x30\x00\x04"},
	{"a:raw:512", "", "\x09a\x45"},
	{"a:raw:1024", "", "\x0ba\x40\x00\x04"},
	{"a:string:1", "", "\x0aa\x30\x01"},
	{"a:string:127", "", "\x0aa\x30\x7f"},
	{"a:string:129", "", "\x0aa\x30\x81"},
	{"a:string:255", "", "\x0aa\x30\xff"},
	{"a:string:257", "", "\x0ba\x30\x01\x01"},
	{"a:raw:65535", "", "\x0ba\x40\xff\xff"},
	{"a:raw:65536", "", "\x0da\x40\x00\x00\x01\x00"},
	{"a:raw:4294967295", "", "\x0da\x40\xff\xff\xff\xff"},
	// k, M and G
	{"a:raw:1k", "a:raw:1024", "\x0ba\x40\x00\x04"},
	{"a:raw:1M", "a:raw:1048576", "\x0da\x40\x00\x00\x10\x00"},
	{"a:raw:3G", "a:raw:3221225472", "\x0da\x40\x00\x00\x00\xc0"},
	// a code is kept as it is given
	{"a:0x30:512", "", "\x0ba\x30\x00\x02"},
	{"a:0x30:32", "", "\x0aa\x30\x20"},
	{"a:0x30:16", "a:string", "\x09a\x30"},
	{"a:0x30", "a:string", "\x09a\x30"},
	{"a:0x33", "a:string:128", "\x09a\x33"},
	{"a:0x33:128", "a:string:128", "\x09a\x33"},
	{"a:0x33:100", "", "\x0aa\x33\x64"},
	{"a:0x36", "", "\x09a\x36"}, // 1024 by its code: no type name stands for it
	{"a:0x36:1024", "a:0x36", "\x09a\x36"},
	{"a:0x3f", "", "\x09a\x3f"},
	{"a:0x3F", "a:0x3f", "\x09a\x3f"},
	{"a:0x44", "a:raw:256", "\x09a\x44"},
	{"a:0x45:600", "", "\x0ba\x45\x58\x02"},
	{"a:0x10", "a:uint8", "\x09a\x10"},
	{"a:uint8:1", "a:uint8", "\x09a\x10"},
	{"a:uint8:4", "", "\x0aa\x10\x04"},
	{"a:0x17:4", "a:uint64:4", "\x0aa\x17\x04"},
	{"a:0x14:4", "", "\x0aa\x14\x04"},
	{"a:0x50:9", "a:dtsc:9", "\x0aa\x50\x09"},
	{"a:0x51:9", "", "\x0aa\x51\x09"},
	{"a:0x01:40", "a:nested:40", "\x0aa\x01\x28"},
	{"a:0x00:40", "", "\x0aa\x00\x28"},
	// names
	{"missedFrags:uint8", "", "\x59missedFrags\x10"},
	{`"a":uint8`, "a:uint8", "\x09a\x10"},
	{`"a:b":uint8`, "", "\x19a:b\x10"},
	{`"#":uint8`, "", "\x09#\x10"},
	{`" ":uint8`, "", "\x09 \x10"},
	{`"a b":uint8`, "", "\x19a b\x10"},
	{`"a\"b":uint8`, "", "\x19a\"b\x10"},
	{`"\\":uint8`, `\:uint8`, "\x09\\\x10"},
	{`"a\tb\n":uint8`, "", "\x21a\tb\n\x10"},
	{`"\x00":uint8`, "", "\x09\x00\x10"},
	{`"\xff":uint8`, "", "\x09\xff\x10"},
	{`"\ufffd":uint8`, `"�":uint8`, "\x19\xef\xbf\xbd\x10"},
	{`"\u00a0":uint8`, "", "\x11\xc2\xa0\x10"},
	{"ä:uint8", "", "\x11\xc3\xa4\x10"},
	{`"\u00e4":uint8`, "ä:uint8", "\x11\xc3\xa4\x10"},
	{"a[1]:uint8", "", "\x21a[1]\x10"},
	{"it's:uint8", "", "\x21it's\x10"},
	{"-:uint8", "", "\x09-\x10"},
	{"abcdefghijklmnopqrstuvwxyz01234:uint8", "", "\xf9abcdefghijklmnopqrstuvwxyz01234\x10"},
}

func TestFieldText(t *testing.T) {
	for _, tt := range fieldTexts {
		t.Run(tt.text, func(t *testing.T) {
			print := tt.print
			if print == "" {
				print = tt.text
			}
			f, err := ParseField(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			s, err := NewSchema(f)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(s.AppendDescriptors(nil)); got != tt.descriptor {
				t.Errorf("descriptor %q, want %q", got, tt.descriptor)
			}
			if got := f.String(); got != print {
				t.Errorf("prints as %s, want %s", got, print)
			}
			again, err := ParseSchema(print)
			if err != nil {
				t.Fatalf("what it prints: %v", err)
			}
			if !again.Equal(s) {
				t.Errorf("%s parses to %s", print, again)
			}
		})
	}
}

func TestTypeNames(t *testing.T) {
	want := "uint8 uint16 uint24 uint32 uint64 int8 int16 int24 int32 int64 string raw nested dtsc"
	if got := strings.Join(TypeNames(), " "); got != want {
		t.Errorf("type names %q, want %q", got, want)
	}
	for _, name := range TypeNames() {
		told := false
		for _, tt := range fieldTexts {
			told = told || strings.HasPrefix(tt.text, "a:"+name)
		}
		if !told {
			t.Errorf("%s is in no test", name)
		}
	}
}

const commentedSchema = "# a comment\r\n" +
	"\r\n" +
	"id:uint32   # its number\r\n" +
	"\"a # b\":uint8# no comment inside quotes\n" +
	"\"\\\"#\":uint8 # nor behind an escaped one\n" +
	"   # indented, and nothing but a comment\n" +
	"\t \n" +
	"tracks:nested[2]  # size left out\n" +
	"  n:uint8\n" +
	"\n" +
	"  keys:nested[3]:100\n" +
	"    # deeper\n" +
	"    time:uint64\n" +
	"  last:int8\n" +
	"empty:nested[0]\n" +
	"  a:uint8\n" +
	"tail:0x30:512" // no newline at the end

const plainSchema = `id:uint32
"a # b":uint8
"\"#":uint8
tracks:nested[2]
  n:uint8
  keys:nested[3]:100
    time:uint64
  last:int8
empty:nested[0]
  a:uint8
tail:0x30:512
`

func TestSchemaText(t *testing.T) {
	s, err := ParseSchema(commentedSchema)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainSchema, s.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	again, err := ParseSchema(s.String())
	if err != nil {
		t.Fatal(err)
	}
	if !sameShape(Shape{s, 1}, Shape{again, 1}) {
		t.Errorf("prints and parses to\n%s", again)
	}
	// keys: 36 + 6 + 3 x 8 = 66, but 100 given; tracks: 36 + 3 + 7 + 6, 2 x (1 + 100 + 1)
	if f := s.Lookup("tracks"); f.Size != 52+2*102 || f.Offset != 6 {
		t.Errorf("tracks has %d bytes at %d, want 256 at 6", f.Size, f.Offset)
	}
	if want := uint32(4 + 1 + 1 + 256 + 39 + 512); s.RecordSize() != want {
		t.Errorf("record size %d, want %d", s.RecordSize(), want)
	}
}

// sameShape holds two shapes against each other all the way down, record counts
// and the bytes of the descriptors too.
func sameShape(a, b Shape) bool {
	if a.RecordCount != b.RecordCount || !a.Schema.Equal(b.Schema) {
		return false
	}
	if !bytes.Equal(a.Schema.AppendDescriptors(nil), b.Schema.AppendDescriptors(nil)) {
		return false
	}
	for i, f := range a.Schema.Fields() {
		g := b.Schema.Fields()[i]
		if f.Offset != g.Offset || (f.Shape == nil) != (g.Shape == nil) {
			return false
		}
		if f.Shape != nil && !sameShape(*f.Shape, *g.Shape) {
			return false
		}
	}
	return true
}

func TestSchemaTextErrors(t *testing.T) {
	const types = "none of uint8 uint16 uint24 uint32 uint64 int8 int16 int24 int32 int64 string raw nested dtsc, nor a type code such as 0x33"
	tests := []struct{ name, text, want string }{
		{"empty", "", `line 1: field "": schema has no fields`},
		{"only comments", "# a\n\n", `line 1: field "": schema has no fields`},
		{"no type", "a:uint8\nb", `line 2: field "b": is not NAME:TYPE[:SIZE]`},
		{"empty type", "a:", `line 1: field "a:": type "" is ` + types},
		{"unknown type", "\n# x\na:uint", `line 3: field "a:uint": type "uint" is ` + types},
		{"upper case", "a:UINT8", `line 1: field "a:UINT8": type "UINT8" is ` + types},
		{"code without 0x", "a:30", `line 1: field "a:30": type "30" is ` + types},
		{"code over a byte", "a:0x130", `line 1: field "a:0x130": type "0x130" is ` + types},
		{"comment in code", "a:0x#3", `line 1: field "a:0x": type "0x" is ` + types},
		{"unknown family", "a:0x60:4", `line 1: field "a:0x60:4": type code 0x60 is of no known family`},
		{"no size", "a:dtsc", `line 1: field "a:dtsc": type dtsc needs a size`},
		{"nested no size", "a:nested", `line 1: field "a:nested": type nested needs a size`},
		{"size 0", "a:raw:0", `line 1: field "a:raw:0": size "0" is not a number of bytes from 1 to 4294967295`},
		{"size over", "a:raw:4G", `line 1: field "a:raw:4G": size "4G" is not a number of bytes from 1 to 4294967295`},
		{"size negative", "a:raw:-1", `line 1: field "a:raw:-1": size "-1" is not a number of bytes from 1 to 4294967295`},
		{"size empty", "a:raw:", `line 1: field "a:raw:": size "" is not a number of bytes from 1 to 4294967295`},
		{"size twice", "a:raw:1:2", `line 1: field "a:raw:1:2": size "1:2" is not a number of bytes from 1 to 4294967295`},
		{"integer of 5", "a:0x14", `line 1: field "a:0x14": an integer of 5 bytes is not read by MistServer; use 1, 2, 3, 4 or 8`},
		{"integer of 16", "a:uint8:16", `line 1: field "a:uint8:16": an integer of 16 bytes is not read by MistServer; use 1, 2, 3, 4 or 8`},
		{"nested too small", "a:nested:38", `line 1: field "a:nested:38": 38 bytes hold no nested page; the least is 39`},
		{"name empty", ":uint8", `line 1: field ":uint8": name "" must be quoted`},
		{"quoted name empty", `"":uint8`, `line 1: field "\"\":uint8": name is empty`},
		{"name too long", "abcdefghijklmnopqrstuvwxyz012345:uint8", `line 1: field "abcdefghijklmnopqrstuvwxyz012345:uint8": name has 32 bytes, the format takes 31`},
		{"name with blank", "a b:uint8", `line 1: field "a b:uint8": name "a b" must be quoted`},
		{"name not UTF-8", "\xff:uint8", `line 1: field "\xff:uint8": name "\xff" must be quoted`},
		{"open quote", `"a:uint8`, `line 1: field "\"a:uint8": name has no closing quote`},
		{"behind the quote", `"a"b:uint8`, `line 1: field "\"a\"b:uint8": is not NAME:TYPE[:SIZE]`},
		{"twice", "a:uint8\nb:uint8\na:raw", `line 3: field "a": name is there twice`},
		{"tab", "a:nested[1]\n\tb:uint8", `line 2: field "\tb:uint8": indent with two blanks, not a tab`},
		{"blank and tab", "a:nested[1]\n \tb:uint8", `line 2: field "\tb:uint8": indent with two blanks, not a tab`},
		{"three blanks", "a:nested[1]\n   b:uint8", `line 2: field "b:uint8": indentation is not a multiple of two blanks`},
		{"first line indented", "  a:uint8", `line 1: field "a:uint8": is indented, but the field above has no fields of its own`},
		{"four blanks", "a:nested[1]\n    b:uint8", `line 1: field "a:nested[1]": has a record count, but no fields below it`},
		{"fields below an integer", "a:uint8\n  b:uint8", `line 1: field "a:uint8": only a nested field has fields of its own`},
		{"fields below no count", "a:nested:100\n  b:uint8", `line 1: field "a:nested:100": says no record count; write nested[N]`},
		{"deeper and deeper", "a:nested[1]\n  b:uint8\n      c:uint8", `line 3: field "c:uint8": is indented, but the field above has no fields of its own`},
		{"count, no fields", "a:nested[1]\nb:uint8", `line 1: field "a:nested[1]": has a record count, but no fields below it`},
		{"count of an integer", "a:uint8[1]", `line 1: field "a:uint8[1]": only a nested field has a record count`},
		{"count empty", "a:nested[]", `line 1: field "a:nested[]": record count "[]" is not [N]`},
		{"count open", "a:nested[3", `line 1: field "a:nested[3": record count "[3" is not [N]`},
		{"count over", "a:nested[4294967296]", `line 1: field "a:nested[4294967296]": record count "[4294967296]" is not [N]`},
		{"nested over its size", "a:nested[2]:40\n  b:uint8", `line 1: field "a": its nested page takes 41 bytes, the field has 40`},
		{"nested over 4 G", "a:nested[4294967295]\n  b:uint16", `line 1: field "a:nested[4294967295]": takes more than 4 GiB`},
		{"record over 4 G", "a:raw:3G\nb:raw:3G", `line 2: field "b": record takes more than 4294967295 bytes`},
		{"error inside", "a:nested[1]\n  b:uint8\n  c", `line 3: field "c": is not NAME:TYPE[:SIZE]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseSchema(tt.text)
			var spec *SpecError
			switch {
			case err == nil:
				t.Errorf("parsed to\n%s", s)
			case !errors.As(err, &spec):
				t.Errorf("error is a %T", err)
			case err.Error() != tt.want:
				t.Errorf("error %s\n want %s", err, tt.want)
			}
		})
	}
}

// The last descriptor that fits ends at byte 65535: offset has two bytes.
func TestDescriptorsEnd(t *testing.T) {
	var b strings.Builder
	size := HeaderSize
	for i := 0; size+8 <= 65535; i++ {
		fmt.Fprintf(&b, "%06d:uint8\n", i)
		size += 8
	}
	fits := b.String() + strings.Repeat("x", 65535-size-2) + ":uint8\n"
	s, err := ParseSchema(fits)
	if err != nil {
		t.Fatal(err)
	}
	if h := (Shape{s, 1}).Header(); h.Offset != 65535 {
		t.Errorf("offset %d, want 65535", h.Offset)
	}
	_, err = ParseSchema(strings.Replace(fits, "000000", "0000001", 1))
	if want := `descriptors take more than 65499 bytes`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("one byte more: error %v, want %s", err, want)
	}
}

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		want uint64
		ok   bool
	}{
		{"0", 0, true},
		{"1", 1, true},
		{"1k", 1 << 10, true},
		{"1M", 1 << 20, true},
		{"1G", 1 << 30, true},
		{"18446744073709551615", 1<<64 - 1, true},
		{"18446744073709551616", 0, false},
		{"17179869183G", (1<<34 - 1) << 30, true},
		{"17179869184G", 0, false},
		{"18014398509481983k", (1<<54 - 1) << 10, true},
		{"18014398509481984k", 0, false},
		{"", 0, false},
		{"k", 0, false},
		{"1K", 0, false},
		{"1kM", 0, false},
		{"1kk", 0, false},
		{"1 k", 0, false},
		{"+1", 0, false},
		{"-1", 0, false},
		{"1.5M", 0, false},
		{"0x10", 0, false},
		{"1_000", 0, false},
	}
	for _, tt := range tests {
		got, err := ParseSize(tt.text)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q is %d, %v; want %d", tt.text, got, err, tt.want)
		}
		if want := fmt.Sprintf("size %q is not a number of bytes, with k, M or G behind it if need be", tt.text); err != nil && err.Error() != want {
			t.Errorf("%q: error %s\n want %s", tt.text, err, want)
		}
	}
}
