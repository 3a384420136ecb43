package dump

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/layouttest"
)

// buildHex is a ready page of a schema, with deleted and endpos as given and
// the other counters to match.
func buildHex(t testing.TB, schema string, slots uint32, deleted, endpos uint64) ([]byte, layout.Header) {
	t.Helper()
	s, err := layout.ParseSchema(schema)
	mustHex(t, err)
	shape := layout.Shape{Schema: s, RecordCount: slots}
	page := make([]byte, shape.Size())
	mustHex(t, shape.Build(page, 0))
	h := shape.Header()
	h.Status, h.Deleted, h.EndPos = layout.StatusReady, deleted, endpos
	h.StartPos, h.Present = uint32(deleted), uint32(endpos-deleted)
	h.Encode(page)
	return page, h
}

// hexRecord is a slot of a page.
func hexRecord(page []byte, h layout.Header, slot int) []byte {
	at := int(h.Offset) + slot*int(h.RecordSize)
	return page[at : at+int(h.RecordSize)]
}

// storeHex stores a value in a slot: a number, or the bytes of a string.
func storeHex(t testing.TB, page []byte, h layout.Header, slot int, name string, value any) {
	t.Helper()
	s, err := layout.DecodeSchema(page, h)
	mustHex(t, err)
	f, record := s.Lookup(name), hexRecord(page, h, slot)
	switch v := value.(type) {
	case uint64:
		mustHex(t, f.PutUint(record, v))
	case int:
		mustHex(t, f.PutInt(record, int64(v)))
	case string:
		mustHex(t, f.PutBytes(record, []byte(v)))
	default:
		t.Fatalf("a %T cannot be stored", value)
	}
}

