package mist

import (
	"math"

	"shmtool/layout"
)

// Unit is what a field's value counts or names.
type Unit uint8

// The units.
const (
	Plain            Unit = iota // the value says it all
	Milliseconds                 // how long
	MediaTime                    // when, in milliseconds of the stream's own clock
	Seconds                      // how long
	BootSeconds                  // when, in seconds since boot
	BootMilliseconds             // when, in milliseconds since boot
	UnixSeconds                  // when, in seconds since 1970
	UnixMilliseconds             // when, in milliseconds since 1970
	BootOffset                   // milliseconds since boot at media time 0
	Bytes                        // how many
	BytesPerSecond               // how fast
	FrameRate                    // frames in 1000 seconds
	Hertz                        // samples a second
	BitSet                       // bits with the names of Meaning.Names
	Enum                         // a number with one of the names of Meaning.Names
	PID                          // a process
	Address                      // the 16 bytes of an IPv6 address, or of an IPv4 one mapped into it
	InitData                     // two bytes of length, high byte first, and as many bytes
	NameList                     // names, each behind four bytes of length, low byte first
)

var unitNames = [...]string{
	Plain: "", Milliseconds: "ms", MediaTime: "ms of media time", Seconds: "s", BootSeconds: "s since boot", BootMilliseconds: "ms since boot",
	UnixSeconds: "unix s", UnixMilliseconds: "unix ms", BootOffset: "ms since boot at media time 0", Bytes: "bytes", BytesPerSecond: "bytes/s",
	FrameRate: "frames/1000 s", Hertz: "Hz", BitSet: "bits", Enum: "code", PID: "pid", Address: "IP address", InitData: "init data", NameList: "names",
}

// String returns the unit as it stands behind a field's name: "ms", "bytes/s", or "" for
// a plain value.
func (u Unit) String() string { return unitNames[u] }

// Target is what kind of thing a field refers to.
type Target string

// The targets.
const (
	ToNothing Target = ""
	ToProcess Target = "process" // by PID
	ToStream  Target = "stream"  // by name
	ToSession Target = "session" // by id, which MstSession has in its name; MstStateAccs has its first 31 bytes
	ToPage    Target = "page"    // by name, with a leading slash
	ToTrack   Target = "track"   // by index: the record of MstMeta's tracks
	ToKey     Target = "key"     // by number: the record of the track's keys
	ToPart    Target = "part"    // by number: the record of the track's parts
	ToData    Target = "data"    // by first key: MstData<stream>@<index>_<value>; also the record of the track's keys
)

// Name is one value of an enumeration, or one bit of a set.
type Name struct {
	Value uint64
	Text  string
}

// Meaning is what a field's value means. The zero Meaning is that of a field that
// nothing is known of: it says nothing, and hides passwords in URLs.
type Meaning struct {
	Unit   Unit
	Names  []Name  // of BitSet and Enum
	Hex    bool    // bits are best seen in hexadecimal
	All    string  // what a set with every bit set is called, or ""
	Zero   string  // what 0 stands for, or ""
	Ones   string  // what a number with every bit set stands for, or ""
	Refers Target  // what the value names
	Secret Secrecy // what of the value is secret
	Minor  bool    // left out where a terminal is too narrow for all
	Only   string  // the type of the tracks that it holds for: "video"; "" is all records
	About  string  // one line: what it is
}

// Value is what a field holds, taken out of its record.
type Value struct {
	number  uint64
	bytes   []byte
	size    uint32
	numeric bool
}

// Number returns an integer of a number of bytes, 1 to 8. A signed one is given extended
// to 64 bits.
func Number(n uint64, size uint32) Value {
	return Value{number: n, size: size, numeric: true}
}

// Data returns the value of a field that is no integer: a string without its terminator,
// or raw bytes. It is valid as long as b is.
func Data(b []byte) Value { return Value{bytes: b} }

// ValueOf returns what a record, which must be whole, holds in a field of its schema. It
// is valid as long as the record is.
func ValueOf(f *layout.Field, record []byte) Value {
	switch f.Kind() {
	case layout.Uint, layout.Int:
		if f.Readable() {
			return Number(f.Uint(record), f.Size)
		}
	case layout.String:
		return Data(f.Text(record))
	}
	return Data(f.In(record))
}

// HoldsFor reports whether the meaning holds for a record whose field "type" has that
// text.
func (m Meaning) HoldsFor(kind []byte) bool { return m.Only == "" || m.Only == string(kind) }

// minor returns a meaning that there may be no room for.
func (m Meaning) minor() Meaning {
	m.Minor = true
	return m
}

// Tells reports whether there are values of which the meaning says more than they
// do themselves.
func (m Meaning) Tells() bool { return m.Unit != Plain || m.Zero != "" || m.Ones != "" }

// isOnes reports whether every bit of an integer is set.
func (v Value) isOnes() bool {
	bits := 8 * min(v.size, 8)
	return v.numeric && bits > 0 && v.number == math.MaxUint64>>(64-bits)
}

// special returns what one of the values 0 and all ones stands for.
func (m *Meaning) special(v Value) (string, bool) {
	switch {
	case !v.numeric:
		return "", false
	case v.number == 0:
		return m.Zero, m.Zero != ""
	case m.Ones != "" && v.isOnes():
		return m.Ones, true
	}
	return "", false
}

// names returns the names of the bits that are set, in the meaning's order, and the bits
// that have none.
func (m *Meaning) names(bits uint64) (names []string, rest uint64) {
	for _, n := range m.Names {
		if bits&n.Value != 0 {
			names = append(names, n.Text)
			bits &^= n.Value
		}
	}
	return names, bits
}

// name returns the name of an enumeration's value, or "".
func (m *Meaning) name(value uint64) string {
	for _, n := range m.Names {
		if n.Value == value {
			return n.Text
		}
	}
	return ""
}
