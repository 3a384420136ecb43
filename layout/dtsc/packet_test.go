package dtsc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const plainPacket = "DTP2\x00\x00\x00\x1f\x00\x00\x00\x07\x00\x00\x01\x02\x03\x04\x05\x06" +
	"\xe0\x00\x04data\x02\x00\x00\x00\x04\xde\xad\xbe\xef\x00\x00\xee"

const fullPacket = "DTP2\x00\x00\x00\x52\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05\x00\xe0" +
	"\x00\x06offset\x01\xff\xff\xff\xff\xff\xff\xff\xd8" +
	"\x00\x04bpos\x01\x00\x00\x00\x00\x00\x01\x00\x00" +
	"\x00\x08keyframe\x01\x00\x00\x00\x00\x00\x00\x00\x01" +
	"\x00\x04data\x02\x00\x00\x00\x04\xde\xad\xbe\xef" +
	"\x00\x00\xee"

func TestNextPacket(t *testing.T) {
	page := []byte(plainPacket + fullPacket + "\x00\x00\x00\x00DTP2")
	want := []Packet{
		{Offset: 0, Size: 39, Track: 7, Time: 0x10203040506, PayloadOffset: 32, PayloadSize: 4},
		{
			Offset: 39, Size: 24 + 17 + 15 + 19 + 11 + 4, Track: 1, Time: 1280, PacketOffset: -40, BytePos: 65536, HasBytePos: true, Key: true,
			PayloadOffset: 39 + 83, PayloadSize: 4,
		},
	}
	var got []Packet
	var again []byte
	for p, err := range Packets(page) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
		if payload := p.Payload(page); string(payload) != "\xde\xad\xbe\xef" {
			t.Errorf("packet at %d: payload %x", p.Offset, payload)
		}
		if again, err = AppendPacket(again, &p, p.Payload(page)); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !bytes.Equal(again, page[:len(again)]) || len(again) != len(plainPacket)+len(fullPacket) {
		t.Errorf("encoded (-want +got):\n%s", cmp.Diff(page, again))
	}
}

func TestNoPacket(t *testing.T) {
	for _, tt := range []struct {
		page string
		at   int
	}{
		{"", 0},
		{"DTP", 0},
		{"\x00\x00\x00\x00", 0},
		{"\x00\x00\x00\x00" + plainPacket[4:], 0}, // being written
		{plainPacket, 39},
		{plainPacket, 40},
		{plainPacket, -1},
		{plainPacket + "DTP", 39},
	} {
		if p, err := NextPacket([]byte(tt.page), tt.at); err != io.EOF {
			t.Errorf("%q at %d: %+v, %v", tt.page, tt.at, p, err)
		}
	}
}

// packetOf is a packet whose object has these members.
func packetOf(members string) string {
	b := binary.BigEndian.AppendUint32([]byte("DTP2"), uint32(12+1+len(members)+3))
	return string(append(b, make([]byte, 12)...)) + "\xe0" + members + closed
}

func TestPacketAsNobodyWritesIt(t *testing.T) {
	long := binary.BigEndian.AppendUint32([]byte("DTP2"), uint32(len(plainPacket)-8+3))
	for _, tt := range []struct {
		name, page string
		want       Packet
	}{
		{"no payload", packetOf(""), Packet{Size: 24}},
		{"empty payload", packetOf("\x00\x04data" + packedString("")), Packet{Size: 35, PayloadOffset: 32}},
		{"another order", packetOf("\x00\x04data" + packedString("x") + "\x00\x08keyframe" + packedTwo), Packet{Size: 55, PayloadOffset: 32, PayloadSize: 1, Key: true}},
		{"zeros said", packetOf("\x00\x04bpos\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08keyframe\x01\x00\x00\x00\x00\x00\x00\x00\x00"), Packet{Size: 58, HasBytePos: true}},
		{"members of others", packetOf("\x00\x04ivec" + packedString("12345678") + "\x00\x01x\xe0\x00\x04bpos\x03" + closed), Packet{Size: 24 + 19 + 14}},
		{"leftover", string(long) + plainPacket[8:] + "abc", Packet{Size: 42, Track: 7, Time: 0x10203040506, PayloadOffset: 32, PayloadSize: 4}},
	} {
		got, err := NextPacket([]byte(tt.page), 0)
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v\nwant %+v", tt.name, got, err, tt.want)
		}
		if got.HasBytePos && PacketSize(&got, 0) != 24+15+11 {
			t.Errorf("%s: a byte position of 0 is not kept", tt.name)
		}
	}
}

