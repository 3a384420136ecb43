package redact

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
)

// sameFor returns the address that stands for another: of as many digits, so that it
// takes its room in every text. Addresses that are the same everywhere stay: loopback,
// and none.
func (r *Redactor) sameFor(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.IsLoopback() || a.IsUnspecified() {
		return a
	}
	if known, ok := r.address[a]; ok {
		return known
	}
	const tries = 1000 // addresses of few digits are few
	var new netip.Addr
	for i := range tries {
		if new = r.draw(a, i); !new.IsLoopback() && !new.IsUnspecified() && new != a && !r.taken[new] {
			break
		}
	}
	r.address[a], r.taken[new] = new, true
	return new
}

// draw returns a random address of the shape of another.
func (r *Redactor) draw(a netip.Addr, try int) netip.Addr {
	random := r.digest("address"+strconv.Itoa(try), a.AsSlice(), 32)
	if a.Is4() {
		b := a.As4()
		for i, octet := range b {
			b[i] = between(decimals(octet), random[i])
		}
		return netip.AddrFrom4(b)
	}
	b := a.As16()
	for i := 0; i < len(b); i += 2 {
		group := binary.BigEndian.Uint16(b[i:])
		if group == 0 {
			continue // it may be one of those that "::" stands for
		}
		size := len(strconv.FormatUint(uint64(group), 16))
		least := uint16(1) << (4 * (size - 1))
		drawn := binary.BigEndian.Uint16(random[2*i:])
		binary.BigEndian.PutUint16(b[i:], least+uint16(uint32(drawn)%(15*uint32(least))))
	}
	return netip.AddrFrom16(b)
}

// span is a range of octets.
type span struct{ least, most int }

// decimals returns the octets that have as many digits.
func decimals(octet byte) span {
	switch {
	case octet >= 100:
		return span{100, 255}
	case octet >= 10:
		return span{10, 99}
	}
	return span{1, 9}
}

func between(s span, random byte) byte { return byte(s.least + int(random)%(s.most-s.least+1)) }

// binaryAddress returns the replacement of an address of 4 or 16 bytes. Other bytes are
// blank.
func (r *Redactor) binaryAddress(b []byte) []byte {
	a, ok := netip.AddrFromSlice(b)
	out := make([]byte, len(b))
	if !ok {
		return out
	}
	if same := r.sameFor(a); a.Is4() {
		copy(out, same.AsSlice())
	} else {
		all := same.As16()
		copy(out, all[:])
	}
	return out
}

// addressAt returns how many bytes of a text, from a byte on at which a word may begin,
// are an address, and what stands for them; 0 where none does.
func (r *Redactor) addressAt(text []byte, at int) (int, []byte) {
	if text[at] == ':' && at > 0 && text[at-1] == ':' {
		return 0, nil // it was looked at from the first colon on
	}
	text = text[:min(len(text), at+longestAddress)]
	if !isHexDigit(text[at]) && text[at] != ':' || at > 0 && (isWordByte(text[at-1]) || text[at-1] == '.' && at > 1 && isDigit(text[at-2])) {
		return 0, nil
	}
	if n := spanOf(text[at:], func(c byte) bool { return isDigit(c) || c == '.' }); n > 0 {
		literal := bytes.TrimRight(text[at:at+n], ".")
		if a, err := netip.ParseAddr(string(literal)); err == nil && (at+len(literal) == len(text) || !isWordByte(text[at+len(literal)])) {
			return len(literal), []byte(r.sameFor(a).String())
		}
	}
	n := spanOf(text[at:], func(c byte) bool { return isHexDigit(c) || c == ':' || c == '.' })
	literal := text[at : at+n]
	if bytes.Count(literal, []byte(":")) < 2 || at+n < len(text) && isWordByte(text[at+n]) {
		return 0, nil
	}
	if isHardware(literal) {
		return n, r.replacedAll(literal)
	}
	for len(literal) > 1 {
		if a, err := netip.ParseAddr(string(literal)); err == nil {
			return len(literal), r.longAddress(literal, a)
		}
		// A colon or a full stop may follow the address, or a port.
		if last := literal[len(literal)-1]; last == ':' || last == '.' {
			literal = literal[:len(literal)-1]
			continue
		}
		literal = literal[:bytes.LastIndexAny(literal, ":.")+1]
	}
	return 0, nil
}

// longestAddress is more than an address has, with its port.
const longestAddress = 64

// longAddress returns what stands for an IPv6 address as it is written.
func (r *Redactor) longAddress(literal []byte, a netip.Addr) []byte {
	same := r.sameFor(a)
	out := bytes.Clone(literal)
	if dot := bytes.IndexByte(literal, '.'); dot >= 0 {
		tail := bytes.LastIndexByte(literal, ':') + 1
		if a.Is4In6() {
			return append(out[:tail], same.String()...)
		}
		return r.replacedAll(literal)
	}
	groups := writtenGroups(literal)
	all := same.As16()
	for _, g := range groups {
		digits := strconv.FormatUint(uint64(binary.BigEndian.Uint16(all[2*g.place:])), 16)
		if len(digits) > g.to-g.from {
			return r.replacedAll(literal)
		}
		for i := range out[g.from:g.to] {
			out[g.from+i] = '0'
		}
		copy(out[g.to-len(digits):], digits)
	}
	return out
}

// group is where one of the eight groups of an address is written.
type group struct{ place, from, to int }

func writtenGroups(literal []byte) []group {
	var all []group
	gap := -1
	for from := 0; from <= len(literal); {
		to := from + spanOf(literal[from:], isHexDigit)
		if to > from {
			all = append(all, group{len(all), from, to})
		} else if from > 0 && from < len(literal) && gap < 0 {
			gap = len(all)
		}
		if bytes.HasPrefix(literal, []byte("::")) && from == 0 {
			gap = 0
		}
		from = to + 1
	}
	if gap >= 0 {
		for i := gap; i < len(all); i++ {
			all[i].place += 8 - len(all)
		}
	}
	return all
}

// isHardware reports whether a text is the address of a network card: six groups or more
// of two digits.
func isHardware(text []byte) bool {
	groups := bytes.Split(text, []byte(":"))
	for _, g := range groups {
		if len(g) != 2 || !isHexDigit(g[0]) || !isHexDigit(g[1]) {
			return false
		}
	}
	return len(groups) >= 6
}

func spanOf(text []byte, is func(byte) bool) int {
	for i, c := range text {
		if !is(c) {
			return i
		}
	}
	return len(text)
}
