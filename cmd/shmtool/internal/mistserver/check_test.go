package mistserver

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"shmtool/layout"
	"shmtool/layout/dtsc"
)

// checkTrack holds a track's page against everything that is true of a healthy
// one between two packets: shmtool-mistserver(7), the rules of a track.
func checkTrack(tb testing.TB, p Place, stream string, t *Track) {
	tb.Helper()
	c := checkerOf(tb, p, stream, t)
	page := c.page
	defer page.close()
	for _, g := range []*ring{page.parts, page.keys, page.frags, page.pages} {
		c.counters(g)
	}
	c.keys()
	c.fragments()
	c.pages()
	if err := page.fault(); err != nil {
		tb.Fatalf("%s: %v", t.pageName(), err)
	}
	if findings := must[[]layout.Finding](tb)(page.page.Check()); len(findings) > 0 {
		tb.Fatalf("%s: %v", t.pageName(), findings)
	}
}

func checkerOf(tb testing.TB, p Place, stream string, t *Track) checker {
	tb.Helper()
	page, err := openTrackPage(p, t.pageName(), false)
	if err != nil {
		tb.Fatal(err)
	}
	return checker{TB: tb, page: page, track: t, place: p, stream: stream}
}

func (t *Track) pageName() string { return t.page.page.Name() }

type checker struct {
	testing.TB
	page   *trackPage
	track  *Track
	place  Place
	stream string
}

func (c *checker) want(what string, have, want uint64) {
	c.Helper()
	if have != want {
		c.Fatalf("%s: %s is %d, want %d", c.page.page.Name(), what, have, want)
	}
}

func (c *checker) counters(g *ring) {
	c.Helper()
	h := g.header()
	c.want(g.name+" present", uint64(h.Present), h.EndPos-h.Deleted)
	c.want(g.name+" startpos", uint64(h.StartPos), h.Deleted&0xffffffff)
	if h.EndPos-h.Deleted > uint64(h.RecordCount) {
		c.Fatalf("%s: %d records in %d slots", g.name, h.EndPos-h.Deleted, h.RecordCount)
	}
}

// keys: each begins with the part behind the one before, and all of them are
// all parts.
func (c *checker) keys() {
	c.Helper()
	parts, keys := c.page.parts.window(), c.page.keys.window()
	if keys.Count() == 0 {
		return
	}
	sum, next := uint64(0), parts.First
	for n := keys.First; n < keys.End; n++ {
		k := c.page.keys.row(n)
		what := fmt.Sprintf("key %d ", n)
		c.want(what+"number", k.uint("number"), n)
		c.want(what+"firstpart", k.uint("firstpart"), next)
		c.sizes(n, k)
		if n+1 == keys.End {
			c.want(what+"duration", k.uint("duration"), c.page.uint("lastms")-k.uint("time"))
		}
		count, duration, time := k.uint("parts"), k.uint("duration"), k.uint("time")
		if n+1 < keys.End {
			c.want(what+"end", time+duration, c.page.keys.get(n+1, "time"))
		}
		sum, next = sum+count, next+count
	}
	c.want("parts of all keys", sum, parts.Count())
	c.want("firstms", c.page.uint("firstms"), c.page.keys.get(keys.First, "time"))
	c.want("nowms", c.page.uint("nowms"), c.page.uint("lastms"))
}

// sizes: a key's parts last as long as the key, and take its bytes.
func (c *checker) sizes(n uint64, k row) {
	c.Helper()
	first, count, duration, size := k.uint("firstpart"), k.uint("parts"), k.uint("duration"), k.uint("size")
	var lasts, payload uint64
	for part := first; part < first+count; part++ {
		p := c.page.parts.row(part)
		payload += p.uint("size")
		if part+1 < first+count || n+1 < c.page.keys.window().End {
			lasts += p.uint("duration")
		}
	}
	c.want(fmt.Sprintf("key %d: durations of its parts", n), lasts, duration)
	if size < payload+35*count+19 || size > payload+(35+17)*count+19 {
		c.Fatalf("key %d has %d bytes, its %d parts %d", n, size, count, payload)
	}
	*k.rec = *c.page.keys.row(n).rec
}

