package dump

import (
	"bytes"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/layout/mist"
)

func TestHexIntegers(t *testing.T) {
	wantHex(t, layouttest.Load(t, "integers"), HexOptions{ShowRecords: true, Selected: &layout.Window{First: 1, End: 2}}, `
00000054  .. × 36                                          slot 0          available, #0
00000078                                                   record #1       slot 1, available
00000078  00                                                 u8            0
00000079  00 00                                              u16           0
0000007b  00 00 00                                           u24           0
0000007e  00 00 00 00                                        u32           0
00000082  00 00 00 00 00 00 00 00                            u64           0
0000008a  80                                                 i8            -128
0000008b  00 80                                              i16           -32768
0000008d  80 00 00                                           i24           -8388608
00000090  00 00 00 80                                        i32           -2147483648
00000094  00 00 00 00 00 00 00 80                            i64           -9223372036854775808
0000009c  .. × 36                                          slot 2          available, #2
`)
}

func TestHexUnusual(t *testing.T) {
	wantHex(t, layouttest.Load(t, "unusual"), HexOptions{ShowSchema: true, ShowRecords: true}, `
00000024  0a 78 60 03                                      field x         type 0x60, 3 bytes at +0  ! of no known family
00000028  21 66 69 76 65 14                                field five      uint40 0x14, 5 bytes at +3  ! MistServer reads integers of this width as 0
0000002e  0a 73 30 04                                      field s         string 0x30, 4 bytes at +8
00000032                                                   record #0       slot 0, available
00000032  61 62 63                                           x             |abc|
00000035  01 02 03 04 05                                     five          |.....|
0000003a  6f 70 65 6e                                        s             "open"  ! no zero byte: MistServer reads on behind it
`)
}

func TestHexCounters(t *testing.T) {
	page, h := buildHex(t, "a:uint8", 2, 1, 5)
	h.Status, h.Present, h.StartPos = layout.StatusReady|layout.StatusReload, 7, 3
	h.Encode(page)
	wantHex(t, page, HexOptions{ShowHeader: true}, `
00000000  05                                               status          ready,reload  ! readers open the name again
00000001  24                                               field_offset    36
00000002  02 00 00 00                                      rcount          2
00000006  01 00 00 00                                      rsize           1
0000000a  03 00 00 00                                      startpos        3  ! not deleted modulo 2^32, 1
0000000e  01 00 00 00 00 00 00 00                          deleted         1
00000016  07 00 00 00                                      present         7  ! not endpos - deleted, 4
0000001a  27 00                                            offset          39
0000001c  05 00 00 00 00 00 00 00                          endpos          5  ! endpos - deleted is 4, over rcount: the oldest 2 are overwritten
`)
	h.Status, h.Deleted = layout.StatusReady|layout.StatusExit, 9
	h.Encode(page)
	wantHex(t, page, HexOptions{ShowHeader: true, UnkeptCounters: true}, `
00000000  03                                               status          ready,exit  ! the writer is done with the page
00000001  24                                               field_offset    36
00000002  02 00 00 00                                      rcount          2
00000006  01 00 00 00                                      rsize           1
0000000a  03 00 00 00                                      startpos        3
0000000e  09 00 00 00 00 00 00 00                          deleted         9  ! over endpos, 5
00000016  07 00 00 00                                      present         7
0000001a  27 00                                            offset          39
0000001c  05 00 00 00 00 00 00 00                          endpos          5
`)
}

