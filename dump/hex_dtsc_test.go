package dump

import (
	"fmt"
	"strings"
	"testing"
)

func TestHexPacked(t *testing.T) {
	value := "\xe0\x00\x01i\x01\xff\xff\xff\xff\xff\xff\xff\xfe" +
		"\x00\x02a \x0a\x02\x00\x00\x00\x04\x1b[0m\x03\x04\x3f\xf8\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\xee" +
		"\x00\x01o\xff\x00\x00\x00" + "\x00\x00\xee" + "old"
	page, h := buildHex(t, "d:dtsc:90", 1, 0, 1)
	storeHex(t, page, h, 0, "d", value)
	wantHex(t, page, HexOptions{ShowRecords: true}, `
00000028                                                   record #0       slot 0, available
00000028  e0                                                 d             object
00000029  00 01 69 01 ff ff ff ff ff ff ff fe                  i           -2
00000035  00 02 61 20 0a                                       "a "        array
0000003a  02 00 00 00 04 1b 5b 30 6d                             [0]       "\x1b[0m"
00000043  03                                                     [1]       null
00000044  04 3f f8 00 00 00 00 00 00                             [2]       1.5
0000004d  04 00 00 00 00 00 00 00 01                             [3]       5e-324  ! MistServer writes the low half of a double only
00000056  00 00 ee                                               end
00000059  00 01 6f ff                                          o           object
0000005d  00 00 00                                               end         ! ends in another byte than ee
00000060  00 00 ee                                             end
00000063  6f 6c 64                                             leftover    |old|
00000066  00 × 28                                                zeros
`)
	page[int(h.Offset)+21] = 5
	wantHex(t, page, HexOptions{ShowRecords: true}, `
00000028                                                   record #0       slot 0, available
00000028  e0                                                 d             object
00000029  00 01 69 01 ff ff ff ff ff ff ff fe                  i           -2
00000035  00 02 61 20 0a                                       "a "        array
0000003a  02 00 00 05 04 1b 5b 30 6d 03 04 3f f8 00 00 00      rest        |......[0m..?....|
0000003a  ^^                                               ! not DTSC from here: the value runs past the field's end
0000004a  00 00 00 04 00 00 00 00 00 00 00 01 00 00 ee 00                  |................|
0000005a  01 6f ff 00 00 00 00 00 ee 6f 6c 64                              |.o.......old|
00000066  00 × 28                                                zeros
`)
}

// Where a packed value stops being one, and why; everything before is told.
func TestHexPackedFaults(t *testing.T) {
	tests := []struct {
		name, value string
		at          int
		fault       string
	}{
		{"type", "\xe0\x00\x01a\x07", 1, "there is no type 0x7"},
		{"zeros", "\x00\x00\x00", 0, "there is no type 0x0"},
		{"string length", "\x02\x00\x00", 0, "a string's length is cut"},
		{"string", "\x02\x00\x00\x00\x05abcd", 0, "the value runs past the field's end"},
		{"long string", "\x02\xff\xff\xff\xffabcd", 0, "the value runs past the field's end"},
		{"integer", "\x0a\x01\x00\x00", 1, "the value runs past the field's end"},
		{"name", "\xe0\x00\x04abc", 1, "a name runs past the field's end"},
		{"member", "\xe0\x00\x03abc", 1, "the value is missing"},
		{"object's end", "\xff\x00", 1, "a container does not end"},
		{"array's end", "\x0a\x03\x00\x00", 2, "a container does not end"},
		{"nothing behind", "\x0a", 1, "a container does not end"},
		{"end cut", "\x0a\x03\x00", 2, "a container does not end"},
		{"depth", strings.Repeat("\x0a", 70), 65, "containers are nested deeper than 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, h := buildHex(t, fmt.Sprintf("d:dtsc:%d", len(tt.value)+1), 1, 0, 1)
			storeHex(t, page, h, 0, "d", tt.value)
			page = page[:len(page)-1] // ends with the value
			page[int(h.Offset)-1]--   // its size, the last byte of the descriptor
			h.RecordSize--
			h.Encode(page)
			text, err := hexOf(t, page, HexOptions{})
			mustHex(t, err)
			if _, err := hexCovered(text, page, 0); err != nil {
				t.Error(err)
			}
			mark := fmt.Sprintf("\n%08x  ^^ ", int(h.Offset)+tt.at)
			if !strings.Contains(text, mark) || !strings.Contains(text, " ! not DTSC from here: "+tt.fault+"\n") {
				t.Errorf("text is\n%s", text)
			}
		})
	}
}
