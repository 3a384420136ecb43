package relaccx

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"shmtool/layout"
)

// overrunSchema is of records that take a writer long enough to be caught at it.
const overrunSchema = "number:uint64\nbody:raw:65000\nsum:uint64"

// overrunner publishes records and withdraws none, as a writer does that knows
// nothing of Deleted. It stops halfway through each record for a moment.
func overrunner(w *Writer, from, to uint64) {
	for n := from; n < to; n++ {
		half := writeHalf(w, n)
		runtime.Gosched()
		half()
		w.cells.SetEndPos(n + 1)
	}
}

// writeHalf writes the first half of a record into its slot; what it returns writes
// the other.
func writeHalf(w *Writer, n uint64) (rest func()) {
	record := make([]byte, w.size)
	seal(record, n)
	at := w.offset + n%uint64(w.cells.RecordCount())*w.size
	slot, half := w.memory[at:at+w.size], w.size/2
	copy(slot, record[:half])
	return func() { copy(slot[half:], record[half:]) }
}

// Every record that is handed out of a ring whose writer withdraws nothing is
// whole, and what is not handed out is counted. The first lap is over before the
// reading begins: until then nothing tells such a writer from another.
func TestFollowOverrun(t *testing.T) {
	if raceDetector {
		t.Skip("the page's bytes are written without locks, which is what the test is about")
	}
	const slots, records = 4, 1000
	w := newPage(t, overrunSchema, slots)
	overrunner(w, 0, slots+1)
	writeHalf(w, slots+1) // over record 1
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Spin: true})
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	var got, lost, began uint64
	take := func() error {
		e, err := f.Next(ctx)
		switch {
		case err != nil:
			return err
		case e.Kind == EventRecord:
			if got+lost == 0 {
				began = e.Record.Number
			}
			if e.Record.Number != began+got+lost {
				t.Errorf("record %d after %d", e.Record.Number, began+got+lost)
			}
			if err := sealed(e.Record.Bytes(), e.Record.Number); err != nil {
				t.Errorf("record %d: %v", e.Record.Number, err)
			}
			got++
		case e.Kind == EventLapped:
			lost += e.Lost
		}
		return nil
	}
	if err := take(); err != nil { // it is open, and has begun
		t.Fatal(err)
	}
	go func() {
		overrunner(w, slots+1, records)
		w.cells.SetStatus(layout.StatusReady | layout.StatusExit)
	}()
	for {
		if err := take(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if began+got+lost != records {
		t.Errorf("began at %d, %d handed out, %d lost: %d, want %d", began, got, lost, began+got+lost, records)
	}
	if began != 2 {
		t.Errorf("began at %d, want 2: record 1 is being written over", began)
	}
	t.Logf("%d handed out, %d lost", got, lost)
}
