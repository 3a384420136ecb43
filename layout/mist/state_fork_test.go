package mist

import "testing"

func TestDiagnostics(t *testing.T) {
	b := make([]byte, 112)
	for i := range b {
		b[i] = byte(i)
	}
	all := Diagnostics(b)
	if len(all) != 20 {
		t.Fatalf("%d diagnostics", len(all))
	}
	for _, d := range all {
		var want uint64
		for n := range d.Bytes {
			want |= uint64(d.Offset+n) << (8 * n)
		}
		if d.Value != want {
			t.Errorf("%s is %#x, want %#x", d.Name, d.Value, want)
		}
	}
	if few := Diagnostics(b[:16]); len(few) != 3 || few[2].Name != "effective_speed" {
		t.Errorf("of 16 bytes: %v", few)
	}
	for _, n := range []int{0, 1, 2, 15, 17, 111} {
		if got := Diagnostics(b[:n]); got != nil {
			t.Errorf("of %d bytes: %v", n, got)
		}
	}
}
