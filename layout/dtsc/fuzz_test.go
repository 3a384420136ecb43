package dtsc

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func addPacked(f *testing.F) {
	for _, packed := range []string{scnf, everyKind, packedObject("hex", packedText), packedObject("b", "\x03", "a", packedTwo, "b", packedHalf)} {
		f.Add([]byte(packed))
	}
	for _, tt := range malformed {
		f.Add([]byte(tt.packed))
	}
}

// asMistServer reports whether v is packed as MistServer packs: names sorted,
// no name twice, no 0xFF, and containers with the end that they should have.
func asMistServer(v Value) bool {
	names := map[int][]byte{}
	for p, err := range Pieces(v.Packed()) {
		if err != nil {
			return false
		}
		if before, ok := names[p.Depth]; ok && p.Name != nil && bytes.Compare(before, p.Name) >= 0 {
			return false
		}
		if p.Kind != End {
			names[p.Depth] = p.Name
		}
		switch p.Kind {
		case Object, Array:
			if v.Packed()[p.ValueOffset] != byte(p.Kind) {
				return false
			}
			delete(names, p.Depth+1)
		case End:
			if v.Packed()[p.End-1] != byte(End) {
				return false
			}
		}
	}
	return true
}

// FuzzAppendJSON: whatever the bytes, nothing panics, the JSON is valid, not
// much longer than they are, names nothing twice, and packs to a value that
// gives the same JSON but for the order; and to the same bytes, if MistServer
// could have written them.
func FuzzAppendJSON(f *testing.F) {
	addPacked(f)
	f.Fuzz(func(t *testing.T, packed []byte) {
		was := bytes.Clone(packed)
		checkPieces(t, packed)
		text, err := AppendJSON(nil, packed)
		v, decodeErr := Decode(packed)
		if (err == nil) != (decodeErr == nil) {
			t.Fatalf("AppendJSON says %v, Decode %v", err, decodeErr)
		}
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) || format.Offset < 0 || format.Offset > int64(len(packed)) {
				t.Fatalf("%v of %d bytes", err, len(packed))
			}
			return
		}
		if !json.Valid(text) || len(text) > 8*len(v.Packed()) {
			t.Fatalf("%d bytes make %d: %s", len(v.Packed()), len(text), text)
		}
		again, err := Pack(nil, text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if asMistServer(v) && !bytes.Equal(again, v.Packed()) {
			t.Fatalf("%s packs to (-want +got):\n%s", text, cmp.Diff(v.Packed(), again))
		}
		checkCanonical(t, again)
		walkValue(v)
		if !bytes.Equal(was, packed) {
			t.Fatal("reading changed the bytes")
		}
	})
}

// checkPieces holds the pieces against each other: they lie back to back.
func checkPieces(t *testing.T, packed []byte) {
	at, depth := 0, 0
	for p, err := range Pieces(packed) {
		if p.Offset != at {
			t.Fatalf("piece at %d, want %d", p.Offset, at)
		}
		if err != nil {
			return
		}
		if p.ValueOffset < p.Offset || p.End <= p.ValueOffset || p.End > len(packed) || p.Depth > MaxDepth {
			t.Fatalf("piece %+v of %d bytes", p, len(packed))
		}
		switch at = p.End; p.Kind {
		case Array, Object:
			depth++
		case End:
			depth--
		}
	}
	if depth != 0 {
		t.Fatalf("%d containers are open", depth)
	}
}

// checkCanonical holds what Pack has made against its own JSON.
func checkCanonical(t *testing.T, packed []byte) {
	text, err := AppendJSON(nil, packed)
	if err != nil {
		t.Fatalf("%v in %q", err, packed)
	}
	if v, err := Decode(packed); err != nil || !asMistServer(v) || len(v.Packed()) != len(packed) {
		t.Fatalf("not as MistServer packs: %q", packed)
	}
	again, err := Pack(nil, text)
	if err != nil || !bytes.Equal(packed, again) {
		t.Fatalf("%v, %s packs to (-want +got):\n%s", err, text, cmp.Diff(packed, again))
	}
}

func walkValue(v Value) {
	_, _, _, _ = v.Int(), v.Float(), v.Text(), v.Broken()
	for name, member := range v.Members() {
		if _, ok := v.Lookup(name); !ok {
			panic("a member is not found: " + name)
		}
		walkValue(member)
	}
	for element := range v.Elements() {
		walkValue(element)
	}
}

