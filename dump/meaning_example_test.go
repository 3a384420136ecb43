package dump_test

import (
	"fmt"
	"os"
	"time"

	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// A page that MistServer makes: the rows that are in use, and what they mean.
func ExampleOptions() {
	template, _ := mist.KindUsers.Template()
	shape, err := template.Shape()
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := relaccx.Create(os.TempDir()+"/MstUserexample", shape, relaccx.CreateOptions{Replace: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(w.Page().Path())
	defer w.Close()
	for _, status := range []uint64{0, mist.UserSource | mist.UserActive} {
		rec, _ := w.NewRecord()
		_ = rec.SetUint("status", status)
		_ = rec.SetUint("pid", 812)
		_ = w.Append(rec.Bytes())
	}

	r, err := w.Reader()
	if err != nil {
		fmt.Println(err)
		return
	}
	r = r.WithRules(mist.Lookup(w.Page().Name()))
	window, _ := r.Window()
	view := &dump.View{Schema: r.Schema(), Records: r.RecordsInUse(window), ShowRecords: true}
	o := dump.Options{Page: r.Rules(), Clock: func() mist.Clock { return mist.Clock{Now: time.Now().UnixNano()} }}
	if err := dump.NDJSON(os.Stdout, view, o); err != nil {
		fmt.Println(err)
	}
	// Output: {"#":1,"status":129,"pid":812,"track":0,"keynum":0,"#decoded":{"status":["source","active"]}}
}
