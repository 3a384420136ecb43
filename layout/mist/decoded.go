package mist

import (
	"encoding/hex"
	"fmt"
	"unicode/utf8"
)

// AppendDecoded adds to b what a value means, as JSON beside the value itself:
// times in RFC 3339 with nanoseconds, sets of bits as an array of names, frame
// rates as a number, all else as a string, raw bytes and what is not UTF-8 as
// {"hex":"…"}. It is false, and b as it was, where that says no more than the
// value, or the clock does not know. It never holds a secret.
func (m Meaning) AppendDecoded(b []byte, v Value, c Clock) ([]byte, bool) {
	switch {
	case m.Unit == BitSet && v.numeric:
		names, rest := m.names(v.number)
		if rest != 0 && !(m.All != "" && v.isOnes()) {
			names = append(names, fmt.Sprintf("0x%02x", rest))
		}
		return appendStrings(b, names), true
	case v.numeric:
		return m.appendNumber(b, v, c)
	case m.Unit == Address:
		if text := addressText(v.bytes); text != "" {
			return appendString(b, text), true
		}
	case m.Unit == InitData:
		if data, ok := initData(v.bytes); ok {
			return appendHex(b, data), true
		}
	case m.Unit == NameList:
		return appendStrings(b, nameList(v.bytes)), true
	}
	return b, false
}

func (m *Meaning) appendNumber(b []byte, v Value, c Clock) ([]byte, bool) {
	if text, ok := m.special(v); ok {
		return appendString(b, text), true
	}
	switch m.Unit {
	case FrameRate:
		return append(b, frameRate(v.number)...), true
	case Enum:
		if text := m.name(v.number); text != "" {
			return appendString(b, text), true
		}
	}
	if t, ok := c.moment(m.Unit, v.number); ok {
		return appendString(b, t.Format("2006-01-02T15:04:05.000000000Z07:00")), true
	}
	return b, false
}

func appendStrings(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, text)
	}
	return append(b, ']')
}

func appendString(b []byte, text string) []byte {
	if !utf8.ValidString(text) {
		return appendHex(b, []byte(text))
	}
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func appendHex(b, data []byte) []byte {
	b = append(b, `{"hex":"`...)
	b = hex.AppendEncode(b, data)
	return append(b, `"}`...)
}
