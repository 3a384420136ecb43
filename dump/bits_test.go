package dump_test

import (
	"testing"

	"shmtool/dump"
)

func TestBits(t *testing.T) {
	for n, want := range map[uint64]string{0: "", 1: "8", 124: "992", 125: "1.0k", 8033: "64.3k", 1 << 17: "1.05M", 1 << 40: "8796.09G", 1<<64 - 1: "147573952589.68G"} {
		if got := dump.Bits(n, false); got != want {
			t.Errorf("Bits(%d) = %q, want %q", n, got, want)
		}
	}
	if got := dump.Bits(39303, true); got != "314424" {
		t.Errorf("plain: %q", got)
	}
}
