package layout_test

import (
	"errors"
	"fmt"
	"log"

	"shmtool/layout"
)

func ExampleParseSchema() {
	schema, err := layout.ParseSchema(`
# a track, and when its keyframes were
codec:string:32
keys:nested[60]
  time:uint64
  size:uint24
`)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range schema.Fields() {
		fmt.Printf("%-5s %v at %d, %d bytes\n", f.Name, f.Kind(), f.Offset, f.Size)
	}
	fmt.Print(schema)

	_, err = layout.ParseSchema("time:uint64\nsize:uint40\n")
	var spec *layout.SpecError
	fmt.Println(errors.As(err, &spec), spec.Line)
	// Output:
	// codec string at 0, 32 bytes
	// keys  nested at 32, 708 bytes
	// codec:string:32
	// keys:nested[60]
	//   time:uint64
	//   size:uint24
	// true 2
}

// A page is built, gets one record, and is read again by what its own bytes say.
func Example() {
	schema, err := layout.ParseSchema("time:uint64\noffset:int24\ncodec:string")
	if err != nil {
		log.Fatal(err)
	}
	shape := layout.Shape{Schema: schema, RecordCount: 8}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, 0); err != nil {
		log.Fatal(err)
	}

	h := shape.Header()
	record := page[h.Offset : uint32(h.Offset)+h.RecordSize]
	err = errors.Join(
		schema.Lookup("time").PutUint(record, 1280),
		schema.Lookup("offset").PutInt(record, -40),
		schema.Lookup("codec").PutText(record, "H264"),
	)
	if err != nil {
		log.Fatal(err)
	}
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	h.Encode(page)

	read, err := layout.DecodeHeader(page)
	if err != nil {
		log.Fatal(err)
	}
	fields, err := layout.DecodeSchema(page, read)
	if err != nil {
		log.Fatal(err)
	}
	w := read.Window(len(page))
	fmt.Printf("%v, %d of %d records\n", read.Status, w.Count(), read.RecordCount)
	fmt.Println(fields.Lookup("time").Uint(record), fields.Lookup("offset").Int(record), string(fields.Lookup("codec").Text(record)))
	// Output:
	// ready, 1 of 8 records
	// 1280 -40 H264
}

func ExampleCheckPage() {
	schema, err := layout.ParseSchema("time:uint64\ncodec:string")
	if err != nil {
		log.Fatal(err)
	}
	shape := layout.Shape{Schema: schema, RecordCount: 8}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, layout.StatusReady|layout.StatusReload); err != nil {
		log.Fatal(err)
	}
	page[layout.HeaderSize] &= 7 // the first descriptor loses its name

	h, err := layout.DecodeHeader(page)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range layout.CheckPage(page, h) {
		fmt.Printf("%v %s at byte %d: %s\n", f.Severity, f.Code, f.Offset, f.Message)
	}

	// A page that was cut has no room for what its header announces.
	fmt.Println(layout.Validate(page[:100], h))
	// Output:
	// error invalid_page at byte 36: field descriptor has an empty name
	// byte 2: records run past the end of the page: rcount: 8
}

func ExampleField_Parse() {
	schema, err := layout.ParseSchema("ts:uint16")
	if err != nil {
		log.Fatal(err)
	}
	record := make([]byte, schema.RecordSize())
	ts := schema.Lookup("ts")
	for _, text := range []string{"0xffff", "65536", "abc"} {
		fmt.Println(ts.Parse(record, text), ts.Uint(record))
	}
	// Output:
	// <nil> 65535
	// field "ts": value 65536 is out of range, 0 to 65535 65535
	// field "ts": value "abc" is not an unsigned integer 65535
}
