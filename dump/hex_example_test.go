package dump_test

import (
	"fmt"
	"os"

	"shmtool/dump"
	"shmtool/layout"
)

// A page whose one record was given a shorter name than it had.
func ExampleHex() {
	schema, err := layout.ParseSchema("pid:uint32\nname:string:12")
	if err != nil {
		fmt.Println(err)
		return
	}
	shape := layout.Shape{Schema: schema, RecordCount: 3}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, layout.StatusReady); err != nil {
		fmt.Println(err)
		return
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	copy(page[h.Offset:], "\x39\x30\x00\x00cam\x00ra one")

	o := dump.HexOptions{ShowSchema: true, ShowRecords: true, Width: 80}
	if err := dump.Hex(os.Stdout, page, h, o); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 00000024  19 70 69 64 13           field pid       uint32 0x13, 4 bytes at +0
	// 00000029  22 6e 61 6d 65 30 0c     field name      string 0x30, 12 bytes at +4
	// 00000030                           record #0       slot 0, available
	// 00000030  39 30 00 00                pid           12345
	// 00000034  63 61 6d 00                name          "cam"
	// 00000038  72 61 20 6f 6e 65            leftover    "ra one"
	// 0000003e  00 00                        padding
	// 00000040  00 × 32                  slots 1 to 2    not published, #1 to #2
}