func mustHex(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hexOf is the dump of a page that is read as it lies, and Hex's error.
func hexOf(t testing.TB, page []byte, o HexOptions) (string, error) {
	t.Helper()
	h, err := layout.DecodeHeader(page)
	if err != nil && len(page) >= layout.HeaderSize {
		t.Fatal(err)
	}
	var text strings.Builder
	err = Hex(&text, page, h, o)
	return text.String(), err
}

// wantHex holds a dump against the text that is wanted, which begins with a
// newline for the reader's sake.
func wantHex(t *testing.T, page []byte, o HexOptions, want string) {
	t.Helper()
	got, err := hexOf(t, page, o)
	mustHex(t, err)
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// ringHex is a ring of four that has lost its first record: slot 0 is to be
// written next, its old bytes are still there.
func ringHex(t *testing.T) []byte {
	page, h := buildHex(t, "time:uint16\ndelta:int24\nname:string:12\ndata:raw:4", 5, 1, 4)
	for n, name := range []string{"zero", "a", "über\n", "exactly 11."} {
		storeHex(t, page, h, n, "time", uint64(1000*n))
		storeHex(t, page, h, n, "delta", -n)
		storeHex(t, page, h, n, "name", name)
		storeHex(t, page, h, n, "data", "\x7f<>\x00")
	}
	copy(hexRecord(page, h, 1)[8:], "old\x00er")
	return append(page, "slack\x00\x00\x00"...)
}

// A ring: what is available is shown field by field, what is not in a line, and
// an old name's rest behind the new one's end.
func TestHexRing(t *testing.T) {
	wantHex(t, ringHex(t), HexOptions{}, `
00000000  01                                               status          ready
00000001  24                                               field_offset    36
00000002  05 00 00 00                                      rcount          5
00000006  15 00 00 00                                      rsize           21
0000000a  01 00 00 00                                      startpos        1
0000000e  01 00 00 00 00 00 00 00                          deleted         1
00000016  03 00 00 00                                      present         3
0000001a  3f 00                                            offset          63
0000001c  04 00 00 00 00 00 00 00                          endpos          4
00000024  21 74 69 6d 65 11                                field time      uint16 0x11, 2 bytes at +0
0000002a  29 64 65 6c 74 61 22                             field delta     int24 0x22, 3 bytes at +2
00000031  22 6e 61 6d 65 30 0c                             field name      string 0x30, 12 bytes at +5
00000038  22 64 61 74 61 40 04                             field data      raw 0x40, 4 bytes at +17
0000003f  .. × 21                                          slot 0          withdrawn, #0, old bytes
00000054                                                   record #1       slot 1, available
00000054  e8 03                                              time          1000
00000056  ff ff ff                                           delta         -1
00000059  61 00 00                                           name          "a"
0000005c  6f 6c 64 00 65 72                                    leftover    "old\x00er"
00000062  00 00 00                                             padding
00000065  7f 3c 3e 00                                        data          |.<>.|
00000069                                                   record #2       slot 2, available
00000069  d0 07                                              time          2000
0000006b  ff ff fe                                           delta         -2
0000006e  c3 bc 62 65 72 0a 00 00 00 00 00 00                name          "über\n"
0000007a  7f 3c 3e 00                                        data          |.<>.|
0000007e                                                   record #3       slot 3, available
0000007e  b8 0b                                              time          3000
00000080  ff ff fd                                           delta         -3
00000083  65 78 61 63 74 6c 79 20 31 31 2e 00                name          "exactly 11."
0000008f  7f 3c 3e 00                                        data          |.<>.|
00000093  00 × 21                                          slot 4          not published, #4
000000a8  73 6c 61 63 6b 00 00 00                          slack           |slack...|
`)
}

func TestHexOnANarrowTerminal(t *testing.T) {
	wantHex(t, ringHex(t), HexOptions{ShowRecords: true, Width: 80}, `
0000003f  .. × 21                  slot 0          withdrawn, #0, old bytes
00000054                           record #1       slot 1, available
00000054  e8 03                      time          1000
00000056  ff ff ff                   delta         -1
00000059  61 00 00                   name          "a"
0000005c  6f 6c 64 00 65 72            leftover    "old\x00er"
00000062  00 00 00                     padding
00000065  7f 3c 3e 00                data          |.<>.|
00000069                           record #2       slot 2, available
00000069  d0 07                      time          2000
0000006b  ff ff fe                   delta         -2
0000006e  c3 bc 62 65 72 0a 00 00    name          "über\n"
00000076  00 00 00 00                  padding
0000007a  7f 3c 3e 00                data          |.<>.|
0000007e                           record #3       slot 3, available
0000007e  b8 0b                      time          3000
00000080  ff ff fd                   delta         -3
00000083  65 78 61 63 74 6c 79 20    name          "exactly 11."
0000008b  31 31 2e 00                              |11..|
0000008f  7f 3c 3e 00                data          |.<>.|
00000093  00 × 21                  slot 4          not published, #4
000000a8  73 6c 61 63 6b 00 00 00  slack           |slack...|
`)
}

func TestHexShowsEverySlot(t *testing.T) {
	base := uint64(0x123456780)
	if uint64(int(base)) != base {
		t.Skip("no page begins there on a CPU of 32 bits")
	}
	wantHex(t, ringHex(t), HexOptions{ShowRecords: true, Slots: true, Base: int(base)}, `
1234567bf                                                   record #0       slot 0, withdrawn
1234567bf  00 00                                              time          0
1234567c1  00 00 00                                           delta         0
1234567c4  7a 65 72 6f 00 00 00 00 00 00 00 00                name          "zero"
1234567d0  7f 3c 3e 00                                        data          |.<>.|
1234567d4                                                   record #1       slot 1, available
1234567d4  e8 03                                              time          1000
1234567d6  ff ff ff                                           delta         -1
1234567d9  61 00 00                                           name          "a"
1234567dc  6f 6c 64 00 65 72                                    leftover    "old\x00er"
1234567e2  00 00 00                                             padding
1234567e5  7f 3c 3e 00                                        data          |.<>.|
1234567e9                                                   record #2       slot 2, available
1234567e9  d0 07                                              time          2000
1234567eb  ff ff fe                                           delta         -2
1234567ee  c3 bc 62 65 72 0a 00 00 00 00 00 00                name          "über\n"
1234567fa  7f 3c 3e 00                                        data          |.<>.|
1234567fe                                                   record #3       slot 3, available
1234567fe  b8 0b                                              time          3000
123456800  ff ff fd                                           delta         -3
123456803  65 78 61 63 74 6c 79 20 31 31 2e 00                name          "exactly 11."
12345680f  7f 3c 3e 00                                        data          |.<>.|
123456813  00 × 21                                          slot 4          not published, #4
123456828  73 6c 61 63 6b 00 00 00                          slack           |slack...|
`)
}

func TestHexShowsTheRecordsSelected(t *testing.T) {
	page, h := buildHex(t, "a:uint8", 4, 5, 9)
	for slot := range 4 {
		storeHex(t, page, h, slot, "a", 0xa0+slot)
	}
	o := HexOptions{ShowRecords: true, Selected: &layout.Window{First: 7, End: 9}}
	wantHex(t, page, o, `
00000027                                                   record #8       slot 0, available
00000027  a0                                                 a             160
00000028  a1 a2                                            slots 1 to 2    available, #5 to #6
0000002a                                                   record #7       slot 3, available
0000002a  a3                                                 a             163
`)
	o.Available = &layout.Window{First: 0, End: 100} // more than there are
	o.Selected = nil
	wantHex(t, page, o, `
00000027                                                   record #96      slot 0, available
00000027  a0                                                 a             160
00000028                                                   record #97      slot 1, available
00000028  a1                                                 a             161
00000029                                                   record #98      slot 2, available
00000029  a2                                                 a             162
0000002a                                                   record #99      slot 3, available
0000002a  a3                                                 a             163
`)
}

func TestHexSections(t *testing.T) {
	page := layouttest.Load(t, "typelen4")
	wantHex(t, page, HexOptions{ShowHeader: true}, `
00000000  01                                               status          ready
00000001  28                                               field_offset    40
00000002  01 00 00 00                                      rcount          1
00000006  35 01 00 00                                      rsize           309
0000000a  00 00 00 00                                      startpos        0
0000000e  00 00 00 00 00 00 00 00                          deleted         0
00000016  01 00 00 00                                      present         1
0000001a  3b 00                                            offset          59
0000001c  01 00 00 00 00 00 00 00                          endpos          1
`)
	wantHex(t, page, HexOptions{ShowSchema: true}, `
00000024  67 61 70 21                                      gap             |gap!|
00000028  09 61 10                                         field a         uint8 0x10, 1 byte at +0
0000002b  1c 62 69 67 30 00 01 2c                          field big       string 0x30, 300 bytes at +1
00000033  0a 75 17 04                                      field u         uint32 0x17, 4 bytes at +301
00000037  0a 6e 13 04                                      field n         uint32 0x13, 4 bytes at +305
`)
}

// Pages in a page, two deep, all opened or only the first.
func TestHexNested(t *testing.T) {
	page := layouttest.Load(t, "nested")
	wantHex(t, page, HexOptions{ShowRecords: true, Depth: 2}, `
00000031                                                   record #0       slot 0, available
00000031  07 00                                              id            7
00000033                                                     tracks        nested page, 156 bytes, ready: 2 of 2 records available
00000033  01                                                   status          ready
00000034  24                                                   field_offset    36
00000035  02 00 00 00                                          rcount          2
00000039  37 00 00 00                                          rsize           55
0000003d  00 00 00 00                                          startpos        0
00000041  00 00 00 00 00 00 00 00                              deleted         0
00000049  02 00 00 00                                          present         2
0000004d  2e 00                                                offset          46
0000004f  02 00 00 00 00 00 00 00                              endpos          2
00000057  09 6e 10                                             field n         uint8 0x10, 1 byte at +0
0000005a  22 6b 65 79 73 01 36                                 field keys      nested 0x01, 54 bytes at +1
00000061                                                       record #0       slot 0, available
00000061  0a                                                     n             10
00000062                                                         keys          nested page, 54 bytes, ready: 3 of 3 records available
00000062  01                                                       status          ready
00000063  24                                                       field_offset    36
00000064  03 00 00 00                                              rcount          3
00000068  04 00 00 00                                              rsize           4
0000006c  02 00 00 00                                              startpos        2
00000070  02 00 00 00 00 00 00 00                                  deleted         2
00000078  03 00 00 00                                              present         3
0000007c  2a 00                                                    offset          42
0000007e  05 00 00 00 00 00 00 00                                  endpos          5
00000086  21 74 69 6d 65 13                                        field time      uint32 0x13, 4 bytes at +0
0000008c                                                           record #3       slot 0, available
0000008c  b8 0b 00 00                                                time          3000
00000090                                                           record #4       slot 1, available
00000090  a0 0f 00 00                                                time          4000
00000094                                                           record #2       slot 2, available
00000094  d0 07 00 00                                                time          2000
00000098                                                       record #1       slot 1, available
00000098  0b                                                     n             11
00000099                                                         keys          nested page, 54 bytes, ready: 0 of 3 records available
00000099  01                                                       status          ready
0000009a  24                                                       field_offset    36
0000009b  03 00 00 00                                              rcount          3
0000009f  04 00 00 00                                              rsize           4
000000a3  00 00 00 00                                              startpos        0
000000a7  00 00 00 00 00 00 00 00                                  deleted         0
000000af  00 00 00 00                                              present         0
000000b3  2a 00                                                    offset          42
000000b5  00 00 00 00 00 00 00 00                                  endpos          0
000000bd  21 74 69 6d 65 13                                        field time      uint32 0x13, 4 bytes at +0
000000c3  00 00 00 00 00 00 00 00 00 00 00 00                      slots 0 to 2    not published, #0 to #2
`)
	wantHex(t, page, HexOptions{ShowRecords: true, Depth: 1}, `
00000031                                                   record #0       slot 0, available
00000031  07 00                                              id            7
00000033                                                     tracks        nested page, 156 bytes, ready: 2 of 2 records available
00000033  01                                                   status          ready
00000034  24                                                   field_offset    36
00000035  02 00 00 00                                          rcount          2
00000039  37 00 00 00                                          rsize           55
0000003d  00 00 00 00                                          startpos        0
00000041  00 00 00 00 00 00 00 00                              deleted         0
00000049  02 00 00 00                                          present         2
0000004d  2e 00                                                offset          46
0000004f  02 00 00 00 00 00 00 00                              endpos          2
00000057  09 6e 10                                             field n         uint8 0x10, 1 byte at +0
0000005a  22 6b 65 79 73 01 36                                 field keys      nested 0x01, 54 bytes at +1
00000061                                                       record #0       slot 0, available
00000061  0a                                                     n             10
00000062  .. × 54                                                keys          nested page, 54 bytes, ready: 3 of 3 records available
00000098                                                       record #1       slot 1, available
00000098  0b                                                     n             11
00000099  .. × 54                                                keys          nested page, 54 bytes, ready: 0 of 3 records available
`)
	wantHex(t, page, HexOptions{ShowRecords: true}, `
00000031                                                   record #0       slot 0, available
00000031  07 00                                              id            7
00000033  .. × 156                                           tracks        nested page, 156 bytes, ready: 2 of 2 records available
`)
}
