package dtsc

import "bytes"

// Behind is what lies in a data page behind the bytes that its track has
// published: packets that a stream left which had the page before, or the one
// that is being written.
type Behind struct {
	Next  int // whole packets that follow at once: MistServer's readers take them for the stream's own
	Count int // all whole packets, those included
	Start int // byte of the first of them
	End   int // byte behind the last
}

// Stale reports whether a stream before has left packets: one alone may be on
// its way into the page, two or more are never.
func (b Behind) Stale() bool { return b.Count >= 2 }

// PacketsBehind looks for whole packets in a data page behind the first avail
// bytes, which are published. MistServer does not empty a page that it uses
// again, nor do its readers know avail: they read on up to four zero bytes. New
// packets of other sizes end amidst an old one, so packets are looked for at any
// byte. shmtool-mistserver(7).
//
// Memory gives the next range of the page's bytes, at or behind from, that has memory
// behind it, or one that is empty and ends the page (relaccx's Page.NextData): no byte of
// a hole is touched, which would fill it. Nil means that there are no holes. Packets are
// given as MistServer writes them: a packet whose payload is not the last of its members
// is ignored. It allocates nothing for bytes that a MistServer has written, and its time
// grows with the bytes that have memory.
//
// Another process may be writing the page: what a second look does not find
// again is no evidence.
func PacketsBehind(page []byte, avail uint64, memory func(from int) (start, end int)) Behind {
	var b Behind
	if avail > uint64(len(page)) {
		return b
	}
	for at := int(avail); at < len(page); {
		start, end := at, len(page)
		if memory != nil {
			start, end = memory(at)
		}
		start, end = max(start, at), min(end, len(page))
		if start >= end {
			break
		}
		b.search(page[:end], start, start == int(avail))
		at = end
	}
	return b
}

// search counts the whole packets of page from a byte on. First is set where
// that is the end of what is published.
func (b *Behind) search(page []byte, at int, first bool) {
	for at < len(page) {
		if p, ok := wholePacket(page, at); ok {
			if b.Count == 0 {
				b.Start = at
			}
			if b.Count++; first {
				b.Next++
			}
			at += p.Size
			b.End = at
			continue
		}
		first = false
		skip := bytes.Index(page[at+1:], []byte(PacketMagic))
		if skip < 0 {
			return
		}
		at += 1 + skip
	}
}

// wholePacket reads the packet that begins at a byte of the page, if one does.
// It looks at no more than its first bytes and its last, however long it says it
// is: what lies between may hold as many that say the same.
func wholePacket(page []byte, at int) (Packet, bool) {
	if !bytes.HasPrefix(page[at:], []byte(PacketMagic)) {
		return Packet{}, false // and nothing is allocated to say so
	}
	head := page[at:min(at+PacketHeadSize, len(page))]
	p, err := PacketHead(head, at, len(page))
	if err != nil {
		return p, false
	}
	end := at + p.Size
	return p, page[end-endSize] == 0 && page[end-endSize+1] == 0
}
