package mist

import (
	"bytes"
	"encoding/binary"
)

// parameters hides the values of secret parameters: ?tkn=VALUE&…, and tkn= in a
// cookie or anywhere else.
func (f *finder) parameters() {
	for at := 0; ; at++ {
		i := bytes.IndexByte(f.text[at:], '=')
		if i < 0 {
			return
		}
		at += i
		if start := f.nameBefore(at); f.isSecretParameter(start, at) {
			end := f.valueEnd(at + 1)
			f.hide(at+1, end)
			at = end - 1
		}
	}
}

func (f *finder) isSecretParameter(start, end int) bool {
	name := f.text[start:end]
	if bytes.EqualFold(name, []byte("tkn")) {
		return true
	}
	if start == 0 || f.text[start-1] != '?' && f.text[start-1] != '&' && f.text[start-1] != ';' {
		return false
	}
	return isSecretName(name, secretMembers) || isSecretName(name, secretParameters) ||
		f.targets && bytes.EqualFold(name, []byte("streamid"))
}

// nameBefore returns where the name that ends at a position begins.
func (f *finder) nameBefore(end int) int {
	start := end
	for start > 0 && end-start <= maxNameSize && isNameByte(f.text[start-1]) {
		start--
	}
	return start
}

func isNameByte(c byte) bool { return isLetterOrDigit(c) || c == '_' || c == '-' || c == '.' }

// valueEnd returns where a parameter's value ends.
func (f *finder) valueEnd(start int) int {
	for i := start; i < len(f.text); i++ {
		switch c := f.text[i]; {
		case c <= ' ' || c == 0x7f || c == '&' || c == '#' || c == ';' || c == '"' || c == '<' || c == '>' || c == '\\':
			return i
		}
	}
	return len(f.text)
}

// members hides the values of secret members of JSON: "passphrase": "VALUE". The
// quotes may be escaped, where JSON lies in a string of JSON.
func (f *finder) members() {
	for at := 0; ; at++ {
		i := bytes.IndexByte(f.text[at:], ':')
		if i < 0 {
			return
		}
		at += i
		escaped, ok := f.secretKeyBefore(at)
		if !ok {
			continue
		}
		from, to := f.jsonValue(at+1, escaped)
		f.hide(from, to)
		at = max(at, to-1)
	}
}

// secretKeyBefore reports whether a quoted name that is secret stands before the
// colon at a position, and whether its quotes are escaped.
func (f *finder) secretKeyBefore(colon int) (escaped, ok bool) {
	end := colon
	for end > 0 && colon-end < maxNameSize && isBlank(f.text[end-1]) {
		end--
	}
	if end == 0 || f.text[end-1] != '"' {
		return false, false
	}
	end--
	if end > 0 && f.text[end-1] == '\\' {
		escaped = true
		end--
	}
	start := f.nameBefore(end)
	ok = start > 0 && f.text[start-1] == '"' && isSecretName(f.text[start:end], secretMembers)
	return escaped, ok
}

// jsonValue returns where the value behind a colon lies, without its quotes. Objects,
// arrays, true, false and null are no secrets.
func (f *finder) jsonValue(start int, escaped bool) (from, to int) {
	for start < len(f.text) && isBlank(f.text[start]) {
		start++
	}
	if escaped && start < len(f.text) && f.text[start] == '\\' {
		start++
	}
	if start == len(f.text) {
		return start, start
	}
	switch c := f.text[start]; {
	case c == '"':
		return start + 1, f.stringEnd(start+1, escaped)
	case isDigit(c) || c == '-' || c == '*':
		end := start
		for end < len(f.text) && (isNameByte(f.text[end]) || f.text[end] == '+' || f.text[end] == '*') {
			end++
		}
		return start, end
	}
	return start, start
}

// stringEnd returns where a string of JSON ends: before its closing quote, or the
// backslash before that.
func (f *finder) stringEnd(start int, escaped bool) int {
	slashes := 0
	for i := start; i < len(f.text); i++ {
		switch f.text[i] {
		case '\\':
			slashes++
			continue
		case '"':
			if !escaped && slashes%2 == 0 {
				return i
			}
			if escaped && slashes <= 1 {
				return i - slashes
			}
		}
		slashes = 0
	}
	return len(f.text)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// packedKeys are the secret members of a packed value as their bytes begin: two
// bytes of length, and the name.
var packedKeys = func() (keys [][]byte) {
	for name := range secretMembers {
		key := binary.BigEndian.AppendUint16(nil, uint16(len(name)))
		keys = append(keys, append(key, name...))
	}
	return keys
}()

// The first bytes of a packed value: a number has 8 bytes behind that, a string the 4 of
// its length.
const (
	packedInteger = 0x01
	packedString  = 0x02
	packedDouble  = 0x04
)

// packed hides the values of secret members of a packed value. It is found by
// its bytes, so that it may be one that is broken, or only its beginning.
func (f *finder) packed() {
	if bytes.IndexByte(f.text, 0) < 0 {
		return
	}
	for _, key := range packedKeys {
		for at := 0; ; {
			i := bytes.Index(f.text[at:], key)
			if i < 0 {
				break
			}
			at += i + len(key)
			if at == len(f.text) {
				break
			}
			kind := f.text[at]
			at++
			if kind == packedInteger || kind == packedDouble {
				size := 8
				if f.isMarked(at) {
					size = len(Mark)
				}
				f.hide(at, min(at+size, len(f.text)))
			}
			if kind != packedString {
				continue
			}
			if len(f.text)-at < 4 {
				break
			}
			size := uint64(binary.BigEndian.Uint32(f.text[at:]))
			at += 4
			if f.isMarked(at) {
				size = uint64(len(Mark))
			}
			f.hide(at, at+int(min(size, uint64(len(f.text)-at))))
		}
	}
}

// isMarked reports whether a value in a packed value is hidden already, which
// has changed its length. Behind it the next name's length begins, or the end.
func (f *finder) isMarked(at int) bool {
	rest, ok := bytes.CutPrefix(f.text[at:], []byte(Mark))
	return ok && (len(rest) == 0 || rest[0] == 0)
}
