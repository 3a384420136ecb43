package dtsc

import (
	"strings"
	"testing"
)

// longValue is as MstCapa is: some thousand strings, a few levels deep.
func longValue(b *testing.B) []byte {
	connector := `{"deps":"HTTP","desc":"Segmented streaming in Apple (TS-based) format over HTTP","codecs":[[["H264","MP3"]],[["AAC"]]],` +
		`"optional":{"timeout":{"default":15,"help":"How long to wait","min":0,"name":"Timeout","type":"uint"}},"priority":9}`
	packed, err := Pack(nil, []byte("["+strings.Repeat(connector+",", 500)+"null]"))
	if err != nil {
		b.Fatal(err)
	}
	return packed
}

func BenchmarkAppendJSON(b *testing.B) {
	for name, packed := range map[string][]byte{"configuration": []byte(scnf), "capabilities": longValue(b)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(packed)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				var err error
				if out, err = AppendJSON(out[:0], packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPack(b *testing.B) {
	for name, packed := range map[string][]byte{"configuration": []byte(scnf), "capabilities": longValue(b)} {
		text, err := AppendJSON(nil, packed)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				if out, err = Pack(out[:0], text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	packed := []byte(scnf)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Lookup(packed, "source"); !ok {
			b.Fatal("no source")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	packed := longValue(b)
	b.SetBytes(int64(len(packed)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPackets(b *testing.B) {
	var page []byte
	payload := make([]byte, 1024)
	for n := range uint64(1000) {
		var err error
		if page, err = AppendPacket(page, &Packet{Time: 40 * n, PacketOffset: 40, Key: n%50 == 0}, payload); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		count := 0
		for _, err := range Packets(page) {
			if err != nil {
				b.Fatal(err)
			}
			count++
		}
		if count != 1000 {
			b.Fatal(count)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/packet")
}

func BenchmarkAppendPacket(b *testing.B) {
	payload, out := make([]byte, 1024), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = AppendPacket(out[:0], &Packet{Time: 40, PacketOffset: 40, Key: true}, payload); err != nil {
			b.Fatal(err)
		}
	}
}
