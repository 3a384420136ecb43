package relaccx

import (
	"fmt"
	"path/filepath"
	"testing"

	"shmtool/layout"
)

const benchSchema = "a:uint32\nb:uint32\nc:uint64\nd:uint64\nname:string:32\n"

func benchWriter(tb testing.TB, schema string, records uint32) *Writer {
	tb.Helper()
	s, err := layout.ParseSchema(schema)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "page")
	w, err := Create(path, layout.Shape{Schema: s, RecordCount: records}, CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	return w
}

// fill publishes count records whose integers are their number.
func fill(tb testing.TB, w *Writer, count int) {
	tb.Helper()
	for i := range count {
		rec, err := w.NewRecord()
		if err != nil {
			tb.Fatal(err)
		}
		for j := range w.Schema().Fields() {
			f := &w.Schema().Fields()[j]
			if f.Kind() == layout.Uint {
				_ = f.PutUint(rec.Bytes(), uint64(i))
			}
		}
		if err := w.Append(rec.Bytes()); err != nil {
			tb.Fatal(err)
		}
	}
}

// Four integers and a 32-byte string, published into a full ring, whose oldest
// record is withdrawn for it. Nobody is woken.
func BenchmarkAppend(b *testing.B) {
	w := benchWriter(b, benchSchema, 1000)
	s := w.Schema()
	fa, fb, fc, fd, name := s.Lookup("a"), s.Lookup("b"), s.Lookup("c"), s.Lookup("d"), s.Lookup("name")
	b.ReportAllocs()
	var i uint64
	err := w.Batch(func() error {
		rec, err := w.NewRecord()
		if err != nil {
			return err
		}
		to := rec.Bytes() // every field is set anew: it need not be cleared
		for b.Loop() {
			_ = fa.PutUint(to, uint64(uint32(i)))
			_ = fb.PutUint(to, 1)
			_ = fc.PutUint(to, i)
			_ = fd.PutUint(to, 7)
			_ = name.PutText(to, "abcdefghijklmnopqrstuvwxyz12345")
			if err := w.AppendOverwrite(to); err != nil {
				return err
			}
			i++
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// Four integers of one record, checked, by resolved fields, without a copy.
func BenchmarkLeaseView(b *testing.B) {
	w := benchWriter(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32", 1000)
	fill(b, w, 1000)
	r, err := w.Reader()
	if err != nil {
		b.Fatal(err)
	}
	s := r.Schema()
	fa, fb, fc, fd := s.Lookup("a"), s.Lookup("b"), s.Lookup("c"), s.Lookup("d")
	var sum uint64
	b.ReportAllocs()
	n := uint64(0)
	err = r.Lease(func(l *Lease) error {
		for b.Loop() {
			if err := l.View(n, func(rec []byte) {
				sum += fa.Uint(rec) + fb.Uint(rec) + fc.Uint(rec) + fd.Uint(rec)
			}); err != nil {
				return err
			}
			if n++; n == 1000 {
				n = 0
			}
		}
		return nil
	})
	if err != nil || sum == 0 {
		b.Fatal(err, sum)
	}
}

// The same by name, each time anew.
func BenchmarkLeaseViewByName(b *testing.B) {
	w := benchWriter(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32", 1000)
	fill(b, w, 1000)
	r, err := w.Reader()
	if err != nil {
		b.Fatal(err)
	}
	s := r.Schema()
	var sum uint64
	b.ReportAllocs()
	n := uint64(0)
	err = r.Lease(func(l *Lease) error {
		for b.Loop() {
			if err := l.View(n, func(rec []byte) {
				sum += s.Lookup("a").Uint(rec) + s.Lookup("b").Uint(rec) + s.Lookup("c").Uint(rec) + s.Lookup("d").Uint(rec)
			}); err != nil {
				return err
			}
			if n++; n == 1000 {
				n = 0
			}
		}
		return nil
	})
	if err != nil || sum == 0 {
		b.Fatal(err, sum)
	}
}

// One record as a private copy, guarded by itself.
func BenchmarkRead(b *testing.B) {
	w := benchWriter(b, benchSchema, 1000)
	fill(b, w, 1000)
	r, err := w.Reader()
	if err != nil {
		b.Fatal(err)
	}
	var rec Record
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Read(500, &rec); err != nil {
			b.Fatal(err)
		}
	}
}

// All records of a page, copied and proven in batches.
func BenchmarkRecords(b *testing.B) {
	w := benchWriter(b, "a:uint32\nb:uint32\nc:uint32\nd:uint32", 100_000)
	fill(b, w, 100_000)
	r, err := w.Reader()
	if err != nil {
		b.Fatal(err)
	}
	window, _ := r.Window()
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range r.Records(window) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/record")
}

// One record published by itself, guarded and the page looked after: what Batch saves.
func BenchmarkPushAlone(b *testing.B) {
	w := benchWriter(b, benchSchema, 1000)
	record := make([]byte, w.Schema().RecordSize())
	b.ReportAllocs()
	for b.Loop() {
		if err := w.AppendOverwrite(record); err != nil {
			b.Fatal(err)
		}
	}
}

// Records that a Follower hands out, of a ring that never runs dry.
func BenchmarkFollowNext(b *testing.B) {
	w := benchWriter(b, benchSchema, 100_000)
	fill(b, w, 100_000)
	f := Follow(w.Page().Path(), FollowOptions{Start: FromOldest()})
	defer f.Close()
	ctx := b.Context()
	record := make([]byte, w.Schema().RecordSize())
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n == 100_000 {
			b.StopTimer()
			err := w.Batch(func() error {
				for ; n > 0; n-- {
					if err := w.AppendOverwrite(record); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if _, err := f.Next(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// The header of a nested page that begins at a cache line, and of one with EndPos
// across two: the price of a look that is proven to be whole.
func BenchmarkNestedHeader(b *testing.B) {
	b.Run("Whole", func(b *testing.B) { benchNestedHeader(b, 0) })
	b.Run("Split", func(b *testing.B) { benchNestedHeader(b, 64+60-layout.EndPosOffset) })
}

func benchNestedHeader(b *testing.B, place int) {
	for pad := 1; ; pad++ {
		w := benchWriter(b, fmt.Sprintf("x:raw:%d\nn:nested[4]\n  v:uint32", pad), 1)
		appendEmpty(b, w, 1)
		inner := nestedReader(b, mustReader(b, w.Page().Path()), 0, "n")
		if (inner.Base()-place)%64 != 0 {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := inner.Header(); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
}

// One integer field of a large ring, into a slice.
func BenchmarkColumn(b *testing.B) {
	const records = 1 << 20
	w := benchWriter(b, benchSchema, records)
	fill(b, w, records)
	r := mustReader(b, w.Page().Path())
	window, _ := r.Window()
	f := r.Schema().Lookup("c")
	values := make([]uint64, 0, records)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if values, _, err = r.Column(f, window, values[:0]); err != nil || len(values) != records {
			b.Fatal(len(values), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
