package mist

import (
	"encoding/binary"
	"slices"
	"strings"

	"shmtool/layout"
)

// A MistServer that is newer than this program, or another fork, may make objects that
// nothing is known of, and lay known ones out anew.

// UnknownName reports whether a name is one of MistServer's, and says nothing to
// ParseName: also of a lock that is not known.
func UnknownName(name string) bool {
	if !strings.HasPrefix(strings.TrimPrefix(name, glibcPrefix), namePrefix) {
		return false
	}
	o, known := ParseName(name)
	return !known || o.Kind == KindSemaphore && o.Lock == LockUnknown
}

// UnknownBytes reports whether the bytes of an object that is no page have a version, a
// size, or a state that is not known. It is false for every other kind.
func UnknownBytes(k Kind, b []byte, size int64) bool {
	version := func(known uint32) bool { return len(b) >= 4 && binary.LittleEndian.Uint32(b) != known }
	switch k {
	case KindProcess:
		return version(processStateVersion)
	case KindPressure:
		return version(pressureVersion)
	case KindState:
		s, err := DecodeState(b)
		return err == nil && (!s.State.Known() || size != StateSize && stateMakers[int(size)] == "")
	}
	return false
}

// Known reports whether the state has a name.
func (s StreamState) Known() bool {
	return slices.ContainsFunc(StateNames, func(n Name) bool { return n.Value == uint64(s) })
}

// essential are the fields without which a page says nothing that can be judged, by the
// kind and the path of the page.
var essential = map[Kind]map[string][]string{
	KindMeta:  {"": {"tracks"}, "tracks": {"valid", "page", "pid", "lastupdate"}},
	KindTrack: {"": {"firstms", "lastms"}},
	KindUsers: {"": {"status", "pid"}},
}

// Lacks reports whether a page has fields, and not those by which it can be judged.
func (p *PageInfo) Lacks(s *layout.Schema) bool {
	if p == nil || len(s.Fields()) == 0 {
		return false
	}
	return slices.ContainsFunc(essential[p.Kind][p.Path], func(name string) bool { return s.Lookup(name) == nil })
}
