package dtsc_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"shmtool/layout/dtsc"
)

// headPages are data pages, whole and broken, for every way to read a head.
func headPages(t testing.TB) map[string][]byte {
	page := func(packets ...dtsc.Packet) []byte {
		var b []byte
		for i := range packets {
			var err error
			b, err = dtsc.AppendPacket(b, &packets[i], bytes.Repeat([]byte{0, 0, 0xee}, 7+i*200))
			if err != nil {
				t.Fatal(err)
			}
		}
		return append(b, make([]byte, 40)...)
	}
	full := page(dtsc.Packet{Track: 1, Time: 680, Key: true, PacketOffset: -40, BytePos: 7, HasBytePos: true}, dtsc.Packet{Track: 1, Time: 720})
	// A member that is no payload stands behind it, and a long one before it.
	behind := []byte("DTP2\x00\x00\x01\x10\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\xe0\x00\x04data\x02\x00\x00\x00\xe0")
	behind = append(behind, make([]byte, 0xe0)...)
	behind = append(behind, "\x00\x08keyframe\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\xee"...)
	behind[7] = byte(len(behind) - 8)
	before := bytes.Replace(behind, []byte("\x00\x04data"), []byte("\x00\x04what"), 1)
	wrong := bytes.Clone(full)
	wrong[20] = 0x01
	return map[string][]byte{
		"full": full, "behind": behind, "before": before, "no object": wrong,
		"cut": full[:len(full)-200], "zeros": make([]byte, 30), "none": {}, "short": []byte("DTP2\x00\x00"),
		"noise": []byte("no packet, and long enough for one"), "3 bytes": {0, 0, 0},
	}
}

// However much of a packet is at hand, what its head tells is what the whole
// page does, or that more is needed; and all of what is asked for is enough.
func TestPacketHead(t *testing.T) {
	for name, page := range headPages(t) {
		for at := 0; ; {
			want, wantErr := dtsc.NextPacket(page, at)
			for n := 0; n <= len(page)-at; n++ {
				checkHead(t, name, page, at, n, want, wantErr)
			}
			if wantErr != nil {
				break
			}
			at += want.Size
		}
	}
}

func checkHead(t *testing.T, name string, page []byte, at, n int, want dtsc.Packet, wantErr error) {
	t.Helper()
	got, err := dtsc.PacketHead(page[at:at+n:at+n], at, len(page))
	if errors.Is(err, io.ErrShortBuffer) {
		if got.Size <= n || got.Size > len(page)-at {
			t.Fatalf("%s: %d bytes at %d: needs %d", name, n, at, got.Size)
		}
		return
	}
	var wrong *dtsc.FormatError
	if err == nil && n < got.Size && errors.As(wantErr, &wrong) && wrong.Offset >= int64(got.PayloadOffset+got.PayloadSize) {
		return // what is wrong lies behind the payload, which is not looked at
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(err, wantErr) {
		t.Fatalf("%s: %d bytes at %d: %+v, %v; the page has %+v, %v", name, n, at, got, err, want, wantErr)
	}
}

// The head that is said to be enough is, for what MistServer writes.
func TestPacketHeadSize(t *testing.T) {
	page := headPages(t)["full"]
	count := 0
	for at := 0; ; count++ {
		p, err := dtsc.PacketHead(page[at:min(len(page), at+dtsc.PacketHeadSize)], at, len(page))
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at += p.Size
	}
	if count != 2 {
		t.Errorf("%d packets", count)
	}
}

func FuzzPacketHead(f *testing.F) {
	for _, page := range headPages(f) {
		f.Add(page, 100)
	}
	f.Fuzz(func(t *testing.T, page []byte, n int) {
		want, wantErr := dtsc.NextPacket(page, 0)
		if n >= 0 && n <= len(page) {
			checkHead(t, "fuzz", page, 0, n, want, wantErr)
		}
	})
}