func (c *checker) fragments() {
	c.Helper()
	keys, frags := c.page.keys.window(), c.page.frags.window()
	if frags.Count() == 0 {
		return
	}
	next := c.page.frags.get(frags.First, "firstkey")
	if next < keys.First {
		c.Fatalf("fragment %d begins with key %d, the first is %d", frags.First, next, keys.First)
	}
	c.want("missedFrags", c.page.uint("missedFrags"), frags.First)
	for n := frags.First; n < frags.End; n++ {
		f := c.page.frags.row(n)
		first, count, duration, size := f.uint("firstkey"), f.uint("keys"), f.uint("duration"), f.uint("size")
		c.want(fmt.Sprintf("fragment %d firstkey", n), first, next)
		next = first + count
		c.want(fmt.Sprintf("fragment %d size", n), size, c.payload(first, count))
		if n+1 == frags.End {
			c.want("open fragment's duration", duration, 0)
			c.want("last fragment's end", next, keys.End)
			continue
		}
		c.want(fmt.Sprintf("fragment %d end", n), c.page.keys.get(first, "time")+duration, c.page.keys.get(next, "time"))
		if least := c.track.leastFragment(); duration < least {
			c.Fatalf("fragment %d lasts %d ms, at least %d", n, duration, least)
		}
	}
}

// payload is the bytes of all parts of some keys.
func (c *checker) payload(first, count uint64) (sum uint64) {
	for n := first; n < first+count; n++ {
		k := c.page.keys.row(n)
		from, to := k.uint("firstpart"), k.uint("firstpart")+k.uint("parts")
		for part := from; part < to; part++ {
			sum += c.page.parts.get(part, "size")
		}
	}
	return sum
}

// pages: each begins with the key behind the one before, the last has the newest
// key, and their objects hold those keys and parts, packet by packet.
func (c *checker) pages() {
	c.Helper()
	keys, pages := c.page.keys.window(), c.page.pages.window()
	if pages.Count() == 0 {
		return
	}
	next := c.page.pages.get(pages.First, "firstkey")
	for n := pages.First; n < pages.End; n++ {
		g := c.page.pages.row(n)
		first, count := g.uint("firstkey"), g.uint("keycount")
		c.want(fmt.Sprintf("page %d firstkey", n), first, next)
		next = first + count
		if next <= keys.First {
			c.Fatalf("page %d has keys %d to %d, the first is %d", n, first, next, keys.First)
		}
		if g.uint("avail") > g.uint("size") {
			c.Fatalf("page %d: avail %d of %d", n, g.uint("avail"), g.uint("size"))
		}
	}
	c.want("last page's end", next, keys.End)
}

// checkPackets holds the packets of all data pages of a track against its rings.
func checkPackets(tb testing.TB, p Place, stream string, t *Track) {
	tb.Helper()
	c := checkerOf(tb, p, stream, t)
	page := c.page
	defer page.close()
	keys, pages := page.keys.window(), page.pages.window()
	for n := pages.First; n < pages.End; n++ {
		g := page.pages.row(n)
		first, count, avail, parts := g.uint("firstkey"), g.uint("keycount"), g.uint("avail"), g.uint("parts")
		b := must[[]byte](tb)(os.ReadFile(p.path(dataOf(stream, t.index, first))))
		if len(bytes.Trim(b[avail:], "\x00")) > 0 {
			tb.Fatalf("data page %d goes on behind avail", first)
		}
		key, packets := first, uint64(0)
		part := uint64(0)
		known := false // from the first key on that is there
		for packet, err := range dtsc.Packets(b[:avail]) {
			if err != nil {
				tb.Fatal(err)
			}
			if packet.Key {
				if keys.Contains(key) {
					part, known = page.keys.get(key, "firstpart"), true
					c.want("packet's time", packet.Time, page.keys.get(key, "time"))
				}
				key++
			}
			packets++
			if known {
				r := page.parts.row(part)
				c.want("packet's size", uint64(packet.PayloadSize), r.uint("size"))
				c.want("packet's offset", uint64(packet.PacketOffset), r.uint("offset"))
				part++
			}
		}
		c.want("keys on data page", key-first, count)
		if n+1 < pages.End {
			c.want("parts on data page", packets, parts)
		} else {
			c.want("parts up to the end", part, page.parts.window().End)
		}
	}
	if err := page.fault(); err != nil {
		tb.Fatal(err)
	}
}
