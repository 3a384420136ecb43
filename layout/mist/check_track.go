package mist

import "shmtool/layout"

// The order of stores, by which something may be half done at any time:
//
// The source, a packet: page (firstkey …, published), its keycount; packet;
// avail; part published; key (with firstpart and number, published), firstms;
// fragment published, or keys of the open one; parts of the newest key; its size.
// The buffer, a key: parts withdrawn; key withdrawn; fragment withdrawn; firstms;
// data page withdrawn, or avail 0 and the page trimmed.

// track checks the rings of a track against each other.
func (c *pageCheck) track(track *ringView) {
	n := track.window.First
	parts, keys := track.nested(n, "parts"), track.nested(n, "keys")
	if keys == nil {
		return
	}
	c.keyNumbers(keys)
	if parts != nil {
		c.keyParts(keys, parts)
	}
	c.firstMS(track, keys)
	if fragments := track.nested(n, "fragments"); fragments != nil {
		c.fragments(fragments, keys)
	}
	if pages := track.nested(n, "pages"); pages != nil {
		c.pages(pages, keys)
	}
}

func (c *pageCheck) keyNumbers(keys *ringView) {
	f, ok := keys.fields("number")
	if !ok {
		return
	}
	for n := keys.window.First; n < keys.window.End; n++ {
		if have := keys.uint(n, f[0]); have != n&0xffffffff {
			c.add(CodeKeyNumber, keys.at(n, f[0]), keys.path, "key %d has the number %d", n, have)
		}
	}
}

// keyParts: each key begins with the part behind the one before, the first with
// the first part, and the last ends with the last.
func (c *pageCheck) keyParts(keys, parts *ringView) {
	f, ok := keys.fields("firstpart", "parts")
	if !ok || keys.window.Count() == 0 {
		return
	}
	first, count := f[0], f[1]
	start := keys.uint(keys.window.First, first)
	next := start + keys.uint(keys.window.First, count)
	// The parts of a key are withdrawn before the key is.
	if at := parts.window.First; at != start && at != next {
		c.add(CodeKeyParts, keys.at(keys.window.First, first), keys.path,
			"key %d begins with part %d, the first there is is %d", keys.window.First, start, at)
	}
	for n := keys.window.First + 1; n < keys.window.End; n++ {
		have := keys.uint(n, first)
		if have != next {
			c.add(CodeKeyParts, keys.at(n, first), keys.path, "key %d begins with part %d, the key before ends at %d", n, have, next)
		}
		next = have + keys.uint(n, count)
	}
	// A part is published before it is counted.
	if end := parts.window.End; next != end && next+1 != end {
		last := keys.window.End - 1
		c.add(CodeKeyParts, keys.at(last, count), keys.path, "key %d, the last, ends at part %d, the parts at %d", last, next, end)
	}
}

// firstMS follows a key that was withdrawn, and so may be the time of that; and
// it follows the first key of all, which is no finding while it is the only one.
func (c *pageCheck) firstMS(track, keys *ringView) {
	own, ok := track.fields("firstms")
	f, has := keys.fields("time")
	if !ok || !has || keys.window.Count() < 2 {
		return
	}
	n, first := track.window.First, keys.window.First
	have, want := track.uint(n, own[0]), keys.uint(first, f[0])
	if have == want || first > 0 && have == keys.uint(first-1, f[0]) {
		return
	}
	c.add(CodeFirstMS, track.at(n, own[0]), track.path, "firstms is %d, key %d, the first, is at %d ms", have, first, want)
}

// fragments: each begins with the key behind the one before; the first begins
// with a key that is there, the last ends with the last.
func (c *pageCheck) fragments(fragments, keys *ringView) {
	f, ok := fragments.fields("firstkey", "keys")
	if !ok || fragments.window.Count() == 0 || keys.window.Count() == 0 {
		return
	}
	first, count := f[0], f[1]
	w := fragments.window
	start := fragments.uint(w.First, first)
	// A key is withdrawn before the fragment that begins with it.
	if start+1 < keys.window.First {
		c.add(CodeFragmentKeys, fragments.at(w.First, first), fragments.path,
			"fragment %d begins with key %d, the first there is is %d", w.First, start, keys.window.First)
	}
	next := start + fragments.uint(w.First, count)
	for n := w.First + 1; n < w.End; n++ {
		have := fragments.uint(n, first)
		if have != next {
			c.add(CodeFragmentKeys, fragments.at(n, first), fragments.path,
				"fragment %d begins with key %d, the fragment before ends at %d", n, have, next)
		}
		next = have + fragments.uint(n, count)
	}
	// A key is published before its fragment has it.
	if end := keys.window.End; next != end && next+1 != end {
		c.add(CodeFragmentKeys, fragments.at(w.End-1, count), fragments.path,
			"fragment %d, the last, ends at key %d, the keys at %d", w.End-1, next, end)
	}
}

