package relaccx

import (
	"encoding/hex"
	"errors"
	"strconv"
	"testing"

	"shmtool/layout"
)

// What becomes of one field's value in a reload, with and without truncation.
func TestConversions(t *testing.T) {
	const refused = "refused"
	tests := []struct{ from, value, to, kept, cut string }{
		{"uint8", "200", "uint32", "200", "200"},
		{"uint32", "300", "uint8", refused, "44"},
		{"int16", "-2", "int64", "-2", "-2"},
		{"int16", "-2", "uint16", refused, "65534"},
		{"int24", "-8784", "int32", "-8784", "-8784"},
		{"uint64", "18446744073709551615", "int64", refused, "-1"},
		{"uint32", "4000000000", "uint24", refused, "7022592"},
		{"int32", "-77", "string:5", "-77", "-77"},
		{"uint32", "123456", "string:5", refused, "1234"},
		{"string:9", "1234", "uint16", "1234", "1234"},
		{"string:9", "0x10", "uint16", "16", "16"},
		{"string:9", "12a", "uint16", refused, refused},
		{"string:9", "", "uint16", refused, refused},
		{"string:9", "abcdefgh", "string:16", "abcdefgh", "abcdefgh"},
		{"string:9", "abcdefgh", "string:4", refused, "abc"},
		{"raw:4", "hex:01020304", "raw:6", "hex:010203040000", "hex:010203040000"},
		{"raw:4", "hex:01020000", "raw:2", "hex:0102", "hex:0102"},
		{"raw:4", "hex:01020300", "raw:2", refused, "hex:0102"},
		{"dtsc:4", "hex:01020300", "dtsc:3", "hex:010203", "hex:010203"},
		{"0x30:16", "abc", "0x31:16", "abc", "abc"},
	}
	for _, test := range tests {
		for truncate, want := range map[bool]string{false: test.kept, true: test.cut} {
			got, err := converted(t, test.from, test.value, test.to, truncate)
			var value *layout.ValueError
			switch {
			case want == refused && !errors.As(err, &value):
				t.Errorf("%s %q as %s, truncate %v: %q, %v, want it refused", test.from, test.value, test.to, truncate, got, err)
			case want != refused && (err != nil || got != want):
				t.Errorf("%s %q as %s, truncate %v: %q, %v, want %q", test.from, test.value, test.to, truncate, got, err, want)
			}
		}
	}
}

// converted is a value after a reload that changes its field.
func converted(t *testing.T, from, value, to string, truncate bool) (string, error) {
	t.Helper()
	w := newPage(t, "f:"+from, 2)
	rec, err := w.NewRecord()
	if err == nil {
		err = w.Schema().Lookup("f").Parse(rec.Bytes(), value)
	}
	if err == nil {
		err = w.Append(rec.Bytes())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Reload(parseShape(t, "f:"+to, 2), ReloadOptions{Truncate: truncate}); err != nil {
		return "", err
	}
	var out Record
	if err := mustReader(t, w.Page().Path()).Read(0, &out); err != nil {
		t.Fatal(err)
	}
	f := out.Schema().Lookup("f")
	return valueText(f, out.Bytes()), nil
}

func valueText(f *layout.Field, record []byte) string {
	switch f.Kind() {
	case layout.String:
		return string(f.Text(record))
	case layout.Int:
		return strconv.FormatInt(f.Int(record), 10)
	case layout.Uint:
		return strconv.FormatUint(f.Uint(record), 10)
	}
	return "hex:" + hex.EncodeToString(f.In(record))
}

// Fields that cannot become each other whatever their values are, are refused at
// once, and by name.
func TestImpossibleConversions(t *testing.T) {
	for _, test := range []struct{ from, to string }{
		{"uint32", "raw:4"}, {"raw:4", "uint32"}, {"string:9", "raw:9"}, {"dtsc:40", "raw:40"}, {"raw:60", "nested:60"}, {"nested:60", "string:60"},
	} {
		w := newPage(t, "other:uint8\nf:"+test.from, 2)
		var spec *layout.SpecError
		err := w.Reload(parseShape(t, "f:"+test.to, 2), ReloadOptions{Truncate: true})
		if !errors.As(err, &spec) || spec.Text != "f" {
			t.Errorf("%s to %s: %v", test.from, test.to, err)
		}
	}
}
