package dtsc

import (
	"encoding/json"
	"strings"
	"testing"
)

// checkBothWays holds a packed value against its canonical JSON.
func checkBothWays(t testing.TB, packed, text string) {
	t.Helper()
	got, err := AppendJSON(nil, []byte(packed))
	if err != nil || string(got) != text {
		t.Errorf("AppendJSON(%q) = %s, %v; want %s", packed, got, err, text)
	}
	again, err := Pack(nil, []byte(text))
	if err != nil || string(again) != packed {
		t.Errorf("Pack(%s) = %q, %v; want %q", text, again, err, packed)
	}
}

func packedString(s string) string {
	n := len(s)
	return "\x02" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + s
}

func packedObject(members ...string) string {
	b := "\xe0"
	for i := 0; i < len(members); i += 2 {
		n := len(members[i])
		b += string([]byte{byte(n >> 8), byte(n)}) + members[i] + members[i+1]
	}
	return b + closed
}

func TestBothWays(t *testing.T) {
	if len(scnf) != 38 {
		t.Errorf("the sample of Appendix A has %d bytes, want 38", len(scnf))
	}
	for _, tt := range []struct{ packed, text string }{
		{scnf, `{"DVR":50000,"source":"push://"}`},
		{"\x01\x7f\xff\xff\xff\xff\xff\xff\xff", "9223372036854775807"},
		{"\x01\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"},
		{"\x01\x00\x20\x00\x00\x00\x00\x00\x01", "9007199254740993"}, // 2^53 + 1
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff", "-1"},
		{"\x03", "null"},
		{"\x0a" + closed, "[]"},
		{"\xe0" + closed, "{}"},
		{"\x0a" + packedTwo + "\x03" + packedText + closed, `[2,null,"hi"]`},
		{packedObject("A", "\x03", "AA", "\x03", "Z", "\x03", "a", "\x03", "\u00e9", "\x03"), `{"A":null,"AA":null,"Z":null,"a":null,"é":null}`},

		// Doubles.
		{packedHalf, "0.5"},
		{"\x04\x3f\xf0\x00\x00\x00\x00\x00\x00", "1.0"},
		{"\x04\xc0\x00\x00\x00\x00\x00\x00\x00", "-2.0"},
		{"\x04\x80\x00\x00\x00\x00\x00\x00\x00", "-0.0"},
		{"\x04\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1"},
		{"\x04\x44\x4b\x1a\xe4\xd6\xe2\xef\x50", "1e+21"},
		{"\x04\x44\x15\xaf\x1d\x78\xb5\x8c\x40", "100000000000000000000.0"},
		{"\x04\x3e\x7a\xd7\xf2\x9a\xbc\xaf\x48", "1e-7"},
		{"\x04\x3d\xd3\x3d\xcf\xe5\x4a\x38\x03", "7e-11"},
		{"\x04\x7f\xef\xff\xff\xff\xff\xff\xff", "1.7976931348623157e+308"},
		{"\x04\x00\x00\x00\x01\x00\x00\x00\x00", "2.121995791e-314"},
		{"\x04\x00\x00\x00\x00\x00\x00\x00\x00", `{"double":0.0,"hex":"0000000000000000"}`}, // what 1.5 becomes
		{"\x04\x00\x00\x00\x00\x99\x99\x99\x9a", `{"double":1.273197475e-314,"hex":"000000009999999a"}`},
		{"\x04\x00\x00\x00\x00\xff\xff\xff\xff", `{"double":2.1219957905e-314,"hex":"00000000ffffffff"}`},
		{"\x04\x7f\xf0\x00\x00\x00\x00\x00\x00", `{"double":null,"hex":"7ff0000000000000"}`},
		{"\x04\xff\xf0\x00\x00\x00\x00\x00\x00", `{"double":null,"hex":"fff0000000000000"}`},
		{"\x04\x7f\xf8\x00\x00\x00\x00\x00\x01", `{"double":null,"hex":"7ff8000000000001"}`},

		// Strings.
		{packedString(""), `""`},
		{packedString("\"\\/\b\f\n\r\t\x00\x1f\x7f<&>"), `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `<&>"`},
		{packedString("grün \u2028 \U0001f3a5"), "\"grün \u2028 \U0001f3a5\""},
		{packedString("\xff\x00"), `{"hex":"ff00"}`},
		{packedString("a\xed\xa0\x80"), `{"hex":"61eda080"}`}, // half of a surrogate pair
		{packedString("\ufffd"), "\"\ufffd\""},

		// What could be taken for something else.
		{packedObject("hex", packedString("00")), `{"hex":{"hex":"3030"}}`},
		{packedObject("hex", packedString("\xff")), `{"hex":{"hex":"ff"}}`},
		{packedObject("hex", packedTwo), `{"hex":2}`},
		{packedObject("hex", "\x0a"+packedText+closed), `{"hex":["hi"]}`},
		{packedObject("hex", packedObject("hex", packedString("hi"))), `{"hex":{"hex":{"hex":"6869"}}}`},
		{packedObject("double", packedHalf, "hex", packedString("hi")), `{"double":0.5,"hex":{"hex":"6869"}}`},
		{packedObject("double", "\x03"), `{"double":null}`},
		{packedObject("hex:00", "\x03"), `{"hex:6865783a3030":null}`},
		{packedObject("a\xff", "\x03"), `{"hex:61ff":null}`},
		{packedObject("Hex:00", "\x03"), `{"Hex:00":null}`},
		{packedObject("\"\x00", "\x03"), `{"\"\u0000":null}`},
		{packedObject(strings.Repeat("n", 65535), "\x03"), `{"` + strings.Repeat("n", 65535) + `":null}`},
	} {
		checkBothWays(t, tt.packed, tt.text)
		if !json.Valid([]byte(tt.text)) {
			t.Errorf("%s is not JSON", tt.text)
		}
	}
}

// What is not as MistServer would write it is shown all the same.
func TestAppendJSON(t *testing.T) {
	for _, tt := range []struct{ packed, text string }{
		{everyKind, `{"a":[2,"hi",[],{}],"n":null,"h":0.5}`},
		{"\xff\x00\x01a" + packedTwo + "\x00\x00\x17", `{"a":2}`},
		{scnf + "\x00\x00\x00", `{"DVR":50000,"source":"push://"}`},
		{"\x03\x02", "null"},
		{"\x0a\x0a" + closed + closed, "[[]]"},

		// Names that come again: the last one, where it stands.
		{packedObject("a", packedTwo, "a", packedText), `{"a":"hi"}`},
		{packedObject("a", packedTwo, "b", "\x03", "a", packedText), `{"b":null,"a":"hi"}`},
		{packedObject("b", packedTwo, "a", "\x03", "b", packedText), `{"a":null,"b":"hi"}`},
		{packedObject("b", packedTwo, "b", packedTwo, "b", "\x03"), `{"b":null}`},
		{packedObject("b", "\x03", "a", packedTwo), `{"b":null,"a":2}`},
		{
			packedObject("x", packedObject("b", "\x03", "b", packedTwo), "a", "\x0a"+packedObject("b", "\x03", "b", packedText)+closed, "x", packedObject("c", "\x03", "c", packedTwo)),
			`{"a":[{"b":"hi"}],"x":{"c":2}}`,
		},
	} {
		got, err := AppendJSON([]byte("before "), []byte(tt.packed))
		if err != nil || string(got) != "before "+tt.text {
			t.Errorf("AppendJSON(%q) = %s, %v; want %s", tt.packed, got, err, tt.text)
		}
	}
}

func TestAppendJSONFunc(t *testing.T) {
	packed := packedObject(
		"source", packedString("rtmp://me:secret@host/"),
		"targets", "\x0a"+packedString("one")+"\x0a"+packedString("two")+closed+packedObject("key", packedString("three"))+packedString("four")+closed,
		"n", packedTwo, "pin", packedTwo,
	)
	var seen []string
	got, err := AppendJSONFunc(nil, []byte("\x0a"+packedString("top")+packed+closed), func(name, value []byte) []byte {
		seen = append(seen, string(name)+"="+string(value))
		if string(name) == "key" || string(name) == "pin" {
			return []byte("***")
		}
		return value
	})
	want := `["top",{"source":"rtmp://me:secret@host/","targets":["one",["two"],{"key":"***"},"four"],"n":2,"pin":"***"}]`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if got, want := strings.Join(seen, " "), "=top source=rtmp://me:secret@host/ targets=one targets=two key=three targets=four n=2 pin=2"; got != want {
		t.Errorf("strings seen: %s\nwant %s", got, want)
	}
}

func TestAppendJSONAllocatesLittle(t *testing.T) {
	packed, dst := []byte(everyKind), make([]byte, 0, 4096)
	allocates(t, 1, func() { // where the members are
		if _, err := AppendJSON(dst, packed); err != nil {
			t.Fatal(err)
		}
	})
}
