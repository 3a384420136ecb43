package bench

import (
	"errors"
	"fmt"
	"path/filepath"

	"shmtool/layout"
	"shmtool/relaccx"
)

const (
	// recordSchema is four integers and a string: what a viewer's statistics look like.
	recordSchema = "a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n"
	// intSchema is four integers.
	intSchema = "a:uint32\nb:uint32\nc:uint32\nd:uint32\n"

	ring       = 1000    // records of a page that is written again and again
	many       = 100_000 // of one that is read from one end to the other
	columnRing = 1 << 20 // of one that no cache holds
	text       = "abcdefghijklmnopqrstuvwxyz12345"
)

// works returns those that this process does alone.
func works() []*Benchmark {
	list := []*Benchmark{
		{Name: "append", Method: "four integers and a string into a full ring, in a batch; the oldest is withdrawn", Open: openAppend},
		{Name: "append_notify", Method: "the same, and readers that sleep are woken after each record", Open: openAppendNotify},
		{Name: "push_alone", Method: "the same, each record by itself, without a batch", Open: openPushAlone},
		{Name: "read_handle", Method: "four integers of a record by their fields, proven", Open: openReadHandle},
		{Name: "read_name", Method: "four integers of a record by their names, proven", Open: openReadName},
		{Name: "scan", Method: "all records of a page of 100,000, copied and proven", Open: openScan},
		{Name: "scan_column", uses: []string{"column"}, Method: "one integer of 1,048,576 records into a slice, proven", Open: openScanColumn},
		{Name: "nested_header", Method: "the header of a nested page with a counter across a cache line", Open: openNestedHeader},
	}
	for _, b := range list {
		b.Unit, b.peer = "ns/record", true
	}
	list[len(list)-1].Unit = Nanoseconds
	return list
}

