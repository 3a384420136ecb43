package dtsc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// What people write is not always canonical: its canonical form is.
func TestPack(t *testing.T) {
	for _, tt := range []struct{ text, canonical string }{
		{" \t\r\n 2 \n", "2"},
		{"true", "1"},
		{"false", "0"},
		{"[true,false,null]", "[1,0,null]"},
		{"-0", "0"},
		{"1e3", "1000.0"},
		{"1E+3", "1000.0"},
		{"2.50", "2.5"},
		{"0.1e-5", "0.000001"},
		{"0.1e-6", "1e-7"},
		{"1e-999", `{"double":0.0,"hex":"0000000000000000"}`},
		{"0.0", `{"double":0.0,"hex":"0000000000000000"}`},
		{`{"double":0,"hex":"0000000000000000"}`, `{"double":0.0,"hex":"0000000000000000"}`},
		{`{"double":0.5,"hex":"3fE0000000000000"}`, "0.5"},
		{` { "hex" : "7FF0000000000000" , "double" : null } `, `{"double":null,"hex":"7ff0000000000000"}`},
		{`{"hex":"6869"}`, `"hi"`},
		{`{ "hex" : "" }`, `""`},
		{`{"\u0068ex":"\u0036869"}`, `"hi"`},
		{`{"hex":"6869","x":1}`, `{"hex":{"hex":"36383639"},"x":1}`},
		{`{"double":"no","x":1}`, `{"double":"no","x":1}`},
		{`{"hex":null}`, `{"hex":null}`},
		{`"\u00e9\ud83c\udfa5\u0041\/"`, `"é🎥A/"`},
		{`{"b":1,"a":{"d":1,"c":[]},"é":3,"Z":4}`, `{"Z":4,"a":{"c":[],"d":1},"b":1,"é":3}`},
		{"{\"a\" : [ 1 , { } , [ ] ] ,\n\"b\":{ \"x\" : \"y\" } }", `{"a":[1,{},[]],"b":{"x":"y"}}`},
		{`{"hex:6869":1,"ha":2,"hz":3}`, `{"ha":2,"hi":1,"hz":3}`},
		{`{"10":1,"9":2}`, `{"10":1,"9":2}`},
	} {
		packed, err := Pack(nil, []byte(tt.text))
		if err != nil {
			t.Errorf("Pack(%s): %v", tt.text, err)
			continue
		}
		checkBothWays(t, string(packed), tt.canonical)
	}
}

