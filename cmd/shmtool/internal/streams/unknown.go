package streams

import (
	"errors"
	"os"
	"slices"

	"shmtool/layout/mist"
)

// errUnknown is the error of a page that is valid, but for bits of its status that are not
// known. A page that lacks fields is read as far as it goes.
var errUnknown = errors.New("layout is not known")

// unknown lists what a newer MistServer, or another fork, has made that nothing is known
// of. Objects that are named so, and belong to no stream, count in a look at all streams.
func (l *looker) unknown(entries []os.DirEntry) {
	s := &l.at.Server
	if l.wanted("") {
		for _, entry := range entries {
			if mist.UnknownName(entry.Name()) {
				s.Unknown = append(s.Unknown, entry.Name())
			}
		}
	}
	all := slices.Clone(s.Objects)
	for _, stream := range l.at.Streams {
		all = append(all, stream.Objects...)
	}
	for _, o := range all {
		if o.Unknown {
			s.Unknown = append(s.Unknown, o.Name)
		}
	}
	slices.Sort(s.Unknown)
}
