package mist

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"regexp"
	"testing"

	"shmtool/layout"
)

// trackModel is a track's page to which source and buffer do what MistServer's
// do, a store at a time: shmtool-mistserver(7).
type trackModel struct {
	testing.TB
	page                          []byte
	track                         ringView
	parts, keys, fragments, pages *ringView
	files                         map[uint64]bool // data pages that are there, by their first key
	time                          uint64
}

// initField is a MiB that no check looks at.
var initField = regexp.MustCompile(`(?m)^init:.*\n`)

func newTrackModel(tb testing.TB, room TrackRoom) *trackModel {
	tb.Helper()
	template := TrackTemplate(room)
	template.Schema = initField.ReplaceAllString(template.Schema, "")
	shape, err := template.Shape()
	if err != nil {
		tb.Fatal(err)
	}
	m := &trackModel{TB: tb, page: make([]byte, shape.Size()), files: map[uint64]bool{}}
	if err := template.Build(m.page, layout.StatusReady); err != nil {
		tb.Fatal(err)
	}
	m.open()
	return m
}

func (m *trackModel) open() {
	m.Helper()
	h, err := layout.DecodeHeader(m.page)
	if err != nil {
		m.Fatal(err)
	}
	m.track = ringView{page: m.page, header: h, window: layout.Window{End: 1}}
	if !m.track.open() {
		m.Fatal("the track's page cannot be opened")
	}
	m.parts, m.keys = m.track.nested(0, "parts"), m.track.nested(0, "keys")
	m.fragments, m.pages = m.track.nested(0, "fragments"), m.track.nested(0, "pages")
}

func (r *ringView) now() layout.Header {
	h, err := layout.DecodeHeader(r.page)
	if err != nil {
		panic(err)
	}
	return h
}

func (r *ringView) get(n uint64, name string) uint64 { return r.schema.Lookup(name).Uint(r.record(n)) }

func (r *ringView) set(n uint64, name string, v uint64) {
	if err := r.schema.Lookup(name).PutLow(r.record(n), v); err != nil {
		panic(err)
	}
}

// change stores one value of the header.
func (r *ringView) change(fn func(h *layout.Header)) {
	h := r.now()
	fn(&h)
	h.Encode(r.page)
}

// add is MistServer's addRecords; pause stands between its stores.
func (r *ringView) add(pause func()) {
	r.change(func(h *layout.Header) { h.Present++ })
	pause()
	r.change(func(h *layout.Header) { h.EndPos++ })
	pause()
}

// drop is its deleteRecords.
func (r *ringView) drop(n uint64, pause func()) {
	r.change(func(h *layout.Header) { h.StartPos += uint32(n) })
	pause()
	r.change(func(h *layout.Header) { h.Deleted += n })
	pause()
	r.change(func(h *layout.Header) { h.Present -= uint32(n) })
	pause()
}

// store is set, and a pause behind it.
func (r *ringView) store(n uint64, name string, v uint64, pause func()) {
	r.set(n, name, v)
	pause()
}

const packetBytes = 100

// packet is what a source does with a packet.
func (m *trackModel) packet(key, flip bool, pause func()) {
	m.time += 40
	if key {
		m.keyPage(flip, pause)
	}
	current := m.pages.now().EndPos - 1
	m.pages.store(current, "avail", m.pages.get(current, "avail")+packetBytes, pause)
	part := m.parts.now().EndPos
	m.parts.store(part, "size", packetBytes, pause)
	m.parts.store(part, "duration", 40, pause)
	m.parts.add(pause)
	if key {
		m.key(pause)
	}
	newest := m.keys.now().EndPos - 1
	m.keys.store(newest, "parts", m.keys.get(newest, "parts")+1, pause)
	m.keys.store(newest, "size", m.keys.get(newest, "size")+packetBytes, pause)
	m.track.store(0, "lastms", m.time, pause)
}

func (m *trackModel) keyPage(flip bool, pause func()) {
	end := m.pages.now().EndPos
	if flip || end == 0 {
		key := m.keys.now().EndPos
		if end > 0 {
			m.pages.store(end-1, "parts", 1, pause)
		}
		for _, cell := range []struct {
			name string
			v    uint64
		}{{"firstkey", key}, {"firsttime", m.time}, {"size", 1 << 20}, {"keycount", 0}, {"avail", 0}, {"parts", 0}} {
			m.pages.store(end, cell.name, cell.v, pause)
		}
		m.pages.add(pause)
		m.files[key] = true
		pause()
		end++
	}
	m.pages.store(end-1, "lastkeytime", m.time, pause)
	m.pages.store(end-1, "keycount", m.pages.get(end-1, "keycount")+1, pause)
}

