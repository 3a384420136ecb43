package relaccx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// chaos is a page to which anything happens, one thing after the other, and
// what a Follower of it must have seen. Every record says the life of the
// writer that it is from, so that no two lives look alike.
type chaos struct {
	t    *testing.T
	rng  *rand.Rand
	path string
	w    *Writer
	done []string // what has happened, for messages

	life      uint64
	published map[uint64]uint64 // records of each life
	cut       map[uint64]bool   // lives of which not even the counters were left
	bodySize  int

	f    *Follower
	seen uint64 // the life that the Follower reads
	next uint64 // and the record of it that comes next
	got  bool   // some record of it has come
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), path: filepath.Join(shmDir(t), "page"),
		published: map[uint64]uint64{}, cut: map[uint64]bool{},
	}
	c.begin(CreateOptions{})
	c.push()
	c.f = follow(t, c.path, FollowOptions{Start: FromNumber(0)})
	c.seen = c.life
	c.steps(1)
	return c
}

func (c *chaos) shape() layout.Shape {
	c.bodySize = 16 + 8*c.rng.IntN(3)
	return c.sameShape(uint32(3 + c.rng.IntN(20)))
}

func (c *chaos) sameShape(records uint32) layout.Shape {
	return parseShape(c.t, fmt.Sprintf("life:uint64\nbody:raw:%d\nsum:uint64", c.bodySize), records)
}

// begin is a new writer that knows nothing of the one before.
func (c *chaos) begin(o CreateOptions) {
	c.t.Helper()
	c.close()
	c.life++
	var err error
	if c.w, err = Create(c.path, c.shape(), o); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) close() {
	if c.w != nil {
		c.w.Close()
		c.w = nil
	}
}

// record is record n of this life.
func (c *chaos) record(n uint64) []byte {
	b := make([]byte, 16+c.bodySize)
	binary.LittleEndian.PutUint64(b, c.life)
	binary.LittleEndian.PutUint64(b[8:], n)
	for i := 16; i < len(b)-8; i++ {
		b[i] = byte(n + c.life*7 + uint64(i))
	}
	binary.LittleEndian.PutUint64(b[len(b)-8:], sumOf(b))
	return b
}

func (c *chaos) push() {
	count := c.rng.IntN(8)
	if c.rng.IntN(6) == 0 {
		count = c.rng.IntN(70) // laps every ring
	}
	for range count {
		if err := c.w.AppendOverwrite(c.record(c.published[c.life])); err != nil {
			c.t.Fatal(err)
		}
		c.published[c.life]++
	}
}

// The things that happen. Each leaves a page with a writer.
var chaosVerbs = []struct {
	name string
	do   func(c *chaos)
}{
	{"push", (*chaos).push},
	{"reload", func(c *chaos) { c.must(c.w.Reload(c.sameShape(uint32(3+c.rng.IntN(20))), ReloadOptions{})) }},
	{"foreign reload", (*chaos).foreignReload},
	{"replace", (*chaos).replace},
	{"unlink", func(c *chaos) { c.must(os.Remove(c.path)); c.drain(); c.begin(CreateOptions{}) }},
	{"vanish", func(c *chaos) { c.must(os.Remove(c.path)); c.begin(CreateOptions{}) }},
	{"cut", func(c *chaos) { c.truncate(int64(36 + c.rng.IntN(300))) }},
	{"cut header", func(c *chaos) { c.truncate(int64(c.rng.IntN(36))) }},
	{"rewrite", func(c *chaos) { c.rewrite(true) }},
	{"rewrite unseen", func(c *chaos) { c.rewrite(false) }},
	{"new writer", func(c *chaos) {
		c.close()
		var err error
		c.w, err = OpenWriter(c.path, WriterOptions{})
		c.must(err)
	}},
	{"killed", (*chaos).killed},
	{"swap with rubbish", func(c *chaos) {
		c.must(os.Remove(c.path))
		c.must(os.WriteFile(c.path, []byte("\x01\x24 this is no page, whatever its status says; it has more than 36 bytes"), 0o600))
		c.drain()
		c.must(os.Remove(c.path))
		c.begin(CreateOptions{})
	}},
}

func (c *chaos) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("after %v: %v", c.done, err)
	}
}

// replace announces another page, as a reload does. It is looked at before it has
// more records than the old one: later nobody could say that it does not go on.
func (c *chaos) replace() {
	c.begin(CreateOptions{Replace: true})
	c.arrive()
}

// killed is a writer that dies amidst a record, as SIGKILL leaves it: the oldest
// one withdrawn where the ring was full, half of the new one in its slot, nothing
// published. The next writer goes on from there.
func (c *chaos) killed() {
	full, err := c.w.Full()
	c.must(err)
	if full {
		c.must(c.w.Withdraw(1))
	}
	h, err := c.w.Header()
	c.must(err)
	slot, err := c.w.slot(h.EndPos, uint64(h.RecordCount))
	c.must(err)
	record := c.record(h.EndPos + 1000)
	shm.CopyIn(slot[:len(record)/2], record)
	if c.rng.IntN(2) == 0 {
		c.steps(10)
	}
	c.close()
	c.w, err = OpenWriter(c.path, WriterOptions{})
	c.must(err)
}