// newPage makes a page with count records whose integers are their number.
func newPage(path, schema string, slots uint32, count int) (*relaccx.Writer, error) {
	s, err := layout.ParseSchema(schema)
	if err != nil {
		return nil, err
	}
	w, err := relaccx.Create(path, layout.Shape{Schema: s, RecordCount: slots}, relaccx.CreateOptions{})
	if err != nil {
		return nil, err
	}
	err = w.Batch(func() error {
		empty, err := w.NewRecord() // with the headers of nested pages
		if err != nil {
			return err
		}
		rec := empty.Bytes()
		for i := range count {
			for j := range s.Fields() {
				var err error
				switch f := &s.Fields()[j]; f.Kind() {
				case layout.Uint:
					err = f.PutUint(rec, uint64(i))
				case layout.String:
					err = f.PutText(rec, text)
				}
				if err != nil {
					return err
				}
			}
			if err := w.AppendOverwrite(rec); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// makePage makes a page as newPage does, and lets go of it.
func makePage(path, schema string, slots uint32, count int) error {
	w, err := newPage(path, schema, slots, count)
	if err != nil {
		return err
	}
	return w.Close()
}

// filler sets all fields of a record anew, as a program does that has values.
func filler(s *layout.Schema) func(to []byte, i uint64) {
	a, b, c, d, name := s.Lookup("a"), s.Lookup("b"), s.Lookup("c"), s.Lookup("d"), s.Lookup("name")
	return func(to []byte, i uint64) {
		_ = a.PutUint(to, uint64(uint32(i)))
		_ = b.PutUint(to, 1)
		_ = c.PutUint(to, i)
		_ = d.PutUint(to, 7)
		_ = name.PutText(to, text)
	}
}

// appending returns work that fills and appends records, and calls after behind each.
func appending(dir string, batched bool, after func(w *relaccx.Writer)) (*Work, error) {
	w, err := newPage(filepath.Join(dir, "page"), recordSchema, ring, ring)
	if err != nil {
		return nil, err
	}
	fill := filler(w.Schema())
	rec := make([]byte, w.Schema().RecordSize())
	i := uint64(0)
	some := func(n int) error {
		for range n {
			fill(rec, i)
			if err := w.AppendOverwrite(rec); err != nil {
				return err
			}
			if after != nil {
				after(w)
			}
			i++
		}
		return nil
	}
	do := some
	if batched {
		do = func(n int) error { return w.Batch(func() error { return some(n) }) }
	}
	return &Work{Do: do, Close: w.Close}, nil
}

func openAppend(dir string) (*Work, error) { return appending(dir, true, nil) }

func openAppendNotify(dir string) (*Work, error) { return appending(dir, true, (*relaccx.Writer).Wake) }

func openPushAlone(dir string) (*Work, error) { return appending(dir, false, nil) }

// reading returns work on a page that is read.
func reading(dir, schema string, count int, work func(r *relaccx.Reader) (*Work, error)) (*Work, error) {
	w, err := newPage(filepath.Join(dir, "page"), schema, uint32(count), count)
	if err != nil {
		return nil, err
	}
	r, err := w.Reader()
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	done, err := work(r)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	done.Close = w.Close
	return done, nil
}

// Sum keeps values that are read from being left out by the compiler.
var Sum uint64

// viewing returns work that reads a record after the other in place.
func viewing(dir string, view func(s *layout.Schema) func(rec []byte)) (*Work, error) {
	return reading(dir, intSchema, ring, func(r *relaccx.Reader) (*Work, error) {
		look, next := view(r.Schema()), uint64(0)
		return &Work{Do: func(n int) error {
			return r.Lease(func(l *relaccx.Lease) error {
				for range n {
					if err := l.View(next, look); err != nil {
						return err
					}
					if next++; next == ring {
						next = 0
					}
				}
				return nil
			})
		}}, nil
	})
}

func openReadHandle(dir string) (*Work, error) {
	return viewing(dir, func(s *layout.Schema) func(rec []byte) {
		a, b, c, d := s.Lookup("a"), s.Lookup("b"), s.Lookup("c"), s.Lookup("d")
		return func(rec []byte) { Sum += a.Uint(rec) + b.Uint(rec) + c.Uint(rec) + d.Uint(rec) }
	})
}

func openReadName(dir string) (*Work, error) {
	return viewing(dir, func(s *layout.Schema) func(rec []byte) {
		return func(rec []byte) {
			Sum += s.Lookup("a").Uint(rec) + s.Lookup("b").Uint(rec) + s.Lookup("c").Uint(rec) + s.Lookup("d").Uint(rec)
		}
	})
}

func openScan(dir string) (*Work, error) {
	return reading(dir, intSchema, many, func(r *relaccx.Reader) (*Work, error) {
		window, err := r.Window()
		return &Work{Per: many, Do: func(n int) error {
			for range n {
				for rec, err := range r.Records(window) {
					if err != nil {
						return err
					}
					Sum += rec.Number
				}
			}
			return nil
		}}, err
	})
}

func openScanColumn(dir string) (*Work, error) {
	return reading(dir, intSchema, columnRing, func(r *relaccx.Reader) (*Work, error) {
		window, err := r.Window()
		f, values := r.Schema().Lookup("c"), make([]uint64, 0, columnRing)
		return &Work{Per: columnRing, Do: func(n int) error {
			for range n {
				var err error
				if values, _, err = r.Column(f, window, values[:0]); err != nil {
					return err
				}
				if len(values) != columnRing {
					return fmt.Errorf("%d values of %d records", len(values), columnRing)
				}
			}
			return nil
		}}, err
	})
}

// cacheLine is how many bytes a processor loads at once.
const cacheLine = 64

// openNestedHeader makes pages until the nested one lies so that EndPos crosses a line.
func openNestedHeader(dir string) (*Work, error) {
	const crossing = cacheLine + cacheLine - 4 - layout.EndPosOffset
	for pad := 1; pad <= cacheLine; pad++ {
		schema := fmt.Sprintf("x:raw:%d\nn:nested[4]\n  v:uint32\n", pad)
		w, err := newPage(filepath.Join(dir, fmt.Sprint("page", pad)), schema, 1, 1)
		if err != nil {
			return nil, err
		}
		inner, err := nestedIn(w)
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
		if (inner.Base()-crossing)%cacheLine != 0 {
			if err := w.Close(); err != nil {
				return nil, err
			}
			continue
		}
		return &Work{Close: w.Close, Do: func(n int) error {
			for range n {
				h, err := inner.Header()
				if err != nil {
					return err
				}
				Sum += h.EndPos
			}
			return nil
		}}, nil
	}
	return nil, errors.New("no place of the nested page crosses a cache line")
}

func nestedIn(w *relaccx.Writer) (*relaccx.Reader, error) {
	r, err := w.Reader()
	if err != nil {
		return nil, err
	}
	return r.Nested(relaccx.Step{Field: "n"})
}
