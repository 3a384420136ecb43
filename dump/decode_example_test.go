package dump_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"shmtool/dump"
	"shmtool/layout"
)

// Records come from text, a line each; a line that is wrong can be passed over.
func ExampleDecoder() {
	schema, err := layout.ParseSchema("time:uint32\nname:string:16\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	input := strings.NewReader("time,name\n40,first\nsoon,second\n0x50,third\n")
	d, err := dump.NewDecoder(input, "", schema, dump.DecodeOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	record := make([]byte, schema.RecordSize())
	for {
		clear(record)
		err := d.Next(record)
		var line *dump.LineError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &line):
			fmt.Println("passed over:", line)
			continue
		case err != nil:
			fmt.Println(err)
			return
		}
		fmt.Printf("%d %s\n", schema.Lookup("time").Uint(record), schema.Lookup("name").Text(record))
	}
	// Output:
	// 40 first
	// passed over: line 3: field "time": value "soon" is not an unsigned integer
	// 80 third
}
