package relaccx_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"shmtool/layout"
	"shmtool/relaccx"
)

// keysShape is a ring of so many records: the keyframes of a video track.
func keysShape(records uint32, codec int) layout.Shape {
	schema, err := layout.ParseSchema(fmt.Sprintf("time:uint64\nsize:uint32\ncodec:0x30:%d\n", codec))
	if err != nil {
		log.Fatal(err)
	}
	return layout.Shape{Schema: schema, RecordCount: records}
}

// temporary is a path for a page; real ones are at relaccx.ShmPath("MstSomething").
func temporary() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "relaccx-example-")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(dir, "keys"), func() { os.RemoveAll(dir) }
}

// appendKey publishes one record.
func appendKey(w *relaccx.Writer, time, size uint64) {
	rec, err := w.NewRecord()
	if err != nil {
		log.Fatal(err)
	}
	err = errors.Join(rec.SetUint("time", time), rec.SetUint("size", size), rec.SetText("codec", "H264"))
	if err == nil {
		err = w.AppendOverwrite(rec.Bytes())
	}
	if err != nil {
		log.Fatal(err)
	}
	w.Wake()
}

// A ring of three is made, filled, and read back by another mapping of it.
func Example() {
	path, remove := temporary()
	defer remove()
	w, err := relaccx.Create(path, keysShape(3, 8), relaccx.CreateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for i := range uint64(5) {
		appendKey(w, 2000*i, 100+i)
	}

	page, err := relaccx.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer page.Close()
	r, err := page.Reader()
	if err != nil {
		log.Fatal(err)
	}
	window, err := r.Window()
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range r.Records(window) {
		if err != nil {
			log.Fatal(err) // or a *LappedError, and then go on
		}
		time, _ := rec.Uint("time")
		codec, _ := rec.Text("codec")
		fmt.Println(rec.Number, time, codec)
	}
	// Output:
	// 2 4000 H264
	// 3 6000 H264
	// 4 8000 H264
}

// A lease reads fields where they lie, without a copy, by handles that are looked
// up once. What was read counts only where View returned no error.
func ExampleReader_Lease() {
	path, remove := temporary()
	defer remove()
	w, err := relaccx.Create(path, keysShape(100, 8), relaccx.CreateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for i := range uint64(10) {
		appendKey(w, 2000*i, 100+i)
	}

	r, err := w.Reader()
	if err != nil {
		log.Fatal(err)
	}
	size := r.Schema().Lookup("size")
	window, err := r.Window()
	if err != nil {
		log.Fatal(err)
	}
	var total uint64
	err = r.Lease(func(l *relaccx.Lease) error {
		for n := window.First; n < window.End; n++ {
			var v uint64
			switch err := l.View(n, func(record []byte) { v = size.Uint(record) }); {
			case errors.Is(err, relaccx.ErrWithdrawn):
				continue // and v is nothing
			case err != nil:
				return err
			}
			total += v
		}
		return nil
	})
	fmt.Println(total, err)
	// Output: 1045 <nil>
}

// A Follower goes on through a reload that makes a field longer, and ends when the
// writer does.
func ExampleFollow() {
	path, remove := temporary()
	defer remove()
	w, err := relaccx.Create(path, keysShape(3, 8), relaccx.CreateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	appendKey(w, 0, 100)
	appendKey(w, 2000, 101)

	f := relaccx.Follow(path, relaccx.FollowOptions{Start: relaccx.FromNewest(1)})
	defer f.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for e, err := range f.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		switch e.Kind {
		case relaccx.EventRecord:
			time, _ := e.Record.Uint("time")
			fmt.Println("record", e.Record.Number, "at", time)
			// The writer of this page is in the same process; it would be another.
			if e.Record.Number == 1 {
				if err := w.Reload(keysShape(50, 20), relaccx.ReloadOptions{}); err != nil {
					log.Fatal(err)
				}
				appendKey(w, 4000, 102)
			} else if err := w.SetExit(); err != nil {
				log.Fatal(err)
			}
		case relaccx.EventReload:
			fmt.Println("reload, changed:", e.Changed)
		case relaccx.EventLapped:
			fmt.Println("lost", e.Lost)
		default:
			fmt.Println(e.Kind)
		}
	}
	// Output:
	// record 1 at 2000
	// reload, changed: [codec]
	// record 2 at 4000
	// exit
}

// Reload gives a page other fields or another length. Its readers are told; its
// records keep their numbers.
func ExampleWriter_Reload() {
	path, remove := temporary()
	defer remove()
	w, err := relaccx.Create(path, keysShape(3, 8), relaccx.CreateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	appendKey(w, 0, 100)

	var value *layout.ValueError
	if err := w.Reload(keysShape(3, 4), relaccx.ReloadOptions{}); errors.As(err, &value) {
		fmt.Println(value)
	}
	if err := w.Reload(keysShape(6, 4), relaccx.ReloadOptions{Truncate: true}); err != nil {
		log.Fatal(err)
	}
	h, err := w.Header()
	fmt.Println(h.RecordCount, "slots, records up to", h.EndPos, err)
	fmt.Print(w.Schema())
	// Output:
	// field "codec": value "H264" is too long, the field holds 3 bytes
	// 6 slots, records up to 1 <nil>
	// time:uint64
	// size:uint32
	// codec:string:4
}

// One of the rows of a table is changed in place.
func ExampleWriter_Update() {
	path, remove := temporary()
	defer remove()
	w, err := relaccx.Create(path, keysShape(2, 8), relaccx.CreateOptions{Publish: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	err = w.Update(1, func(rec *relaccx.Record) error { return rec.SetUint("size", 7) })
	if err != nil {
		log.Fatal(err)
	}
	r, err := w.Reader()
	if err != nil {
		log.Fatal(err)
	}
	var rec relaccx.Record
	if err := r.Read(1, &rec); err != nil {
		log.Fatal(err)
	}
	size, err := rec.Uint("size")
	fmt.Println(size, err)
	// Output: 7 <nil>
}