func TestMalformedPacket(t *testing.T) {
	for _, tt := range []struct {
		name, page, message string
		cut                 int // bytes that are missing at the end
	}{
		{"magic of a header", "DTSC" + plainPacket[4:], `byte 39: no packet begins here: "DTSC"`, 0},
		{"magic of old packets", "DTPD" + plainPacket[4:], `byte 39: no packet begins here: "DTPD"`, 0},
		{"head cut", plainPacket, "byte 39: packet is cut short, size: 10", 29},
		{"cut by a byte", plainPacket, "byte 43: packet runs past the end, size: 39", 1},
		{"4 GiB", "DTP2\xff\xff\xff\xff" + plainPacket[8:], "byte 43: packet runs past the end, size: 4294967303", 0},
		{"no size", "DTP2\x00\x00\x00\x00" + plainPacket[8:], "byte 43: packet is too short for its object, size: 8", 0},
		{"size without object's end", "DTP2\x00\x00\x00\x0f" + plainPacket[8:], "byte 43: packet is too short for its object, size: 23", 0},
		{"size cuts the payload", "DTP2\x00\x00\x00\x1b" + plainPacket[8:], "byte 66: string runs past the end, size: 9", 0},
		{"size cuts the end", "DTP2\x00\x00\x00\x1e" + plainPacket[8:], "byte 75: container does not end", 0},
		{"no object", plainPacket[:20] + "\x0a" + plainPacket[21:], "byte 59: packet is no object: 0x0a", 0},
		{"unknown kind", packetOf("\x00\x01x\x17"), "byte 63: no such kind of value: 0x17", 0},
		{"offset is a string", packetOf("\x00\x06offset" + packedText), "byte 68: packet's offset is not of kind integer: string", 0},
		{"keyframe is null", packetOf("\x00\x08keyframe\x03"), "byte 70: packet's keyframe is not of kind integer: null", 0},
		{"data is an object", packetOf("\x00\x04data\xe0" + closed), "byte 66: packet's data is not of kind string: object", 0},
		{"broken inside another member", packetOf("\x00\x01x\x0a\x17\x17" + closed), "byte 64: no such kind of value: 0x17", 0},
	} {
		page := []byte(plainPacket + tt.page)
		var count int
		var last error
		for p, err := range Packets(page[:len(page)-tt.cut]) {
			if last = err; err == nil {
				count++
			} else if p != (Packet{Offset: 39}) {
				t.Errorf("%s: with the error comes %+v", tt.name, p)
			}
		}
		var format *FormatError
		if count != 1 || !errors.As(last, &format) || last.Error() != tt.message {
			t.Errorf("%s: %d packets, then %v\nwant %s", tt.name, count, last, tt.message)
		}
	}
}

func TestPacketSize(t *testing.T) {
	for _, p := range []Packet{{}, {Key: true}, {BytePos: 1}, {HasBytePos: true}, {PacketOffset: -1}, {PacketOffset: 40, BytePos: 1, Key: true, Time: 1, Track: 9}} {
		for _, payload := range []string{"", "x", strings.Repeat("y", 1000)} {
			b, err := AppendPacket([]byte("before"), &p, []byte(payload))
			if err != nil || len(b) != 6+PacketSize(&p, len(payload)) || !bytes.HasPrefix(b, []byte("beforeDTP2")) {
				t.Errorf("%+v with %d bytes: %d bytes, %v; want %d", p, len(payload), len(b)-6, err, PacketSize(&p, len(payload)))
			}
		}
	}
}

func TestPacketsBreaksOff(t *testing.T) {
	for p := range Packets([]byte(plainPacket + "junk")) {
		if p.Offset != 0 {
			t.Error("asked on")
		}
		break
	}
}

func TestPacketsAllocateNothing(t *testing.T) {
	page, dst := []byte(plainPacket+fullPacket), make([]byte, 0, 4096)
	allocates(t, 0, func() {
		b := dst
		for p, err := range Packets(page) {
			if err != nil {
				t.Fatal(err)
			}
			if b, err = AppendPacket(b, &p, p.Payload(page)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
