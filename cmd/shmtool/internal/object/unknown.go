package object

import (
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// UnknownText tells in one line of objects that a newer MistServer, or another fork, has
// made, and that nothing is known of. It is "" when there are none.
func UnknownText(names []string) string {
	const few = 3
	if len(names) == 0 {
		return ""
	}
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = mist.EscapeName(name)
	}
	return units.Counted(uint64(len(names)), "object is", "objects are") + " unknown to this shmtool: " + units.Few(escaped, few)
}

// IsUnknown reports whether the object is one of MistServer's of which nothing is known,
// or has a layout that is not known.
func (o *Entry) IsUnknown() bool {
	return mist.UnknownName(o.Name) || o.IsPage && o.Known && !o.Header.Status.Known() || mist.UnknownBytes(o.Of.Kind, o.small, o.Info.Size())
}

// strange is the status of an object whose version is not known.
var strange = dump.Cell{Value: "unknown", Tone: dump.Faint}
