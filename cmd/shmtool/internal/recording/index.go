package recording

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/foxglove/mcap/go/mcap"
)

// index calls see with the records of these kinds that stand outside of chunks, as far as a
// file is whole. It reads no messages. A pipe has no such records.
func (r *Reader) index(see func(r *Reader, op mcap.OpCode), ops ...mcap.OpCode) {
	if _, piped := r.in.(*stream); piped {
		return
	}
	in, size := r.in, r.size
	r = &Reader{in: in, size: size, channels: map[uint16]channel{}} // this one stays where it is
	for at := int64(len(mcap.Magic)); at < size; {
		var head [9]byte
		if n, _ := in.ReadAt(head[:], at); n < len(head) {
			return
		}
		length, body := binary.LittleEndian.Uint64(head[1:]), at+int64(len(head))
		if length > uint64(size-body) {
			return
		}
		if op := mcap.OpCode(head[0]); slices.Contains(ops, op) && length <= readStep && r.read(body, int(length)) == nil {
			see(r, op)
		}
		at = body + int64(length)
	}
}

// Pages returns the names of the pages that a recording's index lists: none where
// it has no index, or comes through a pipe. It reads no messages.
func (r *Reader) Pages() []string {
	var names []string
	r.index(func(r *Reader, _ mcap.OpCode) {
		if r.channel(r.packed) == nil { // what is wrong with it is told when it is played
			for _, c := range r.channels {
				names = append(names, c.page)
			}
		}
	}, mcap.OpChannel)
	slices.Sort(names)
	return slices.Compact(names)
}

// Span returns the times of the first and the last message, as the statistics at the end of
// the file have them. It reads no messages.
func (r *Reader) Span() (first, last time.Time, known bool) {
	r.index(func(r *Reader, _ mcap.OpCode) {
		s, err := mcap.ParseStatistics(r.packed)
		if err == nil && s.MessageCount > 0 && s.MessageStartTime <= s.MessageEndTime {
			first, last, known = time.Unix(0, int64(s.MessageStartTime)), time.Unix(0, int64(s.MessageEndTime)), true
		}
	}, mcap.OpStatistics)
	return first, last, known
}