// foreignReload replaces the page the way MistServer does: flag, unlink, a file
// of no bytes, zeros, fields, records, ready; somebody may look in between.
func (c *chaos) foreignReload() {
	look := func() {
		if c.rng.IntN(2) == 0 {
			c.steps(5)
		}
	}
	b, err := os.ReadFile(c.path)
	c.must(err)
	c.must(c.w.SetReload())
	look()
	c.must(os.Remove(c.path))
	look()
	file, err := os.OpenFile(c.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	c.must(err)
	defer file.Close()
	look()
	c.must(file.Truncate(int64(len(b))))
	look()
	_, err = file.WriteAt(b[1:], 1)
	c.must(err)
	look()
	_, err = file.WriteAt([]byte{byte(layout.StatusReady)}, 0)
	c.must(err)
	c.close()
	c.w, err = OpenWriter(c.path, WriterOptions{})
	c.must(err)
}

// truncate cuts the page short; a new writer puts another in its place.
func (c *chaos) truncate(size int64) {
	c.must(os.Truncate(c.path, size))
	if size < layout.HeaderSize {
		c.cut[c.life] = true
	}
	c.drain()
	c.must(os.Remove(c.path))
	c.begin(CreateOptions{})
}

// rewrite begins the page anew in the same memory, as MistServer does to its
// list of connectors: with a moment of not being ready that is seen, or not. What
// is not seen must be told by other fields, or by fewer records.
func (c *chaos) rewrite(seen bool) {
	c.drain() // what is not read by now is overwritten, and nobody can say what it was
	c.close()
	file, err := os.OpenFile(c.path, os.O_RDWR, 0)
	c.must(err)
	defer file.Close()
	_, err = file.WriteAt(make([]byte, 32), 0)
	c.must(err)
	if seen {
		c.steps(3)
	}
	c.life++
	shape := c.shape()
	b := make([]byte, shape.Size())
	c.must(shape.Build(b, layout.StatusReady))
	c.must(file.Truncate(int64(max(len(b), 4096))))
	_, err = file.WriteAt(b, 0)
	c.must(err)
	c.w, err = OpenWriter(c.path, WriterOptions{})
	c.must(err)
	c.steps(3)
}

// steps has the Follower look, as if its time to look at everything had come.
func (c *chaos) steps(count int) (idle bool) {
	c.t.Helper()
	for range count {
		c.f.checked = time.Time{}
		e, ok, err := c.f.step()
		if err != nil {
			c.t.Fatalf("after %v: %v", c.done, err)
		}
		if !ok {
			return true
		}
		c.take(e)
	}
	return false
}

func (c *chaos) drain() {
	c.t.Helper()
	for !c.steps(1000) {
	}
}

// arrive has the Follower open the page that is there: what nobody ever looked
// at, nobody can count.
func (c *chaos) arrive() {
	c.t.Helper()
	for c.f.page.Replaced() || c.f.unreadable != nil {
		c.steps(1)
	}
}

// take holds an event against what was written.
func (c *chaos) take(e Event) {
	c.t.Helper()
	switch e.Kind {
	case EventRecord:
		b := e.Record.Bytes()
		life, n := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		if binary.LittleEndian.Uint64(b[len(b)-8:]) != sumOf(b) {
			c.t.Fatalf("after %v: torn record %d", c.done, e.Record.Number)
		}
		if life != c.seen && !c.got && (c.published[c.seen] == 0 || c.cut[c.seen]) {
			c.seen = life // the one before was over before it was seen
		}
		c.got = true
		if life != c.seen || n != c.next || e.Record.Number != n {
			c.t.Fatalf("after %v: record %d of life %d under number %d, want %d of life %d", c.done, n, life, e.Record.Number, c.next, c.seen)
		}
		c.next++
	case EventLapped:
		if e.First != c.next || e.Lost == 0 {
			c.t.Fatalf("after %v: lost %d from %d, %d was next", c.done, e.Lost, e.First, c.next)
		}
		c.next += e.Lost
	case EventRestart:
		c.ended()
		if e.First != 0 {
			c.t.Fatalf("after %v: restart at %d", c.done, e.First)
		}
		c.seen, c.next, c.got = c.life, 0, false
	case EventGone:
		if e.Cause == nil {
			c.t.Fatal("gone without a cause")
		}
	}
}

// ended holds the count of a life that is over against what it published.
func (c *chaos) ended() {
	c.t.Helper()
	if !c.got && (c.published[c.seen] == 0 || c.cut[c.seen]) {
		return // over before it was seen: what was lost since is of another
	}
	if c.next != c.published[c.seen] && !(c.cut[c.seen] && c.next < c.published[c.seen]) {
		c.t.Fatalf("after %v: life %d ended at record %d, published %d", c.done, c.seen, c.next, c.published[c.seen])
	}
}

// Whatever happens to a page, in whatever order, a Follower of it gets every
// record once and whole, or counts it as lost.
func TestFollowChaos(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 100
	}
	for seed := range uint64(rounds) {
		c := newChaos(t, seed)
		for range 15 {
			verb := chaosVerbs[c.rng.IntN(len(chaosVerbs))]
			c.done = append(c.done, verb.name)
			c.arrive()
			verb.do(c)
			c.push()
			if c.rng.IntN(3) > 0 {
				c.steps(c.rng.IntN(30))
			}
		}
		c.drain()
		if c.next != c.published[c.life] {
			t.Fatalf("after %v: at record %d, published %d", c.done, c.next, c.published[c.life])
		}
		c.close()
		c.f.Close()
		if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
