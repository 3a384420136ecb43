package object

import (
	"fmt"
	"iter"
	"os"

	"shmtool/dump"
)

// parts takes packets apart for a hex dump, which leaves out the bytes of payloads.
func (d *dataPage) parts(packets iter.Seq2[dump.Packet, error]) iter.Seq2[dump.HexPart, error] {
	return func(yield func(dump.HexPart, error) bool) {
		end := 0
		for p, err := range packets {
			if err != nil {
				yield(dump.HexPart{}, err)
				return
			}
			if end == 0 && p.Offset > 0 && !yield(dump.HexPart{Size: p.Offset, Name: "not shown"}, nil) {
				return
			}
			end = p.Offset + p.Size
			parts, err := packetParts(d.file, &p)
			if err != nil {
				yield(dump.HexPart{}, err)
				return
			}
			for _, part := range parts {
				if !yield(part, nil) {
					return
				}
			}
		}
		if left := int(d.info.Size()) - end; left > 0 {
			yield(dump.HexPart{Offset: end, Size: left, Name: "not shown"}, nil)
		}
	}
}

// packetParts returns the bytes of one packet before and behind its payload.
func packetParts(page *os.File, p *dump.Packet) ([]dump.HexPart, error) {
	members := p.Size
	if p.PayloadOffset > 0 {
		members = p.PayloadOffset - p.Offset
	}
	head := make([]byte, min(members, 256))
	if _, err := page.ReadAt(head, int64(p.Offset)); err != nil {
		return nil, fmt.Errorf("packet %d: %w", p.Number, truncated(err))
	}
	title := fmt.Sprintf("packet #%d", p.Number)
	if p.Stale {
		title += ", stale"
	}
	at := p.Offset
	parts := []dump.HexPart{{Offset: at, Name: title}}
	add := func(n int, name, value string) {
		parts = append(parts, dump.HexPart{Offset: at, Bytes: head[at-p.Offset : at-p.Offset+n], Indent: 2, Name: name, Value: value})
		at += n
	}
	add(4, "magic", `"DTP2"`)
	add(4, "size", fmt.Sprintf("%d behind it", p.Size-8))
	add(4, "track", fmt.Sprint(p.Track))
	add(8, "time", fmt.Sprintf("%d ms", p.Time))
	add(len(head)-(at-p.Offset), "members", memberText(p))
	parts[len(parts)-1].Size = members - len(head)
	at = p.Offset + members
	if p.PayloadSize > 0 {
		parts = append(parts, dump.HexPart{Offset: at, Size: p.PayloadSize, Indent: 2, Name: "payload", Value: fmt.Sprintf("%d bytes", p.PayloadSize)})
		at += p.PayloadSize
	}
	if left := p.Offset + p.Size - at; left > 0 {
		end := make([]byte, min(left, 256))
		if _, err := page.ReadAt(end, int64(at)); err != nil {
			return nil, fmt.Errorf("packet %d: %w", p.Number, truncated(err))
		}
		parts = append(parts, dump.HexPart{Offset: at, Bytes: end, Size: left - len(end), Indent: 2, Name: "end"})
	}
	return parts, nil
}

func memberText(p *dump.Packet) string {
	text := ""
	if p.PacketOffset != 0 {
		text += fmt.Sprintf("offset %d ms, ", p.PacketOffset)
	}
	if p.HasBytePos {
		text += fmt.Sprintf("bpos %d, ", p.BytePos)
	}
	if p.Key {
		text += "keyframe, "
	}
	return text + fmt.Sprintf("data of %d bytes", p.PayloadSize)
}
