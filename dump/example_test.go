package dump_test

import (
	"fmt"
	"os"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// A page's records as NDJSON.
func Example() {
	schema, err := layout.ParseSchema("time:uint64\nmsg:string:16\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := relaccx.Create(os.TempDir()+"/dump-example", layout.Shape{Schema: schema, RecordCount: 8}, relaccx.CreateOptions{Replace: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(w.Page().Path())
	defer w.Close()
	rec, _ := w.NewRecord()
	_ = rec.SetUint("time", 40)
	_ = rec.SetText("msg", "key frame")
	_ = w.Append(rec.Bytes())

	r, err := w.Reader()
	if err != nil {
		fmt.Println(err)
		return
	}
	window, _ := r.Window()
	view := &dump.View{Schema: r.Schema(), Records: r.Records(window), ShowRecords: true}
	if err := dump.NDJSON(os.Stdout, view, dump.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output: {"#":0,"time":40,"msg":"key frame"}
}
