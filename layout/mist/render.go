package mist

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Text returns what a value means, in the words that stand beside it in a table: "12s
// ago", "all", "source,donottrack,active", "29.97 fps", "127.0.0.1", "none". It is false
// where that says no more than the value itself, or the clock does not know. It never
// holds a secret.
func (m Meaning) Text(v Value, c Clock) (string, bool) {
	if text, ok := m.special(v); ok {
		return text, true
	}
	text := ""
	if v.numeric {
		text = m.numberText(v, c)
	} else {
		text = m.bytesText(v.bytes)
	}
	return text, text != ""
}

func (m *Meaning) numberText(v Value, c Clock) string {
	switch m.Unit {
	case Milliseconds, MediaTime:
		return longText(v.number)
	case Seconds:
		if v.number == 0 || v.number > maxSeconds {
			return ""
		}
		return spanText(time.Duration(v.number) * time.Second)
	case BootSeconds:
		if c.Uptime <= 0 {
			return "s since an unknown boot"
		}
		return agoText(c.since(v.number, time.Second))
	case BootMilliseconds:
		if c.Uptime <= 0 {
			return "ms since an unknown boot"
		}
		return agoText(c.since(c.oldUnix(v.number), time.Millisecond))
	case BootOffset:
		if c.Uptime <= 0 && v.number != 0 {
			return "ms since an unknown boot"
		}
		fallthrough
	case UnixSeconds, UnixMilliseconds:
		if t, ok := c.moment(m.Unit, v.number); ok {
			return t.Format("2006-01-02T15:04:05.999Z07:00")
		}
	case Bytes:
		return sizeText(v.number)
	case BytesPerSecond:
		return rateText(v.number)
	case FrameRate:
		if v.number != 0 {
			return frameRate(v.number) + " fps"
		}
	case Hertz:
		if v.number >= 1000 {
			return thousandths(v.number) + " kHz"
		}
	case BitSet:
		return m.bitsText(v)
	case Enum:
		return m.name(v.number)
	}
	return ""
}

const maxSeconds = 1 << 33 // 272 years, the longest that a Duration can be

// longText returns a number of milliseconds where it is long enough to be hard to read:
// "28.501s", "1h2m3.5s".
func longText(ms uint64) string {
	if ms < 1000 || ms > maxSeconds*1000 {
		return ""
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

// spanText returns a time in its two largest units: "12s", "5m3s", "3h20m", "5d4h".
func spanText(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

func agoText(since time.Duration, ok bool) string {
	switch {
	case !ok:
		return ""
	case since <= -time.Second:
		return "in " + spanText(-since)
	}
	return spanText(max(since, 0)) + " ago"
}

// sizeText returns a number of bytes from a MiB up; smaller ones are as good in digits.
func sizeText(n uint64) string {
	switch {
	case n < 1<<20:
		return ""
	case n < 1<<30:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GiB"
}

// rateText returns bytes a second as the bits a second that operators think in.
func rateText(n uint64) string {
	bits := 8 * float64(n)
	switch {
	case n == 0:
		return ""
	case bits < 1e3:
		return strconv.FormatFloat(bits, 'f', -1, 64) + " bit/s"
	case bits < 1e6:
		return strconv.FormatFloat(bits/1e3, 'f', 1, 64) + " kbit/s"
	}
	return strconv.FormatFloat(bits/1e6, 'f', 2, 64) + " Mbit/s"
}

// frameRate returns frames in 1000 seconds as frames in one, every digit of it.
func frameRate(n uint64) string { return thousandths(n) }

func thousandths(n uint64) string {
	text := fmt.Sprintf("%d.%03d", n/1000, n%1000)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

func (m *Meaning) bitsText(v Value) string {
	if m.All != "" && v.isOnes() {
		return m.All
	}
	names, rest := m.names(v.number)
	if rest != 0 {
		names = append(names, fmt.Sprintf("0x%02X", rest))
	}
	return strings.Join(names, ",")
}

func (m *Meaning) bytesText(b []byte) string {
	switch m.Unit {
	case Address:
		return addressText(b)
	case InitData:
		if data, ok := initData(b); ok {
			return fmt.Sprintf("%d bytes", len(data))
		}
	case NameList:
		return listText(nameList(b))
	}
	return ""
}

// addressText returns an address of 16 or 4 bytes, or "none" for zeros.
func addressText(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	switch {
	case !ok:
		return ""
	case a == netip.IPv6Unspecified() || a == netip.IPv4Unspecified():
		return "none"
	}
	return a.Unmap().String()
}

// initData returns the part of a field that its first two bytes measure out. A field of
// one byte, as tracks of raw video have it, holds none.
func initData(b []byte) ([]byte, bool) {
	if len(b) < 2 {
		return nil, false
	}
	size := int(binary.BigEndian.Uint16(b))
	if size > len(b)-2 {
		return nil, false
	}
	return b[2 : 2+size], true
}

// nameList returns the names in a field, up to one of no length or the field's end.
func nameList(b []byte) (names []string) {
	for len(b) >= 4 {
		size := binary.LittleEndian.Uint32(b)
		b = b[4:]
		if size == 0 || uint64(size) > uint64(len(b)) {
			break
		}
		names = append(names, string(b[:size]))
		b = b[size:]
	}
	return names
}

func listText(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	for i := range names {
		names[i] = EscapeName(names[i])
	}
	return strings.Join(names, ",")
}