func (m *trackModel) key(pause func()) {
	n := m.keys.now().EndPos
	first := uint64(0)
	if n > 0 {
		first = m.keys.get(n-1, "firstpart") + m.keys.get(n-1, "parts")
	}
	for _, name := range []string{"bpos", "parts", "duration", "size"} {
		m.keys.store(n, name, 0, pause)
	}
	m.keys.store(n, "time", m.time, pause)
	m.keys.store(n, "number", n, pause)
	m.keys.store(n, "firstpart", first, pause)
	m.keys.add(pause)
	m.track.store(0, "firstms", m.keys.get(m.keys.now().Deleted, "time"), pause)
	f := m.fragments.now().EndPos
	if f > 0 && m.fragments.get(f-1, "keys") < 2 {
		m.fragments.store(f-1, "keys", m.fragments.get(f-1, "keys")+1, pause)
		return
	}
	m.fragments.store(f, "firstkey", n, pause)
	m.fragments.store(f, "keys", 1, pause)
	m.fragments.add(pause)
}

// removeKey is what a buffer does to the first key.
func (m *trackModel) removeKey(pause func()) {
	n := m.keys.now().Deleted
	m.parts.drop(m.keys.get(n, "parts"), pause)
	m.keys.drop(1, pause)
	if f := m.fragments.now().Deleted; m.fragments.get(f, "firstkey") < n+1 {
		m.fragments.drop(1, pause)
		m.track.store(0, "missedFrags", f+1, pause)
	}
	m.track.store(0, "firstms", m.keys.get(n+1, "time"), pause)
	p := m.pages.now().Deleted
	first, count := m.pages.get(p, "firstkey"), m.pages.get(p, "keycount")
	if count > 0 && first+count <= n+1 {
		delete(m.files, first)
		pause()
		m.pages.drop(1, pause)
	} else if m.pages.get(p, "avail") == 0 {
		m.pages.store(p, "keycount", count-1, pause)
		m.pages.store(p, "firstkey", n+1, pause)
		if count == 1 {
			m.pages.drop(1, pause)
		}
	}
}

// unload is what a buffer may do to a first page that is full: its packets go
// before its keys do.
func (m *trackModel) unload(pause func()) {
	p := m.pages.now().Deleted
	if m.pages.get(p, "avail") == 0 {
		return
	}
	m.pages.store(p, "avail", 0, pause)
	delete(m.files, m.pages.get(p, "firstkey"))
	pause()
}

// source and buffer are all that they do, with a step for each store.
func (m *trackModel) source(packets int) iter.Seq[bool] {
	return func(yield func(bool) bool) {
		for n := range packets {
			key := n%5 == 0
			for m.full() {
				yield(false)
			}
			m.packet(key, n%20 == 0, func() { yield(true) })
		}
	}
}

// full keeps the source out of slots that the buffer must clear first: a ring is
// doubled before that, by another page.
func (m *trackModel) full() bool {
	for _, r := range []*ringView{m.parts, m.keys, m.fragments, m.pages} {
		if h := r.now(); h.EndPos-h.Deleted >= uint64(h.RecordCount) || uint64(h.Present) >= uint64(h.RecordCount) {
			return true
		}
	}
	return false
}

func (m *trackModel) buffer(r *rand.Rand) iter.Seq[bool] {
	return func(yield func(bool) bool) {
		for alive := true; alive; {
			h := m.keys.now()
			switch {
			case h.EndPos-h.Deleted < 5:
				alive = yield(false)
			default:
				if pages := m.pages.now(); r.IntN(4) == 0 && pages.EndPos-pages.Deleted > 1 && h.Deleted%2 == 0 {
					m.unload(func() { alive = yield(true) && alive })
				}
				if alive {
					m.removeKey(func() { alive = alive && yield(true) })
				}
			}
		}
	}
}

// check is what a reader would find now.
func (m *trackModel) check() []layout.Finding {
	h, err := layout.DecodeHeader(m.page)
	if err != nil {
		m.Fatal(err)
	}
	return CheckPage(Object{Kind: KindTrack, Stream: "live"}, m.page, h)
}

// After no store of a source, nor of a buffer, whichever of them goes on, is
// anything found: what has to be half done at times is no finding.
func TestCheckTrackBetweenStores(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 5))
		m := newTrackModel(t, TrackRoom{Fragments: 7, Keys: 9, Parts: 43, Pages: 4})
		source, stopSource := iter.Pull(m.source(400))
		buffer, stopBuffer := iter.Pull(m.buffer(r))
		stores := 0
		for turn := r.IntN(2); ; stores++ {
			if r.IntN(3) == 0 {
				turn = r.IntN(2)
			}
			if turn == 0 {
				if moved, ok := source(); !ok {
					break
				} else if !moved {
					turn = 1
				}
			} else if moved, _ := buffer(); !moved {
				turn = 0
			}
			if found := m.check(); len(found) > 0 {
				t.Fatalf("seed %d, store %d: %+v", seed, stores, found)
			}
			m.checkFiles(fmt.Sprintf("seed %d, store %d", seed, stores))
		}
		stopSource()
		stopBuffer()
		if d := m.keys.now().Deleted; d < 50 {
			t.Fatalf("only %d keys were withdrawn", d)
		}
	}
}

// checkFiles: a data page that is said to be in memory is there.
func (m *trackModel) checkFiles(when string) {
	m.Helper()
	h, _ := layout.DecodeHeader(m.page)
	for _, d := range DataRecords(m.page, h) {
		if !m.files[d.FirstKey] {
			m.Fatalf("%s: %+v is not there", when, d)
		}
	}
}
