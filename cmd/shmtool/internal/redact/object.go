package redact

import (
	"bytes"
	"encoding/binary"
	"slices"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// Object returns an object without what is private in it, of the same size.
func (r *Redactor) Object(name string, src []byte) []byte {
	dst := make([]byte, len(src))
	is, known := mist.ParseName(name)
	if treat := others[is.Kind]; known && treat != nil {
		treat(r, dst, src)
		return dst
	}
	if !known || is.Kind.IsPage() {
		if is.Kind == mist.KindCapability { // it explains settings by examples
			defer func(learning bool) { r.learning = learning }(r.learning)
			r.learning = false
		}
		if h, err := layout.DecodeHeader(src); known || err == nil && h.Check(len(src)) == nil && h.Status.Known() {
			return r.whole(src, mist.Lookup(name))
		}
	}
	return dst
}

// memoryPage is the most that may be read behind the end of a page's file.
const memoryPage = 4096

// whole returns a page as its readers see it, who may read up to the end of its last
// memory page: MistServer makes pages that end before their records do.
func (r *Redactor) whole(src []byte, info *mist.PageInfo) []byte {
	mapped, dst := make([]byte, len(src)+memoryPage), make([]byte, len(src)+memoryPage)
	copy(mapped, src)
	r.page(dst, mapped, info, 0)
	return dst[:len(src)]
}

// stateSizes are the sizes of a stream's state, of which all bytes are known.
var stateSizes = []int{112, 16, 1, mist.StateSize}

// copyFirst copies the bytes that the first of some sizes says that the object is as long
// as, or longer: numbers.
func copyFirst(dst, src []byte, sizes ...int) {
	for _, size := range sizes {
		if len(src) == size || size == sizes[len(sizes)-1] && len(src) > size || len(sizes) == 1 {
			copy(dst, src[:min(size, len(src))])
			return
		}
	}
}

// semaphore copies a semaphore: what its library has in it, and not what may lie behind.
func semaphore(_ *Redactor, dst, src []byte) {
	const (
		long, short = 32, 16
		used        = 12
	)
	switch len(src) {
	case long:
		copy(dst, src[:used])
	case short:
		copy(dst, src)
	}
}

// The positions of the texts in a MstProcState.
const (
	shortReason, longReason, reasonsEnd = 108, 140, 396
)

// processState copies a MstProcState: its numbers, and why the process ended.
func (r *Redactor) processState(dst, src []byte) {
	if _, err := mist.DecodeProcessState(src); err != nil {
		copyFirst(dst, src, mist.SequenceOffset)
		return
	}
	copy(dst, src[:shortReason])
	for _, text := range [][2]int{{shortReason, longReason}, {longReason, reasonsEnd}} {
		reason, _, _ := bytes.Cut(src[text[0]:text[1]], []byte{0})
		copy(dst[text[0]:], r.text(reason, nil))
	}
}

// pushes copies the list of pushes.
func (r *Redactor) pushes(dst, src []byte) {
	const head = 4 // bytes of a PID
	at := 0
	for push, err := range dtsc.PushList(src) {
		if err != nil {
			return
		}
		copy(dst[at:at+head], src[at:])
		at += head
		for i, text := range []string{push.Stream, push.Original, push.Final} {
			binary.BigEndian.PutUint16(dst[at:], uint16(len(text)))
			at += 2
			if i == 0 {
				r.words(dst[at:at+len(text)], []byte(text), names)
			} else {
				copy(dst[at:], r.text([]byte(text), nil))
			}
			at += len(text)
		}
	}
}

// packets copies the packets of a data page without their payloads. Packets that an
// earlier stream has left are copied as well: they are looked for at any byte.
func (r *Redactor) packets(dst, src []byte) {
	magic := []byte(dtsc.PacketMagic)
	for at := 0; at < len(src); {
		next := bytes.Index(src[at:], magic)
		if next < 0 {
			return
		}
		at += next
		size := packet(dst, src, at)
		at += max(size, len(magic))
	}
}

// packet copies the packet that begins at a byte, and returns its size; 0 where none does
// that is whole.
func packet(dst, src []byte, at int) int {
	p, err := dtsc.NextPacket(src, at)
	if err != nil {
		return 0
	}
	const (
		head = 20 // bytes before the object
		end  = 3
	)
	copy(dst[at:at+head], src[at:])
	from := at + head
	for piece, err := range dtsc.Pieces(src[from : at+p.Size]) {
		if err != nil {
			return 0
		}
		begin, value := from+piece.Offset, from+piece.ValueOffset
		to := from + piece.End
		switch {
		case piece.Kind == dtsc.End:
			to = begin + end
		case piece.Kind == dtsc.String:
			to = value + 1 + packedSize
		}
		if piece.Name != nil && !slices.Contains(packetMembers, string(piece.Name)) {
			copy(dst[begin:begin+2], src[begin:])
			copy(dst[begin+2:value], blanked(src[begin+2:value]))
			begin = value
			if piece.Kind == dtsc.Integer || piece.Kind == dtsc.Double {
				to = value + 1
			}
		}
		copy(dst[begin:to], src[begin:to])
		if piece.Kind == dtsc.End {
			dst[begin+2] = byte(dtsc.End)
		}
	}
	return p.Size
}

// packetMembers are the members of a packet that say nothing of what it holds.
var packetMembers = []string{"offset", "bpos", "keyframe", "data"}