// pages: each begins with the key behind the one before, the first not behind
// the first key, the last ends with the last key, and none has more bytes
// published than it has.
func (c *pageCheck) pages(pages, keys *ringView) {
	f, ok := pages.fields("firstkey", "keycount", "size", "avail")
	if !ok || pages.window.Count() == 0 {
		return
	}
	first, count, size, avail := f[0], f[1], f[2], f[3]
	w, next := pages.window, uint64(0)
	for n := w.First; n < w.End; n++ {
		have := pages.uint(n, first)
		// Pages that are not in memory are at most being trimmed from the front.
		if n > w.First && have != next && !(n == w.First+1 && pages.uint(n-1, avail) == 0) {
			c.add(CodePageKeys, pages.at(n, first), pages.path, "page %d begins with key %d, the page before ends at %d", n, have, next)
		}
		next = have + pages.uint(n, count)
		if a, s := pages.uint(n, avail), pages.uint(n, size); a > s {
			c.add(CodeAvailOver, pages.at(n, avail), pages.path, "page %d: avail %d is over its size %d", n, a, s)
		}
	}
	c.pageEnds(pages, keys, first, count, next)
}

func (c *pageCheck) pageEnds(pages, keys *ringView, first, count *layout.Field, next uint64) {
	if keys.window.Count() == 0 {
		return
	}
	w, have := pages.window, keys.window
	if start := pages.uint(w.First, first); start > have.First {
		c.add(CodePageKeys, pages.at(w.First, first), pages.path,
			"page %d, the first, begins with key %d: key %d, the first, is on none", w.First, start, have.First)
	}
	// A key is counted on its page before it is published.
	if next != have.End && next != have.End+1 {
		c.add(CodePageKeys, pages.at(w.End-1, count), pages.path, "page %d, the last, ends at key %d, the keys at %d", w.End-1, next, have.End)
	}
}

// DataRecord is what a track's page says of a data page that is in memory.
type DataRecord struct {
	Record   uint64 // number in the ring of pages
	FirstKey uint64 // which names the object
	Size     uint64 // bytes
	Avail    uint64 // bytes of packets, never 0
	Newest   bool   // no other page follows
	Path     string // of the ring
	Offset   int64  // byte of the track's page at which Avail lies
}

// maxDataRecords is more data pages than a track has in memory by far.
const maxDataRecords = 4096

// DataRecords returns the data pages of a track that are in memory, as its page has them.
// One whose keys have all been withdrawn is about to be removed, and left out.
func DataRecords(page []byte, h layout.Header) []DataRecord {
	track := ringView{page: page, header: h, window: KindTrack.Page().Rows(h, len(page))}
	if !track.open() || track.window.Count() == 0 {
		return nil
	}
	pages, keys := track.nested(track.window.First, "pages"), track.nested(track.window.First, "keys")
	if pages == nil || keys == nil {
		return nil
	}
	f, ok := pages.fields("firstkey", "keycount", "size", "avail")
	if !ok {
		return nil
	}
	var found []DataRecord
	for n := pages.window.First; n < pages.window.End && len(found) < maxDataRecords; n++ {
		d := DataRecord{
			Record: n, FirstKey: pages.uint(n, f[0]), Size: pages.uint(n, f[2]), Avail: pages.uint(n, f[3]),
			Newest: n+1 == pages.window.End, Path: pages.path, Offset: int64(pages.at(n, f[3])),
		}
		count := pages.uint(n, f[1])
		expired := count > 0 && d.FirstKey+count <= keys.window.First
		if d.Avail != 0 && !expired {
			found = append(found, d)
		}
	}
	return found
}
