package dtsc

import (
	"encoding/json"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// checkSyntax reports text that is not one JSON value. What JSON is, is left to
// encoding/json; a scanner then only has to find its way in a text that is.
func checkSyntax(text []byte) *JSONError {
	if json.Valid(text) {
		return nil
	}
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, &raw); errors.As(err, &syntax) {
		at := syntax.Offset - 1 // it counts the byte that is wrong
		if at < 0 || syntax.Error() == "unexpected end of JSON input" {
			at = int64(len(text))
		}
		return &JSONError{Offset: at, Reason: "not JSON: " + syntax.Error()}
	}
	return &JSONError{Reason: "not JSON"}
}

// scanner finds its way in a text that is one JSON value.
type scanner struct {
	text []byte
	at   int
}

// peek returns the next byte that is no white space, which is not taken.
func (s *scanner) peek() byte {
	for s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r' {
		s.at++
	}
	return s.text[s.at]
}

// more opens the next element or member of a container, or takes the bracket
// that closes it. It is called behind the bracket that opens it, and then behind
// each value.
func (s *scanner) more() bool {
	switch s.peek() {
	case ']', '}':
		s.at++
		return false
	case ',':
		s.at++
		s.peek()
	}
	return true
}

// number takes a number: up to what cannot be part of one.
func (s *scanner) number() (digits []byte, whole bool) {
	from := s.at
	for whole = true; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c >= '0' && c <= '9' || c == '-' || c == '+':
		case c == '.' || c == 'e' || c == 'E':
			whole = false
		default:
			return s.text[from:s.at], whole
		}
	}
	return s.text[from:], whole
}

// string takes a string and appends what it stands for to dst. One that stands
// for bytes that are not UTF-8 is refused: nothing is replaced by U+FFFD.
func (s *scanner) string(dst []byte) ([]byte, *JSONError) {
	start, from := s.at, s.at+1
	for s.at++; ; s.at++ {
		c := s.text[s.at]
		if c != '"' && c != '\\' {
			continue
		}
		if !utf8.Valid(s.text[from:s.at]) {
			return dst, &JSONError{Offset: int64(start), Reason: `string is not UTF-8; bytes are written as {"hex":"…"}`}
		}
		dst = append(dst, s.text[from:s.at]...)
		if c == '"' {
			s.at++
			return dst, nil
		}
		var err *JSONError
		if dst, err = s.escape(dst); err != nil {
			return dst, err
		}
		from = s.at + 1
	}
}

var unescaped = [256]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '"': '"', '\\': '\\', '/': '/'}

// escape takes a backslash and all but the last byte of what follows it.
func (s *scanner) escape(dst []byte) ([]byte, *JSONError) {
	s.at++
	if c := s.text[s.at]; c != 'u' {
		return append(dst, unescaped[c]), nil
	}
	at := s.at - 1
	r := s.hex4()
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), nil
	}
	if s.text[s.at+1] == '\\' && s.text[s.at+2] == 'u' {
		s.at += 2
		if r = utf16.DecodeRune(r, s.hex4()); r != utf8.RuneError {
			return utf8.AppendRune(dst, r), nil
		}
	}
	return dst, &JSONError{Offset: int64(at), Reason: `half of a surrogate pair stands alone`}
}

// hex4 takes the four digits behind a u but the last byte.
func (s *scanner) hex4() (r rune) {
	for range 4 {
		s.at++
		c := s.text[s.at]
		if c > '9' {
			c = c&^0x20 - 'A' + '0' + 10 // either case
		}
		r = r<<4 | rune(c-'0')
	}
	return r
}
