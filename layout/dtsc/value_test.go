package dtsc

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustDecode(t testing.TB, packed string) Value {
	t.Helper()
	v, err := Decode([]byte(packed))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDecode(t *testing.T) {
	for _, packed := range []string{scnf, everyKind, packedTwo, packedText, packedHalf, "\x03", "\x0a" + closed, "\x0a\x00\x00\x17"} {
		if v := mustDecode(t, packed+"\x01leftover"); string(v.Packed()) != packed {
			t.Errorf("%q has packed %q", packed, v.Packed())
		}
	}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		packed string
		kind   Kind
		i      int64
		f      float64
		text   string
		shown  string
		broken bool
	}{
		{packed: packedTwo, kind: Integer, i: 2, f: 2, shown: "2"},
		{packed: "\x01\x80\x00\x00\x00\x00\x00\x00\x00", kind: Integer, i: math.MinInt64, f: -1 << 63, shown: "-9223372036854775808"},
		{packed: packedText, kind: String, text: "hi", shown: "hi"},
		{packed: "\x02\x00\x00\x00\x00", kind: String},
		{packed: packedHalf, kind: Double, f: 0.5, shown: "0.5"},
		{packed: "\x04\x00\x00\x00\x00\x99\x99\x99\x9a", kind: Double, f: 1.273197475e-314, shown: `{"double":1.273197475e-314,"hex":"000000009999999a"}`, broken: true},
		{packed: "\x03", kind: Null, shown: "null"},
		{packed: "\x0a" + closed, kind: Array, shown: "[]"},
		{packed: "\xe0" + closed, kind: Object, shown: "{}"},
		{packed: "\xff" + closed, kind: Object, shown: "{}"},
	} {
		v := mustDecode(t, tt.packed)
		if v.Kind() != tt.kind || v.Int() != tt.i || v.Float() != tt.f || string(v.Text()) != tt.text || v.String() != tt.shown || v.Broken() != tt.broken {
			t.Errorf("%q: %v, %d, %g, %q, %s, %v; want %+v", tt.packed, v.Kind(), v.Int(), v.Float(), v.Text(), v, v.Broken(), tt)
		}
	}
}

func TestNoValue(t *testing.T) {
	var v Value
	if v.Kind() != None || v.Int() != 0 || v.Float() != 0 || v.Text() != nil || v.String() != "" || v.Packed() != nil || v.Broken() {
		t.Errorf("the zero Value has something: %#v", v)
	}
	if _, ok := v.Lookup(); ok {
		t.Error("the zero Value is found")
	}
	for range v.Members() {
		t.Error("the zero Value has members")
	}
	for range v.Elements() {
		t.Error("the zero Value has elements")
	}
}

func TestLookup(t *testing.T) {
	packed := "\xe0" +
		"\x00\x01a\xff\x00\x01b" + packedTwo + closed +
		"\x00\x01s" + packedText +
		"\x00\x01a\xe0\x00\x01b" + packedText + "\x00\x01c\x03" + closed +
		closed
	for _, tt := range []struct {
		path []string
		want string // "" for nothing
	}{
		{nil, `{"s":"hi","a":{"b":"hi","c":null}}`},
		{[]string{"s"}, "hi"},
		{[]string{"a", "b"}, "hi"}, // of the last a, as MistServer has it
		{[]string{"a", "c"}, "null"},
		{[]string{"a"}, `{"b":"hi","c":null}`},
		{[]string{"x"}, ""},
		{[]string{""}, ""},
		{[]string{"s", "a"}, ""},
		{[]string{"a", "b", "c"}, ""},
	} {
		v, ok := Lookup([]byte(packed), tt.path...)
		if ok != (tt.want != "") || v.String() != tt.want {
			t.Errorf("%v leads to %v, %v; want %s", tt.path, v, ok, tt.want)
		}
	}
}

func TestMembersAndElements(t *testing.T) {
	v := mustDecode(t, everyKind)
	var names, kinds, elements []string
	for name, member := range v.Members() {
		names, kinds = append(names, name), append(kinds, member.Kind().String())
		for e := range member.Elements() {
			elements = append(elements, e.String())
		}
	}
	if d := cmp.Diff([]string{"a", "n", "h"}, names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"array", "null", "double"}, kinds); d != "" {
		t.Errorf("kinds (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"2", "hi", "[]", "{}"}, elements); d != "" {
		t.Errorf("elements (-want +got):\n%s", d)
	}
	for range v.Members() { // who breaks off is asked no more
		break
	}
	for range mustDecode(t, "\x0a"+packedTwo+packedTwo+closed).Elements() {
		break
	}
	for range v.Elements() {
		t.Error("an object has elements")
	}
}

// A page may change under a reader: what it then reads is wrong, no more.
func TestValueOfChangedBytes(t *testing.T) {
	packed := []byte(everyKind)
	v, err := Decode(packed)
	if err != nil {
		t.Fatal(err)
	}
	for at := range packed {
		for _, b := range []byte{0x00, 0x02, 0x0a, 0xe0, 0xff} {
			was := packed[at]
			packed[at] = b
			for _, m := range v.Members() {
				_, _, _, _ = m.Int(), m.Float(), m.String(), m.Text()
			}
			_ = v.String()
			packed[at] = was
		}
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	packed := []byte(scnf)
	allocates(t, 0, func() {
		if v, ok := Lookup(packed, "source"); !ok || len(v.Text()) != 7 {
			t.Fatal(v)
		}
	})
}
