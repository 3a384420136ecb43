package relaccx

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"shmtool/layout"
)

// These tests let one goroutine write a page on the heap, which the race
// detector can watch, while others read it in every way. The ring is short, so
// that readers are lapped in the middle of what they do.

// protocolCount is how many records are written: enough for readers to be
// lapped hundreds of times, and the detector makes each cost twenty times as much.
func protocolCount() uint64 {
	if raceDetector {
		return 60_000
	}
	return 400_000
}

// storm runs write and, from before its beginning, every reader in a goroutine of
// its own, until write is done and each reader has returned. A reader is told by
// done.
func storm(t *testing.T, write func(), readers ...func(done *atomic.Bool) error) {
	t.Helper()
	var done atomic.Bool
	var wg, started sync.WaitGroup
	errs := make([]error, len(readers))
	for i, read := range readers {
		started.Add(1)
		wg.Go(func() {
			started.Done()
			errs[i] = read(&done)
		})
	}
	started.Wait()
	write()
	done.Store(true)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// hurry writes without a pause, but lets readers in from time to time on a
// machine with few cores.
func hurry(t *testing.T, w *Writer, count uint64) func() {
	return func() {
		record := make([]byte, w.size)
		err := w.Batch(func() error {
			for n := range count {
				seal(record, n)
				if err := w.AppendOverwrite(record); err != nil {
					return err
				}
				if n%64 == 0 && rand.IntN(4) == 0 {
					runtime.Gosched()
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// readFollowing reads every record once, in batches: what it got and what it
// lost must be all that was written. gaps counts how often it was lapped.
func readFollowing(r *Reader, count uint64, gaps *atomic.Uint64) func(*atomic.Bool) error {
	return func(*atomic.Bool) error {
		b := batch{reader: r}
		var read, lost, next uint64
		for next < count {
			rec, err := b.read(count)
			var lapped *LappedError
			switch {
			case errors.As(err, &lapped):
				if lapped.First != next {
					return errors.New("a gap begins elsewhere than the last record ended")
				}
				gaps.Add(1)
				lost += lapped.Lost
				next += lapped.Lost
			case err != nil:
				return err
			case rec == nil:
				runtime.Gosched()
			default:
				if rec.Number != next {
					return errors.New("a record came out of turn")
				}
				if err := sealed(rec.Bytes(), next); err != nil {
					return err
				}
				read++
				next++
			}
		}
		if read+lost != count {
			return errors.New("read and lost are not what was written")
		}
		return nil
	}
}

// readAtRandom reads single records around the newest. They may be withdrawn, and
// whatever else is tolerated.
func readAtRandom(r *Reader, tolerated error) func(*atomic.Bool) error {
	return func(done *atomic.Bool) error {
		var rec Record
		count := 0
		for !done.Load() {
			w, err := r.Window()
			if err != nil || w.End == 0 {
				runtime.Gosched()
				continue
			}
			if count++; count%8 == 0 {
				runtime.Gosched() // where there is one processor its writer must get on
			}
			n := w.End - 1 - min(w.End-1, rand.Uint64N(12))
			err = r.Read(n, &rec)
			if err == nil {
				err = sealed(rec.Bytes(), n)
			}
			if err != nil && !errors.Is(err, ErrWithdrawn) && !errors.Is(err, tolerated) {
				return err
			}
		}
		return nil
	}
}

// readLeased looks at records where they lie; only what View vouches for counts.
func readLeased(r *Reader) func(*atomic.Bool) error {
	return func(done *atomic.Bool) error {
		seen := make([]byte, r.size)
		n := uint64(0)
		return r.Lease(func(l *Lease) error {
			for !done.Load() {
				err := l.View(n, func(record []byte) { copyUnwatched(seen, record) })
				switch {
				case err == nil:
					if err := sealed(seen, n); err != nil {
						return err
					}
					n++
				case errors.Is(err, ErrWithdrawn):
					w, _ := r.Window()
					n = max(n, w.First)
					runtime.Gosched()
				case errors.Is(err, ErrNoRecord):
					runtime.Gosched()
				default:
					return err
				}
			}
			return nil
		})
	}
}

// copyUnwatched copies what a writer may be changing; the detector would say so.
//
//go:norace
func copyUnwatched(dst, src []byte) {
	//lint:ignore S1001 the detector watches copy in any function
	for i := range src {
		dst[i] = src[i]
	}
}

// readWindows reads all that there is, again and again, and looks at headers.
func readWindows(r *Reader, records uint64) func(*atomic.Bool) error {
	return func(done *atomic.Bool) error {
		for !done.Load() {
			h, err := r.Header()
			if err != nil {
				return err
			}
			if h.Deleted > h.EndPos+records {
				return errors.New("header that never was")
			}
			w, err := r.Window()
			if err != nil {
				return err
			}
			if w.Count() > records {
				return errors.New("window over the ring")
			}
			for rec, err := range r.Records(w) {
				if err == nil {
					err = sealed(rec.Bytes(), rec.Number)
				}
				if err != nil && !isLapped(err) {
					return err
				}
			}
			runtime.Gosched()
		}
		return nil
	}
}

// readColumn reads one field of all records, in blocks: a value is its record's number, and
// none is missing that was not lost.
func readColumn(r *Reader, count uint64) func(*atomic.Bool) error {
	return func(*atomic.Bool) error {
		var values []uint64
		number := r.Schema().Lookup("number")
		for next := uint64(0); next < count; {
			first := next
			var err error
			values, next, err = r.Column(number, layout.Window{First: first, End: count}, values[:0])
			var lapped *LappedError
			if errors.As(err, &lapped) {
				if lapped.First != first+uint64(len(values)) || lapped.First+lapped.Lost != next {
					return fmt.Errorf("from %d on: %d values, and then %v, next is %d", first, len(values), lapped, next)
				}
			} else if err != nil {
				return err
			} else if next != first+uint64(len(values)) {
				return fmt.Errorf("from %d on: %d values, next is %d", first, len(values), next)
			}
			for i, v := range values {
				if v != first+uint64(i) {
					return fmt.Errorf("record %d has number %d", first+uint64(i), v)
				}
			}
			runtime.Gosched()
		}
		return nil
	}
}

func TestProtocolOnRings(t *testing.T) {
	var gaps atomic.Uint64
	tests := []struct {
		records uint32
		body    int
		share   uint64 // of the records that are written in all
	}{{1, 96, 5}, {3, 96, 5}, {10, 96, 5}, {64, 96, 5}, {1000, 96, 5}, {2, 5000, 100}, {12, 5000, 100}}
	for _, test := range tests {
		p, w := heapPage(t, fmt.Sprintf("number:uint64\nbody:raw:%d\nsum:uint64", test.body), test.records, 0)
		count := protocolCount() / test.share
		storm(t, hurry(t, w, count),
			readFollowing(heapReader(t, p), count, &gaps), readFollowing(heapReader(t, p), count, &gaps),
			readColumn(heapReader(t, p), count), readAtRandom(heapReader(t, p), ErrWithdrawn), readLeased(heapReader(t, p)), readWindows(heapReader(t, p), uint64(test.records)))
		available := min(count, uint64(test.records))
		if got, want := counters(t, w), [4]uint64{count - available, count - available, available, count}; got != want {
			t.Errorf("counters %v, want %v", got, want)
		}
	}
	if gaps.Load() < 20 {
		t.Errorf("readers were lapped %d times in all: nothing was tested", gaps.Load())
	}
}

// A nested ring of which the record around it comes and goes: a page nested in
// another may begin at any byte.
func TestProtocolOnNestedRings(t *testing.T) {
	p, w := heapPage(t, "odd:uint8\nring:nested[4]\n  number:uint64\n  body:raw:13\n  sum:uint64", 2, 0)
	f := w.Schema().Lookup("ring")
	write := func() {
		record := make([]byte, 29)
		for n := range protocolCount() / 40 {
			outer, err := w.NewRecord()
			if err != nil {
				t.Error(err)
				return
			}
			if err := w.AppendOverwrite(outer.Bytes()); err != nil {
				t.Error(err)
				return
			}
			inner, err := w.nestedIn(n, f)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range uint64(8) { // numbers say of which record they are
				seal(record, n<<8|i)
				if err := inner.AppendOverwrite(record); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}
	read := func(done *atomic.Bool) error {
		r, err := p.Reader()
		if err != nil {
			return err
		}
		for whole := 0; !done.Load(); {
			n, err := r.Newest()
			if err != nil {
				runtime.Gosched()
				continue
			}
			n -= min(n, uint64(whole%3))
			if whole, err = readNested(r, n, f, whole); err != nil {
				return err
			}
			runtime.Gosched()
		}
		return nil
	}
	storm(t, write, read, read)
}

// readNested reads what is nested in record n in two ways. A record that was
// withdrawn is no error, but then nothing of it counts.
func readNested(r *Reader, n uint64, f *layout.Field, whole int) (int, error) {
	inner, err := r.nestedIn(n, f)
	if err != nil {
		return whole, unlessWithdrawn(err)
	}
	for rec, err := range inner.Records(layout.Window{First: 0, End: 8}) {
		if err == nil {
			err = sealed(rec.Bytes(), n<<8|rec.Number)
		}
		if err != nil && !isLapped(err) {
			return whole, unlessWithdrawn(err)
		}
		whole++
	}
	var rec Record
	err = inner.Read(5, &rec)
	if err == nil {
		err = sealed(rec.Bytes(), n<<8|5)
	}
	if errors.Is(err, ErrNoRecord) {
		err = nil
	}
	return whole, unlessWithdrawn(err)
}

func unlessWithdrawn(err error) error {
	if errors.Is(err, ErrWithdrawn) || errors.Is(err, ErrNotReady) {
		return nil
	}
	return err
}

// A page is opened while its writer makes it: it is not ready, or it has all of
// its fields.
func TestOpenedWhileItIsMade(t *testing.T) {
	if raceDetector {
		t.Skip("descriptors are written in place, as MistServer does; only the ready bit orders them")
	}
	fields := parseShape(t, "a:uint8\nb:uint32\nc:string:6", 1).Schema.Fields()
	for range 3000 {
		p, w := heapWriter(t, aligned(200), nil)
		write := func() {
			for _, f := range fields {
				f.Shape = nil
				if err := w.addField(f); err != nil {
					t.Error(err)
				}
			}
			if err := w.SetReady(); err != nil {
				t.Error(err)
			}
		}
		storm(t, write, func(*atomic.Bool) error {
			for {
				r, err := p.Reader()
				var format *layout.FormatError
				if errors.Is(err, ErrNotReady) || errors.As(err, &format) {
					runtime.Gosched()
					continue
				}
				if err == nil && len(r.Schema().Fields()) != len(fields) {
					err = errors.New("ready, and not all of its fields")
				}
				return err
			}
		})
	}
}
