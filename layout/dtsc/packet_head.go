package dtsc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// PacketHeadSize is enough of a packet's first bytes for [PacketHead]: what
// MistServer writes before a payload is shorter.
const PacketHeadSize = 128

// PacketHead reads a packet of which only the first bytes are at hand: head, which begins
// at byte at of a data page of pageSize bytes. It gives what [NextPacket] gives, but
// neither the payload nor the end of the packet behind it need be in head, or are looked
// at. When head is too short, or invalid, the error is io.ErrShortBuffer, and the
// packet's Size says how many bytes from at on NextPacket needs. Errors that need no more
// bytes, io.EOF among them, are those of NextPacket.
func PacketHead(head []byte, at, pageSize int) (Packet, error) {
	none := Packet{Offset: at}
	left := pageSize - at
	if at < 0 || left < len(PacketMagic) {
		return none, io.EOF
	}
	head = head[:min(len(head), left)]
	if len(head) < min(packetHead, left) {
		none.Size = min(packetHead, left)
		return none, io.ErrShortBuffer
	}
	p := Packet{}
	if err := p.head(head, 0, left); err != nil {
		return none, shifted(err, at)
	}
	if len(head) >= p.Size {
		p, err := NextPacket(head[:p.Size], 0)
		return p.moved(at), shifted(err, at)
	}
	if !p.headMembers(head) {
		none.Size = p.Size
		return none, io.ErrShortBuffer
	}
	return p.moved(at), nil
}

// headMembers reads what stands before the payload, and is true when that is
// all there is, and right.
func (p *Packet) headMembers(head []byte) bool {
	w := walker{packed: head, at: packetHead}
	if len(head) == packetHead || head[w.at] != byte(Object) {
		return false
	}
	if _, err := w.next(); err != nil { // the object
		return false
	}
	for !bytes.HasPrefix(head[w.at:], payloadMember) {
		m, err := w.next()
		if err != nil || m.Kind == End || p.member(&w, &m) != nil || w.skip(&m) != nil {
			return false // more bytes than the object has, or none that tell
		}
	}
	at := w.at + len(payloadMember)
	if len(head)-at < stringHead-1 {
		return false
	}
	size := int64(binary.BigEndian.Uint32(head[at:]))
	p.PayloadOffset, p.PayloadSize = at+stringHead-1, int(size)
	return int64(p.PayloadOffset)+size+endSize == int64(p.Size)
}

// payloadMember is what a payload's size stands behind.
var payloadMember = append(appendMemberName(nil, namePayload), byte(String))

// moved returns a packet that was read from the start of other bytes.
func (p Packet) moved(at int) Packet {
	p.Offset += at
	if p.PayloadOffset > 0 {
		p.PayloadOffset += at
	}
	return p
}

// shifted returns an error about bytes that begin at byte at of the page.
func shifted(err error, at int) error {
	if err == nil {
		return nil // before anything is allocated
	}
	var format *FormatError
	if errors.As(err, &format) {
		moved := *format
		moved.Offset += int64(at)
		return &moved
	}
	return err
}
