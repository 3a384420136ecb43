package recording

import "testing"

// Only what record writes itself is read without a look at each member.
func TestPlainNumber(t *testing.T) {
	for text, want := range map[string]uint64{
		`{"#":18446744073709551615,"v":1}`: 18446744073709551615,
		`{"#":0,"v":"a \"#\" b"}`:          0,
	} {
		if n, ok := plainNumber([]byte(text)); !ok || n != want {
			t.Errorf("%s: %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{
		``, `{}`, `{"#":1}`, `{"#":1.0,"v":1}`, `{"#":-1,"v":1}`, `{"#": 1,"v":1}`, `{"v":1,"#":1}`,
		`{"#":1,"v":1,"#":2}`, `{"#":1,"n":{"#":2}}`, `{"#":1,"v":1,"#raw":"AAAA"}`, `{"#":18446744073709551616,"v":1}`,
	} {
		if n, ok := plainNumber([]byte(text)); ok {
			t.Errorf("%s has the number %d without a further look", text, n)
		}
	}
}
