package units

import (
	"math"
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 records", 1: "1 record", 2: "2 records", math.MaxUint64: "18446744073709551615 records"} {
		if got := Counted(n, "record", "records"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	const second, minute, hour = time.Second, time.Minute, time.Hour
	for _, c := range []struct {
		d                          time.Duration
		age, ago, span, long, fine string
	}{
		{-5 * second, "0s", "0.0s", "-5.0s", "0s", "-5.00s"},
		{0, "0s", "0.0s", "0s", "0s", "0.00ms"},
		{40 * time.Microsecond, "0s", "0.0s", "0.0s", "0s", "0.04ms"},
		{40100 * time.Microsecond, "0s", "0.0s", "0.0s", "0s", "40.1ms"},
		{450 * time.Millisecond, "0s", "0.4s", "0.4s", "0s", "450.0ms"},
		{9990 * time.Millisecond, "9s", "9.9s", "9.9s", "9s", "9.99s"},
		{minute - 1, "59s", "59s", "59.9s", "59s", "60.00s"},
		{minute, "1m", "1m", "1m00s", "1m", "60.00s"},
		{100 * second, "1m", "1m", "1m40s", "1m40s", "1m40s"},
		{5*minute + 3*second, "5m", "5m", "5m03s", "5m3s", "5m03s"},
		{hour - 1, "59m", "59m", "59m59s", "59m59s", "59m59s"},
		{hour, "1h", "1h", "1h00m", "1h", "1h00m"},
		{25*hour + 4*minute, "25h", "25h", "25h04m", "25h4m", "25h04m"},
		{48*hour - 1, "47h", "47h", "47h59m", "47h59m", "47h59m"},
		{48 * hour, "2d", "2d", "2d0h", "2d", "2d0h"},
		{400*24*hour + 4*hour, "400d", "400d", "400d4h", "400d4h", "400d4h"},
	} {
		for _, f := range []struct {
			name string
			of   func(time.Duration) string
			want string
		}{{"Age", Age, c.age}, {"Ago", Ago, c.ago}, {"Span", Span, c.span}, {"Long", Long, c.long}, {"Fine", Fine, c.fine}} {
			if got := f.of(c.d); got != f.want {
				t.Errorf("%s(%v) is %q, want %q", f.name, c.d, got, f.want)
			}
		}
	}
}

func TestDurationsOfPages(t *testing.T) {
	for got, want := range map[time.Duration]string{
		Milliseconds(0): "0s", Milliseconds(1500): "1.5s", Milliseconds(math.MaxUint64): "106751d23h",
		Seconds(-2): "-2.0s", Seconds(90): "1m30s", Seconds(math.MaxInt64): "106751d23h",
	} {
		if text := Span(got); text != want {
			t.Errorf("%v is %q, want %q", got, text, want)
		}
	}
}

func TestFew(t *testing.T) {
	for most, want := range map[int]string{1: "a and 2 more", 2: "a, b and 1 more", 3: "a, b, c", 9: "a, b, c"} {
		if got := Few([]string{"a", "b", "c"}, most); got != want {
			t.Errorf("%d of three are %q, want %q", most, got, want)
		}
	}
}