func TestHexOfPagesThatAreNotReady(t *testing.T) {
	wantHex(t, make([]byte, 4096), HexOptions{}, `
00000000  00                                               status          not ready
00000001  00                                               field_offset    0
00000002  00 00 00 00                                      rcount          0
00000006  00 00 00 00                                      rsize           0
0000000a  00 00 00 00                                      startpos        0
0000000e  00 00 00 00 00 00 00 00                          deleted         0
00000016  00 00 00 00                                      present         0
0000001a  00 00                                            offset          0
0000001c  00 00 00 00 00 00 00 00                          endpos          0
00000024  00 × 4060                                        rest
`)
	wantHex(t, layouttest.Load(t, "notready-torn"), HexOptions{}, `
00000000  00                                               status          not ready
00000001  24                                               field_offset    36
00000002  00 00 00 00                                      rcount          0
00000006  04 00 00 00                                      rsize           4
0000000a  00 00 00 00                                      startpos        0
0000000e  00 00 00 00 00 00 00 00                          deleted         0
00000016  00 00 00 00                                      present         0
0000001a  2b 00                                            offset          43
0000001c  00 00 00 00 00 00 00 00                          endpos          0
00000024  09 61 13                                         field a         uint32 0x13, 4 bytes at +0
00000027  00 00 00 00                                      descriptors     |....|
00000027  ^^                                               ! not ready: field descriptor has an empty name
0000002b  00 × 21                                          rest
`)
	wantHex(t, nil, HexOptions{}, `
00000000                                                   page            no bytes yet: not ready
`)
}

// The descriptors are inside the header: its bytes are there twice.
func TestHexOfDescriptorsInsideTheHeader(t *testing.T) {
	wantHex(t, layouttest.Load(t, "field-offset-11"), HexOptions{}, `
00000000  01                                               status          ready
00000001  0b                                               field_offset    11
00000002  01 00 00 00                                      rcount          1
00000006  01 00 00 00                                      rsize           1
0000000a  00 09 61 10                                      startpos        274794752  ! not deleted modulo 2^32, 0
0000000e  00 00 00 00 00 00 00 00                          deleted         0
00000016  01 00 00 00                                      present         1
0000001a  0e 00                                            offset          14
0000001c  01 00 00 00 00 00 00 00                          endpos          1
0000000b                                                   fields          inside the header  ! its bytes are shown again
0000000b  09 61 10                                         field a         uint8 0x10, 1 byte at +0
0000000e                                                   record #0       slot 0, available
0000000e  00                                                 a             0
`)
}

// What is secret is hidden wherever it lies, and its length in the text.
func TestHexHidesSecrets(t *testing.T) {
	page, h := buildHex(t, "url:string:32\nraw:raw:8\nd:dtsc:30\nn:uint8", 2, 0, 1)
	for slot := range 2 {
		storeHex(t, page, h, slot, "url", "ftp://\x00//:secret@host")
		storeHex(t, page, h, slot, "raw", "a:secret")
		storeHex(t, page, h, slot, "d", "\xe0\x00\x01s\x02\x00\x00\x00\x0a//:secret@\x00\x00\xee")
	}
	page = append(page, "secret, behind"...)
	o := HexOptions{ShowRecords: true, Secrets: func(_ *mist.PageInfo, f *layout.Field, value []byte) []HexSpan {
		if at := bytes.Index(value, []byte("secret")); at >= 0 {
			return []HexSpan{{From: at, To: at + 6}}
		}
		return nil
	}}
	wantHex(t, page, o, `
00000036                                                   record #0       slot 0, available
00000036  66 74 70 3a 2f 2f 00                               url           "ftp://"
0000003d  2f 2f 3a ** ** ** ** ** ** 40 68 6f 73 74            leftover    "//:***@host"
0000004b  00 × 11                                              padding
00000056  61 3a ** ** ** ** ** **                            raw           |a:******|
0000005e  e0                                                 d             object
0000005f  00 01 73 02 00 00 00 0a 2f 2f 3a ** ** ** ** **      s           "//:***@"
0000006f  ** 40                                                            |*@|
00000071  00 00 ee                                             end
00000074  00 00 00 00 00 00 00 00                              zeros
0000007c  00                                                 n             0
0000007d  .. × 71                                          slot 1          not published, #1  ! slot 1 is not zero
000000c4  ** ** ** ** ** ** 2c 20 62 65 68 69 6e 64        slack           |******, behind|
`)
}
