package layout

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout/layouttest"
)

// goldenViews is what each valid golden page says, written down from the
// format a second time and by hand.
var goldenViews = map[string]view{
	"minimal": {
		Header: Header{1, 36, 1, 1, 0, 0, 0, 39, 0},
		Fields: []string{"a 0x10 1 @0"},
	},
	"status-unknown": {
		Header: Header{9, 36, 1, 1, 0, 0, 0, 39, 0},
		Fields: []string{"a 0x10 1 @0"},
	},
	"integers": {
		Header: Header{1, 36, 3, 36, 0, 0, 3, 84, 3},
		Fields: []string{
			"u8 0x10 1 @0", "u16 0x11 2 @1", "u24 0x12 3 @3", "u32 0x13 4 @6", "u64 0x17 8 @10",
			"i8 0x20 1 @18", "i16 0x21 2 @19", "i24 0x22 3 @21", "i32 0x23 4 @24", "i64 0x27 8 @28",
		},
		Records: []recordView{
			{0, []any{
				uint64(255), uint64(65535), uint64(16777215), uint64(4294967295), uint64(18446744073709551615),
				int64(127), int64(32767), int64(8388607), int64(2147483647), int64(9223372036854775807),
			}},
			{1, []any{
				uint64(0), uint64(0), uint64(0), uint64(0), uint64(0),
				int64(-128), int64(-32768), int64(-8388608), int64(-2147483648), int64(-9223372036854775808),
			}},
			{2, []any{
				uint64(0x12), uint64(0x1234), uint64(0x123456), uint64(0x12345678), uint64(0x1122334455667788),
				int64(-2), int64(-0x302), int64(-0x103), int64(-0x3020103), int64(-0x7edcba9876543211),
			}},
		},
	},
	"strings": {
		Header: Header{1, 36, 1, 67288, 0, 0, 1, 79, 1},
		Fields: []string{
			"a 0x30 16 @0", "b 0x32 64 @16", "c 0x30 128 @80", "d 0x30 200 @208", "e 0x33 255 @408", "f 0x35 512 @663",
			"g 0x30 300 @1175", "r 0x40 16 @1475", "s 0x40 5 @1491", "t 0x44 256 @1496", "u 0x40 65536 @1752",
		},
		Records: []recordView{{0, []any{
			"123456789012345", "new", "ä€", "\xff\xfe\x80", strings.Repeat("x", 254), "", "g",
			[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			[]byte{255, 0, 255, 0, 255},
			[]byte(strings.Repeat("\xaa", 256)),
			[]byte(strings.Repeat("\x00", 65535) + "\x01"),
		}}},
	},
	"nested": {
		Header: Header{1, 36, 1, 158, 0, 0, 1, 49, 1},
		Fields: []string{"id 0x11 2 @0", "tracks 0x01 156 @2"},
		Records: []recordView{{0, []any{uint64(7), &view{
			Header: Header{1, 36, 2, 55, 0, 0, 2, 46, 2},
			Fields: []string{"n 0x10 1 @0", "keys 0x01 54 @1"},
			Records: []recordView{
				{0, []any{uint64(10), &view{
					Header:  Header{1, 36, 3, 4, 2, 2, 3, 42, 5},
					Fields:  []string{"time 0x13 4 @0"},
					Records: []recordView{{2, []any{uint64(2000)}}, {3, []any{uint64(3000)}}, {4, []any{uint64(4000)}}},
				}}},
				{1, []any{uint64(11), &view{
					Header: Header{1, 36, 3, 4, 0, 0, 0, 42, 0},
					Fields: []string{"time 0x13 4 @0"},
				}}},
			},
		}}}},
	},
	"wrapped": {
		Header: Header{1, 36, 4, 9, 5, 5, 4, 47, 9},
		Fields: []string{"time 0x17 8 @0", "key 0x10 1 @8"},
		Records: []recordView{
			{5, []any{uint64(200), uint64(1)}},
			{6, []any{uint64(240), uint64(0)}},
			{7, []any{uint64(280), uint64(0)}},
			{8, []any{uint64(320), uint64(0)}},
		},
	},
	"far": {
		Header:  Header{1, 36, 3, 1, 2, 4294967298, 2, 39, 4294967300},
		Fields:  []string{"a 0x10 1 @0"},
		Records: []recordView{{4294967298, []any{uint64(0xa0)}}, {4294967299, []any{uint64(0xa1)}}},
	},
	"overrun": {
		Header:  Header{1, 36, 2, 2, 0, 0, 0, 39, 5},
		Fields:  []string{"a 0x11 2 @0"},
		Records: []recordView{{3, []any{uint64(0x103)}}, {4, []any{uint64(0x104)}}},
	},
	"withdrawn": {
		Header: Header{1, 36, 2, 2, 3, 3, 0, 39, 3},
		Fields: []string{"a 0x11 2 @0"},
	},
	"counters": {
		Header: Header{1, 36, 4, 1, 5, 7, 2, 39, 4},
		Fields: []string{"a 0x10 1 @0"},
	},
	"notready": {
		Header: Header{0, 36, 0, 4, 0, 0, 0, 39, 0},
		Fields: []string{"a 0x13 4 @0"},
	},
	"notready-torn": {
		Header: Header{0, 36, 0, 4, 0, 0, 0, 43, 0},
		Fields: []string{"a 0x13 4 @0"},
	},
	"notready-first": {Header: Header{0, 36, 7, 0, 0, 0, 0, 36, 0}},
	"zeros":          {},
	"typelen4": {
		Header:  Header{1, 40, 1, 309, 0, 0, 1, 59, 1},
		Fields:  []string{"a 0x10 1 @0", "big 0x30 300 @1", "u 0x17 4 @301", "n 0x13 4 @305"},
		Records: []recordView{{0, []any{uint64(5), "wide", uint64(42), uint64(43)}}},
	},
	"table": {
		Header:  Header{1, 36, 3, 4, 0, 0, 2, 41, 0},
		Fields:  []string{"pid 0x13 4 @0"},
		Records: []recordView{{0, []any{uint64(11)}}, {1, []any{uint64(22)}}},
	},
	"reload": {
		Header:  Header{5, 36, 2, 1, 0, 1, 1, 39, 2},
		Fields:  []string{"a 0x10 1 @0"},
		Records: []recordView{{1, []any{uint64(0xa1)}}},
	},
	"exit": {
		Header:  Header{3, 36, 2, 1, 0, 0, 1, 39, 1},
		Fields:  []string{"a 0x10 1 @0"},
		Records: []recordView{{0, []any{uint64(0xa0)}}},
	},
	"dtsc": {
		Header:  Header{1, 36, 1, 18, 0, 0, 1, 48, 1},
		Fields:  []string{"dtsc_data 0x50 18 @0"},
		Records: []recordView{{0, []any{[]byte("\xe0\x00\x03DVR\x01\x00\x00\x00\x00\x00\x00\xc3\x50\x00\x00\xee")}}},
	},
	"direct": {
		Header:  Header{1, 36, 0, 2, 1, 1, 2, 39, 3},
		Fields:  []string{"a 0x11 2 @0"},
		Records: []recordView{{1, []any{uint64(0x101)}}, {2, []any{uint64(0x102)}}},
	},
	"field-offset-11": {
		Header:  Header{1, 11, 1, 1, 0x10610900, 0, 1, 14, 1},
		Fields:  []string{"a 0x10 1 @0"},
		Records: []recordView{{0, []any{uint64(0)}}},
	},
	"unusual": {
		Header:  Header{1, 36, 1, 12, 0, 0, 1, 50, 1},
		Fields:  []string{"x 0x60 3 @0", "five 0x14 5 @3", "s 0x30 4 @8"},
		Records: []recordView{{0, []any{[]byte("abc"), []byte{1, 2, 3, 4, 5}, "open"}}},
	},
}

func TestGoldenPagesDecode(t *testing.T) {
	for name, want := range goldenViews {
		t.Run(name, func(t *testing.T) {
			got, err := viewPage(layouttest.Load(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("page (-want +got):\n%s", diff)
			}
		})
	}
}

// Every valid page of testdata is in goldenViews, and no invalid one decodes.
func TestGoldenPagesAreAllTold(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		_, told := goldenViews[name]
		if invalid := strings.HasPrefix(name, "invalid-"); told == invalid {
			t.Errorf("%s: in goldenViews %v, invalid by its name %v", name, told, invalid)
		}
	}
}

// What was decoded encodes to the bytes that it was decoded from.
func TestGoldenPagesReencode(t *testing.T) {
	for name := range goldenViews {
		t.Run(name, func(t *testing.T) {
			page, h := goldenHeader(t, name)
			s, err := DecodeSchema(page, h)
			if err != nil {
				if h.Status.Ready() {
					t.Fatal(err)
				}
				h.Offset = uint16(int(h.FieldOffset) + s.DescriptorsSize()) // what of a half-built page parses
				page = append([]byte(nil), page...)
				h.Encode(page)
			}
			got := reencode(page, h, s)
			if diff := cmp.Diff(page[:len(got)], got); diff != "" {
				t.Errorf("bytes (-want +got):\n%s", diff)
			}
			if want := int(h.Offset) - int(h.FieldOffset); s.DescriptorsSize() != want {
				t.Errorf("DescriptorsSize %d, want %d", s.DescriptorsSize(), want)
			}
		})
	}
}

// Headers of invalid pages survive too: only what fits no header cannot.
func TestInvalidHeadersReencode(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		page := layouttest.Load(t, name)
		h, err := DecodeHeader(page)
		if err != nil {
			continue
		}
		got := make([]byte, HeaderSize)
		h.Encode(got)
		if diff := cmp.Diff(page[:HeaderSize], got); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", name, diff)
		}
	}
}
