package dtsc

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
)

// PacketMagic is the four bytes that each packet of a data page begins with.
const PacketMagic = "DTP2"

// A packet: PacketMagic, the size of what follows (4 bytes), track (4), time (8), and
// an object of members. All integers are big-endian. relaccx(5), DTSC.
const (
	offPacketSize  = 4 // counts what lies behind it
	offPacketTrack = 8
	offPacketTime  = 12
	packetHead     = 20 // where the object begins
	packetMinSize  = packetHead + 1 + endSize
)

// The members that a packet has, in the order in which MistServer writes them.
const (
	nameOffset   = "offset"
	nameBytePos  = "bpos"
	nameKeyframe = "keyframe"
	namePayload  = "data"
)

// Packet is one packet of a data page: where it lies, and what it says but for
// its payload, which stays in the page.
type Packet struct {
	Offset int // of its first byte in the page
	Size   int // bytes from there to the next packet

	Track        uint32 // index of its track in the stream's list, not the track's id
	Time         uint64 // ms; when it is decoded
	PacketOffset int64  // ms from there to when it is shown; 0 where the packet has none
	BytePos      int64  // where it stood in its file; 0 where the packet has none
	HasBytePos   bool   // the packet has a byte position, even if it is 0
	Key          bool   // a keyframe

	PayloadOffset int // of the payload in the page; 0 where there is none
	PayloadSize   int // bytes of payload
}

// Payload returns the packet's payload, a part of the page that it was read from.
func (p *Packet) Payload(page []byte) []byte {
	end := p.PayloadOffset + p.PayloadSize
	return page[p.PayloadOffset:end:end]
}

// NextPacket reads the packet at byte at of a data page, and the next one is at Offset +
// Size. io.EOF says that there is none: the page ends, or four zero bytes follow, for the
// first bytes of a packet are written last. (MistServer tells the end that way, and so
// reads old packets of a page that is used again. Who knows pages.avail gives that much
// of the page.) A packet that is not whole is a *[FormatError]. Members that MistServer
// does not write are ignored, as is what lies behind them. It allocates nothing.
func NextPacket(page []byte, at int) (Packet, error) {
	p := Packet{Offset: at}
	if err := p.head(page, at, len(page)-at); err != nil {
		return Packet{Offset: at}, err
	}
	w := walker{packed: page[:at+p.Size], at: at + packetHead}
	if page[w.at] != byte(Object) {
		return Packet{Offset: at}, formatError(w.at, "packet is no object", fmt.Sprintf("0x%02x", page[w.at]))
	}
	if err := p.members(&w); err != nil {
		return Packet{Offset: at}, err
	}
	return p, nil
}

// head reads what every packet begins with. left is how many bytes the page
// has from there on, of which page may hold only the first.
func (p *Packet) head(page []byte, at, left int) error {
	if at < 0 || at > len(page)-len(PacketMagic) {
		return io.EOF
	}
	b := page[at:]
	switch magic := b[:len(PacketMagic)]; {
	case string(magic) == PacketMagic:
	case binary.BigEndian.Uint32(magic) == 0:
		return io.EOF
	default:
		return formatError(at, "no packet begins here", fmt.Sprintf("%q", magic))
	}
	if left < packetMinSize {
		return formatError(at, "packet is cut short, size", left)
	}
	size := uint64(binary.BigEndian.Uint32(b[offPacketSize:])) + offPacketTrack
	if size < packetMinSize {
		return formatError(at+offPacketSize, "packet is too short for its object, size", size)
	}
	if size > uint64(left) {
		return formatError(at+offPacketSize, "packet runs past the end, size", size)
	}
	p.Size = int(size)
	p.Track = binary.BigEndian.Uint32(b[offPacketTrack:])
	p.Time = binary.BigEndian.Uint64(b[offPacketTime:])
	return nil
}

func (p *Packet) members(w *walker) error {
	if _, err := w.next(); err != nil { // the object
		return err
	}
	for {
		m, err := w.next()
		if err == nil && m.Kind == End {
			return nil
		}
		if err == nil {
			err = p.member(w, &m)
		}
		if err == nil {
			err = w.skip(&m)
		}
		if err != nil {
			return err
		}
	}
}

func (p *Packet) member(w *walker, m *Piece) error {
	want := Integer
	v := Value{w.packed[m.ValueOffset:m.End]}
	switch string(m.Name) {
	case nameOffset:
		p.PacketOffset = v.Int()
	case nameBytePos:
		p.BytePos, p.HasBytePos = v.Int(), true
	case nameKeyframe:
		p.Key = v.Int() != 0
	case namePayload:
		want = String
		p.PayloadOffset, p.PayloadSize = m.ValueOffset+stringHead, len(v.Text())
	default:
		want = m.Kind
	}
	if m.Kind != want {
		return formatError(m.ValueOffset, fmt.Sprintf("packet's %s is not of kind %v", m.Name, want), m.Kind)
	}
	return nil
}

// Packets reads a data page from its start, packet after packet, up to its end
// as NextPacket tells it. A packet that is not whole is given as the error of
// NextPacket, with its Offset, and is the last: nothing says where another
// would begin. For the bytes of a page that is being written, see
// [NextPacket].
func Packets(page []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for at := 0; ; {
			p, err := NextPacket(page, at)
			if err == io.EOF || !yield(p, err) || err != nil {
				return
			}
			at += p.Size
		}
	}
}

// PacketSize returns the bytes that p takes with a payload of that many bytes.
func PacketSize(p *Packet, payloadSize int) int {
	size := packetMinSize + memberSize(namePayload, stringHead) + payloadSize
	if p.PacketOffset != 0 {
		size += memberSize(nameOffset, integerSize)
	}
	if p.hasBytePos() {
		size += memberSize(nameBytePos, integerSize)
	}
	if p.Key {
		size += memberSize(nameKeyframe, integerSize)
	}
	return size
}

func memberSize(name string, valueSize int) int { return nameHead + len(name) + valueSize }

func (p *Packet) hasBytePos() bool { return p.HasBytePos || p.BytePos != 0 }

// AppendPacket appends p with this payload to dst, byte for byte as MistServer writes it:
// the members offset, bpos and keyframe only where they are not 0 (bpos also where
// HasBytePos says so), then data. p's Offset and sizes are ignored. The only error is a
// payload that makes the packet larger than 4 GiB.
//
// Into a page that others read, its first four bytes go last.
func AppendPacket(dst []byte, p *Packet, payload []byte) ([]byte, error) {
	size := uint64(PacketSize(p, len(payload)) - offPacketTrack)
	if size > math.MaxUint32 {
		return dst, fmt.Errorf("payload of %d bytes does not fit a packet", len(payload))
	}
	dst = append(dst, PacketMagic...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	dst = binary.BigEndian.AppendUint32(dst, p.Track)
	dst = binary.BigEndian.AppendUint64(dst, p.Time)
	dst = append(dst, byte(Object))
	if p.PacketOffset != 0 {
		dst = appendIntegerMember(dst, nameOffset, p.PacketOffset)
	}
	if p.hasBytePos() {
		dst = appendIntegerMember(dst, nameBytePos, p.BytePos)
	}
	if p.Key {
		dst = appendIntegerMember(dst, nameKeyframe, 1)
	}
	dst = append(appendMemberName(dst, namePayload), byte(String))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	return append(dst, 0, 0, byte(End)), nil
}

func appendMemberName(dst []byte, name string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(name))), name...)
}

func appendIntegerMember(dst []byte, name string, v int64) []byte {
	dst = append(appendMemberName(dst, name), byte(Integer))
	return binary.BigEndian.AppendUint64(dst, uint64(v))
}