func TestPackAppends(t *testing.T) {
	dst := append(make([]byte, 0, 4096), "before"...)
	got, err := Pack(dst, []byte(`{"b":1,"a":{"hex":"00"}}`))
	if err != nil || !strings.HasPrefix(string(got), "before\xe0\x00\x01a\x02") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPackRefuses(t *testing.T) {
	deep := func(n int, inner string) string {
		return strings.Repeat("[", n) + inner + strings.Repeat("]", n)
	}
	for _, tt := range []struct{ text, message string }{
		{"", "byte 0: not JSON: unexpected end of JSON input"},
		{"  ", "byte 2: not JSON: unexpected end of JSON input"},
		{"{", "byte 1: not JSON: unexpected end of JSON input"},
		{`{"a":01}`, "byte 6: not JSON: invalid character '1' after object key:value pair"},
		{"[1,]", "byte 3: not JSON: invalid character ']' looking for beginning of value"},
		{"1 2", "byte 2: not JSON: invalid character '2' after top-level value"},
		{"NaN", "byte 0: not JSON: invalid character 'N' looking for beginning of value"},
		{"\"a\nb\"", "byte 2: not JSON: invalid character '\\n' in string literal"},
		{"9223372036854775808", "byte 0: number is out of the range of 64 bits with a sign: 9223372036854775808"},
		{"-9223372036854775809", "byte 0: number is out of the range of 64 bits with a sign: -9223372036854775809"},
		{`{"a":[0,{"b/c~":18446744073709551615}]}`, "byte 16, /a/1/b~1c~0: number is out of the range of 64 bits with a sign: 18446744073709551615"},
		{"[" + strings.Repeat("9", 100) + "]", "byte 1, /0: number is out of the range of 64 bits with a sign: " + strings.Repeat("9", 64) + "…"},
		{"1e999", "byte 0: number is out of the range of a double: 1e999"},
		{`{"":1}`, "byte 1: name is empty, which ends an object"},
		{`{"a":{"hex:":1}}`, "byte 6, /a: name is empty, which ends an object"},
		{`{"hex:0":1}`, "byte 1: name is not hex: and an even number of digits"},
		{`{"hex:zz":1}`, "byte 1: name is not hex: and an even number of digits"},
		{`{"` + strings.Repeat("n", 65536) + `":1}`, "byte 1: name has more than 65535 bytes: " + strings.Repeat("n", 64) + "…"},
		{`{"a":1,"a":2}`, "byte 7: name comes twice: a"},
		{`{"x":{"b":1,"a":2,"\u0062":3}}`, "byte 18, /x: name comes twice: b"},
		{`{"hi":1,"hex:6869":2}`, "byte 8: name comes twice: hi"},
		{`{"hex":"00","hex":"00"}`, "byte 12: name comes twice: hex"},
		{`{"s":{"hex":"0"}}`, "byte 6, /s: hex is not an even number of hexadecimal digits"},
		{`{"hex":"0g"}`, "byte 1: hex is not an even number of hexadecimal digits"},
		{`{"double":1.5,"hex":"3ff8"}`, "byte 14: hex of a double is not 16 hexadecimal digits"},
		{`{"double":1.5,"hex":"3ff80000000000000"}`, "byte 14: hex of a double is not 16 hexadecimal digits"},
		{`{"double":1.5,"hex":"3ff800000000000z"}`, "byte 14: hex of a double is not 16 hexadecimal digits"},
		{`{"double":1.5,"hex":"000000009999999a"}`, `byte 1: double is not what its hex says: {"double":1.273197475e-314,"hex":"000000009999999a"}`},
		{`{"double":null,"hex":"3ff8000000000000"}`, "byte 1: double is not what its hex says: 1.5"},
		{`{"double":"1","hex":"3ff8000000000000"}`, "byte 1: double is not what its hex says: 1.5"},
		{"[\"\xff\"]", `byte 1, /0: string is not UTF-8; bytes are written as {"hex":"…"}`},
		{"{\"a\xff\":1}", `byte 1: string is not UTF-8; bytes are written as {"hex":"…"}`},
		{`"a\ud83c"`, "byte 2: half of a surrogate pair stands alone"},
		{`"\udfa5x"`, "byte 1: half of a surrogate pair stands alone"},
		{`"\ud83c\ud83c"`, "byte 1: half of a surrogate pair stands alone"},
		{`"\ud83c\n"`, "byte 1: half of a surrogate pair stands alone"},
		{deep(64, `{}`), "byte 64, " + strings.Repeat("/0", 64) + ": arrays and objects are nested deeper than 64"},
		{deep(65, ``), "byte 64, " + strings.Repeat("/0", 64) + ": arrays and objects are nested deeper than 64"},
		{deep(64, `{"a":{}}`), "byte 69, " + strings.Repeat("/0", 64) + "/a: arrays and objects are nested deeper than 64"},
		{deep(64, `{"a":{"b":[]}}`), "byte 69, " + strings.Repeat("/0", 64) + "/a: arrays and objects are nested deeper than 64"},
	} {
		dst := []byte("before")
		got, err := Pack(dst, []byte(tt.text))
		var place *JSONError
		if !errors.As(err, &place) || err.Error() != tt.message {
			t.Errorf("Pack(%.80s) = %v\nwant %s", tt.text, err, tt.message)
		}
		if string(got) != "before" {
			t.Errorf("Pack(%.80s) gives %q", tt.text, got)
		}
	}
}

func TestPackLeavesTheTextAlone(t *testing.T) {
	text := `{"b":{"hex":"00ff"},"hex:61":[1.5,"\u00e9"]}`
	given := []byte(text)
	if _, err := Pack(nil, given); err != nil || string(given) != text {
		t.Errorf("%s, %v", given, err)
	}
}

// Pack's text is what others write too.
func TestPackOfMarshal(t *testing.T) {
	text, err := json.MarshalIndent(map[string]any{"source": "push://<&>\u2028", "DVR": 50000, "list": []float64{1.5, 2e30}}, "\t", "  ")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := Pack(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	checkBothWays(t, string(packed), "{\"DVR\":50000,\"list\":[1.5,2e+30],\"source\":\"push://<&>\u2028\"}")
}

func TestPackAllocatesLittle(t *testing.T) {
	dst := make([]byte, 0, 4096)
	for text, most := range map[string]float64{
		`{"DVR":50000,"list":[1.5,{"hex":"00ff"}],"source":"push://"}`: 2, // where the members are, and what encoding/json pools
		`{"source":"push://","list":[1.5,{"hex":"00ff"}],"DVR":50000}`: 5, // and to sort them
	} {
		given := []byte(text)
		allocates(t, most, func() {
			if _, err := Pack(dst, given); err != nil {
				t.Fatal(err)
			}
		})
	}
}