// FuzzPack: Pack takes no text that is not JSON, and what it makes is canonical.
// A text that is canonical already comes back as it is, and the others mean the
// same as before.
func FuzzPack(f *testing.F) {
	for _, text := range []string{
		`{"b":[1,2.5,"é\ud83c\udfa5"],"a":{"hex":"00ff"}}`, `{"hex:ff":null,"d":{"double":0.0,"hex":"0000000000000000"}}`,
		` [ true , -0 , 1E400 ] `, `{"a":1,"a":2}`, `"\ud800"`, strings.Repeat("[", 66), `{"":1}`, `{"hex":{"hex":""}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		was := bytes.Clone(text)
		packed, err := Pack(nil, text)
		if !bytes.Equal(was, text) {
			t.Fatal("packing changed the text")
		}
		if err != nil {
			var place *JSONError
			if !errors.As(err, &place) || place.Offset < 0 || place.Offset > int64(len(text)) {
				t.Fatalf("%v of %d bytes", err, len(text))
			}
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q packs to %q", text, packed)
		}
		checkCanonical(t, packed)
		checkMeaning(t, text, packed)
	})
}

// checkMeaning holds a text with no {"hex":…}, and no number that a double
// cannot hold, against encoding/json.
func checkMeaning(t *testing.T, text, packed []byte) {
	shown, err := AppendJSON(nil, packed)
	if err != nil || bytes.Contains(text, []byte("hex")) || bytes.Contains(text, []byte(`\u`)) || bytes.Contains(shown, []byte("hex")) {
		return
	}
	var want, got any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(shown, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(withoutBooleans(want), got); d != "" {
		t.Fatalf("%s became %s (-want +got):\n%s", text, shown, d)
	}
}

func withoutBooleans(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return 1.0
		}
		return 0.0
	case float64:
		return v + 0 // no -0
	case []any:
		for i := range v {
			v[i] = withoutBooleans(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withoutBooleans(v[name])
		}
	}
	return v
}

// FuzzPackets: whatever the bytes, nothing panics or hangs; packets lie back to
// back inside the page; and what is read of one encodes to a packet that reads
// the same.
func FuzzPackets(f *testing.F) {
	f.Add([]byte(plainPacket + fullPacket + "\x00\x00\x00\x00"))
	f.Add([]byte(packetOf("\x00\x04ivec" + packedText + "\x00\x04bpos" + packedTwo)))
	f.Add([]byte(plainPacket + packetOf("\x00\x08keyframe\x03")))
	f.Fuzz(func(t *testing.T, page []byte) {
		at := 0
		for p, err := range Packets(page) {
			if p.Offset != at {
				t.Fatalf("packet %+v at %d", p, at)
			}
			if err != nil {
				var format *FormatError
				if !errors.As(err, &format) || format.Offset < int64(at) || format.Offset > int64(len(page)) {
					t.Fatalf("%v at %d of %d bytes", err, at, len(page))
				}
				return
			}
			if at += p.Size; p.Size < packetMinSize || at > len(page) {
				t.Fatalf("packet %+v of %d bytes", p, len(page))
			}
			checkPacket(t, p, p.Payload(page))
		}
	})
}

func checkPacket(t *testing.T, p Packet, payload []byte) {
	encoded, err := AppendPacket(nil, &p, payload)
	if err != nil || len(encoded) != PacketSize(&p, len(payload)) {
		t.Fatalf("%+v: %d bytes, %v", p, len(encoded), err)
	}
	again, err := NextPacket(encoded, 0)
	if err != nil || !bytes.Equal(again.Payload(encoded), payload) {
		t.Fatalf("%+v: %+v, %v", p, again, err)
	}
	want := p
	want.Offset, want.Size, want.PayloadOffset = 0, len(encoded), again.PayloadOffset
	if again != want {
		t.Fatalf("(-want +got):\n%s", cmp.Diff(want, again))
	}
}

// FuzzPushList: whatever the bytes, nothing panics or hangs, and what is read
// encodes to the bytes that it was read from.
func FuzzPushList(f *testing.F) {
	f.Add([]byte(pushPage))
	f.Fuzz(func(t *testing.T, page []byte) {
		list, err := readPushes(string(page))
		again, appendErr := AppendPushList(nil, list)
		if appendErr != nil {
			t.Fatalf("%+v: %v", list, appendErr)
		}
		if size := len(again) - pidSize; !bytes.HasPrefix(page, again[:size]) {
			t.Fatalf("(-want +got):\n%s", cmp.Diff(page, again))
		}
		if read, readErr := readPushes(string(again)); readErr != nil || !slices.Equal(read, list) {
			t.Fatalf("%+v, %v; then %+v, %v", list, err, read, readErr)
		}
	})
}
