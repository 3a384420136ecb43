// Package units puts counts and durations into words, for tables and messages.
package units

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Counted returns a number and the word for that many: "1 record", "2 records".
func Counted[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n) + " " + many
}

// Few returns the first of some words, and says how many it leaves out: "a, b and 3 more".
func Few(words []string, most int) string {
	text := strings.Join(words[:min(most, len(words))], ", ")
	if more := len(words) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

const day = 24 * time.Hour

// Age returns a duration in its largest unit: 0s, 59s, 5m, 47h, 2d. A negative one
// is 0s.
func Age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/day)
}

// Ago returns what Age does, and tenths of a second below ten seconds: 9.9s.
func Ago(d time.Duration) string {
	if d < 10*time.Second {
		return tenths(max(d, 0))
	}
	return Age(d)
}

// Span returns a duration in at most six characters, always as wide in its second
// unit: 0s, 0.4s, 28.5s, 1m40s, 3h20m, 5d4h.
func Span(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d < time.Minute:
		return tenths(d)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d/time.Second%60)
	case d < 2*day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d/time.Minute%60)
	}
	return fmt.Sprintf("%dd%dh", d/day, d/time.Hour%24)
}

func tenths(d time.Duration) string {
	return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
}

// Long returns a duration for a sentence: whole seconds in the two largest units,
// the second only where it is not 0: 0s, 45s, 5m, 5m3s, 3h20m, 5d4h.
func Long(d time.Duration) string {
	units := []struct {
		length time.Duration
		name   string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	for i := range units[:len(units)-1] {
		large, small := units[i], units[i+1]
		if d < large.length || large.length == day && d < 2*day {
			continue
		}
		text := fmt.Sprintf("%d%s", d/large.length, large.name)
		if n := d % large.length / small.length; n > 0 {
			text += fmt.Sprintf("%d%s", n, small.name)
		}
		return text
	}
	return Age(d)
}

// Fine returns a duration with three or four digits: 0.25ms, 40.1ms, 1.20s, 1m40s.
func Fine(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	switch ms := d.Seconds() * 1000; {
	case ms < 10:
		return sign + fmt.Sprintf("%.2fms", ms)
	case ms < 1000:
		return sign + fmt.Sprintf("%.1fms", ms)
	case ms < 100_000:
		return sign + fmt.Sprintf("%.2fs", ms/1000)
	}
	return sign + Span(d)
}

// Milliseconds returns a number of milliseconds as a duration, or the longest
// duration where there are more: the number may come from a page.
func Milliseconds(n uint64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond
}

// Seconds does for seconds what Milliseconds does.
func Seconds(n int64) time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	return time.Duration(max(-most, min(n, most))) * time.Second
}
