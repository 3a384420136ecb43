package units

import (
	"testing"
	"time"
)

func TestCounted(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 records", 1: "1 record", 2: "2 records"} {
		if got := Counted(n, "record", "records"); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestAgeText(t *testing.T) {
	for text, seconds := range map[string]int{"0s": -5, "59s": 59, "1m": 60, "59m": 3599, "1h": 3600, "47h": 47*3600 + 3599, "2d": 48 * 3600, "400d": 400 * 86400} {
		if got := Age(time.Duration(seconds) * time.Second); got != text {
			t.Errorf("%d seconds are %s, want %s", seconds, got, text)
		}
	}
}
