package layout

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustSchema(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewSchemaRefuses(t *testing.T) {
	inner := mustSchema(t, "b:uint8")
	tests := []struct {
		name   string
		fields []Field
		want   string
	}{
		{"name empty", []Field{{Code: CodeUint8}}, `field "": name is empty`},
		{"name long", []Field{{Name: strings.Repeat("n", 32), Code: CodeUint8}}, `has 32 bytes, the format takes 31`},
		{"twice", []Field{{Name: "a", Code: CodeUint8}, {Name: "a", Code: CodeInt8}}, `field "a": name is there twice`},
		{"no size", []Field{{Name: "a", Code: CodeDTSC}}, `field "a": type dtsc needs a size`},
		{"unknown", []Field{{Name: "a", Code: 0x60, Size: 1}}, `field "a": type code 0x60 is of no known family`},
		{"odd integer", []Field{{Name: "a", Code: CodeUint64, Size: 7}}, `field "a": an integer of 7 bytes is not read by MistServer`},
		{"shape of a string", []Field{{Name: "a", Code: CodeString, Shape: &Shape{inner, 1}}}, `field "a": only a nested field has fields of its own`},
		{"shape too large", []Field{{Name: "a", Code: CodeNested, Size: 40, Shape: &Shape{inner, 2}}}, `field "a": its nested page takes 41 bytes, the field has 40`},
		{"shape without schema", []Field{{Name: "a", Code: CodeNested, Size: 40, Shape: &Shape{nil, 2}}}, `field "a": its nested page has no fields`},
		{"shape without fields", []Field{{Name: "a", Code: CodeNested, Size: 40, Shape: &Shape{&Schema{}, 2}}}, `field "a": its nested page has no fields`},
		{"record too large", []Field{{Name: "a", Code: CodeRaw, Size: 1<<32 - 1}, {Name: "b", Code: CodeUint8}}, `field "b": record takes more than 4294967295 bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewSchema(tt.fields...)
			var spec *SpecError
			if !errors.As(err, &spec) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a *SpecError that says %q", err, tt.want)
			}
		})
	}
}

// A field on its own has no lines below it that could say what its pages hold.
func TestParseFieldTakesNoRecordCount(t *testing.T) {
	for _, text := range []string{"a:nested[3]", "a:nested[3]:500"} {
		f, err := ParseField(text)
		if want := fmt.Sprintf("field %q: has a record count, but no fields below it", text); fmt.Sprint(err) != want {
			t.Errorf("%s: parsed to %s, error %v\nwant %s", text, f.Name, err, want)
		}
	}
}

func TestLookup(t *testing.T) {
	page, h := goldenHeader(t, "invalid-duplicate")
	s, err := DecodeSchema(page, h)
	if err == nil {
		t.Fatal("a name that is there twice is no error")
	}
	if f := s.Lookup("a"); f == nil || f.Offset != 2 {
		t.Errorf("of two fields a the lookup gives %+v, want the last, at 2", f)
	}
	if f := s.Lookup("b"); f == nil || f.Offset != 1 {
		t.Errorf("b is %+v, want the field at 1", f)
	}
	for _, name := range []string{"", "A", "ab"} {
		if f := s.Lookup(name); f != nil {
			t.Errorf("%q is %+v, want nil", name, f)
		}
	}
}

// What comes before a wrong descriptor is kept, with its sizes.
func TestDecodeSchemaKeepsWhatIsRight(t *testing.T) {
	tests := []struct {
		name       string
		fields     string
		recordSize uint32
	}{
		{"notready-torn", "a:uint32\n", 4},
		{"invalid-name-empty", "a:uint8\n", 1},
		{"invalid-typelen-0", "a:uint8\n", 1},
		{"invalid-descriptor-long", "a:uint8\n", 1},
		{"invalid-duplicate", "a:uint8\nb:uint8\na:uint8\n", 3},
		{"invalid-rsize", "a:uint8\nb:uint16\n", 3},
		{"invalid-record-size", "a:raw:4294967295\n", 4294967295},
		{"invalid-typelen-6", "", 0},
		{"invalid-offset", "", 0},
		{"invalid-field-offset-10", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, h := goldenHeader(t, tt.name)
			s, err := DecodeSchema(page, h)
			if err == nil {
				t.Error("no error")
			}
			if diff := cmp.Diff(tt.fields, s.String()); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if s.RecordSize() != tt.recordSize {
				t.Errorf("record size %d, want %d", s.RecordSize(), tt.recordSize)
			}
			if got := len(s.AppendDescriptors(nil)); got != s.DescriptorsSize() {
				t.Errorf("descriptors take %d bytes, DescriptorsSize says %d", got, s.DescriptorsSize())
			}
		})
	}
}

// A schema keeps nothing of the page that it was read from.
func TestSchemaOutlivesPage(t *testing.T) {
	page, h := goldenHeader(t, "wrapped")
	s, err := DecodeSchema(page, h)
	if err != nil {
		t.Fatal(err)
	}
	clear(page)
	if diff := cmp.Diff("time:uint64\nkey:uint8\n", s.String()); diff != "" {
		t.Errorf("after the page is gone (-want +got):\n%s", diff)
	}
}

func TestEqualAndDiff(t *testing.T) {
	base := mustSchema(t, "a:uint8\nb:string\nc:uint32")
	type diff struct{ Added, Removed, Changed []string }
	tests := []struct {
		name  string
		other string
		equal bool
		diff  diff
	}{
		{"same", "a:uint8\nb:0x30\nc:uint32", true, diff{}},
		{"other order", "b:string\na:uint8\nc:uint32", false, diff{}},
		{"other size", "a:uint8\nb:string:32\nc:uint32", false, diff{Changed: []string{"b"}}},
		{"other code", "a:int8\nb:string\nc:uint8:4", false, diff{Changed: []string{"a", "c"}}},
		{"more", "a:uint8\nb:string\nc:uint32\nd:int8", false, diff{Added: []string{"d"}}},
		{"less", "b:string", false, diff{Removed: []string{"a", "c"}}},
		{"another", "x:uint8\ny:string\nc:uint32", false, diff{Added: []string{"x", "y"}, Removed: []string{"a", "b"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := mustSchema(t, tt.other)
			if base.Equal(other) != tt.equal || other.Equal(base) != tt.equal {
				t.Errorf("Equal is %v and %v, want %v", base.Equal(other), other.Equal(base), tt.equal)
			}
			var got diff
			got.Added, got.Removed, got.Changed = base.Diff(other)
			if d := cmp.Diff(tt.diff, got); d != "" {
				t.Errorf("Diff (-want +got):\n%s", d)
			}
		})
	}
}

// How a page names a size is no difference: only what the size is.
func TestEqualIgnoresForm(t *testing.T) {
	page, h := goldenHeader(t, "typelen4")
	s, err := DecodeSchema(page, h)
	if err != nil {
		t.Fatal(err)
	}
	plain := mustSchema(t, s.String())
	if !s.Equal(plain) {
		t.Errorf("%s does not equal\n%s", s, plain)
	}
	if s.DescriptorsSize() == plain.DescriptorsSize() {
		t.Error("the unusual descriptors take no more bytes than the shortest")
	}
}

func TestBuild(t *testing.T) {
	shape := Shape{mustSchema(t, "id:uint16\ntracks:nested[2]\n  n:uint8\n  keys:nested[3]\n    time:uint32\n"), 2}
	if want := uint64(49 + 2*158); shape.Size() != want { // testdata/nested.hex has the same fields
		t.Fatalf("size %d, want %d", shape.Size(), want)
	}
	page := make([]byte, shape.Size()+5)
	copy(page[shape.Size():], "slack")
	if err := shape.Build(page, StatusReady); err != nil {
		t.Fatal(err)
	}
	empty := func(h Header, fields ...string) *view { return &view{Header: h, Fields: fields} }
	keys := empty(Header{1, 36, 3, 4, 0, 0, 0, 42, 0}, "time 0x13 4 @0")
	for slot := range uint64(2) {
		h := mustHeader(t, page)
		h.EndPos = slot + 1
		got := viewRecord(page, h, shape.Schema, slot)
		want := recordView{slot, []any{uint64(0), empty(Header{1, 36, 2, 55, 0, 0, 0, 46, 0}, "n 0x10 1 @0", "keys 0x01 54 @1")}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("slot %d (-want +got):\n%s", slot, diff)
		}
		tracks := shape.Schema.Lookup("tracks")
		inner := tracks.In(recordAt(page, h, slot))
		for n := range uint64(2) {
			h := mustHeader(t, inner)
			if got := viewRecord(inner, h, tracks.Shape.Schema, n).Values[1]; !cmp.Equal(any(keys), got) {
				t.Errorf("slot %d, track %d: keys (-want +got):\n%s", slot, n, cmp.Diff(any(keys), got))
			}
		}
	}
	if got := string(page[shape.Size():]); got != "slack" {
		t.Errorf("Build wrote behind the page: %q", got)
	}
}

func TestBuildRefusesASmallPage(t *testing.T) {
	shape := Shape{mustSchema(t, "a:uint8"), 3}
	err := shape.Build(make([]byte, 41), StatusReady)
	if want := "byte 41: page is too small for its shape, which takes: 42"; fmt.Sprint(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := shape.Build(make([]byte, 42), StatusReady); err != nil {
		t.Error(err)
	}
}
