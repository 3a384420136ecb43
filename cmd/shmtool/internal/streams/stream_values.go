package streams

import (
	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/layout/mist"
)

// TypeName returns the track's type: the list's, which has the whole name, else its
// page's.
func (t *Track) TypeName() string {
	if t.Type == "" && t.Page != nil {
		return t.Page.Type
	}
	return t.Type
}

// CodecName returns the track's codec, likewise.
func (t *Track) CodecName() string {
	if t.Codec == "" && t.Page != nil {
		return t.Page.Codec
	}
	return t.Codec
}

// VoD reports whether the stream is read from a file.
func (s *Stream) VoD() bool { return s.Meta != nil && s.Meta.VoD }

// Viewers returns how many living processes read the stream.
func (s *Stream) Viewers() int { return s.Readers().All() }

// Sources returns how many slots there are of what feeds the stream.
func (s *Stream) Sources() int {
	if s.Users == nil {
		return 0
	}
	count := 0
	for _, u := range s.Users.Slots {
		if u.Source() {
			count++
		}
	}
	return count
}

// Allocated returns the memory that the stream takes, in bytes.
func (s *Stream) Allocated() int64 {
	var sum int64
	for _, o := range s.Objects {
		sum += o.Allocated
	}
	return sum
}

// Text returns the problem in one line, without the object's name and without
// secrets.
func (p Problem) Text() string { return mist.Redact(cause.Of(p.Err).Error()) }

// ValidForAll is the mask of a track that all may use.
const ValidForAll = 0xFF

// validKnown are the bits of a mask that mean something: viewers, pushes, processes.
const validKnown = 7

// ValidText says who may use a track, by its mask.
func ValidText(valid uint64) string {
	if known := valid & validKnown; valid != ValidForAll && known != 0 {
		valid = known // MistServer clears the bits of those that are kept out, and leaves the others
	}
	meaning, _ := mist.KindMeta.Page("tracks").Meaning("valid")
	text, _ := meaning.Text(mist.Number(valid, 1), mist.Clock{})
	if valid == 0 || text == "" {
		return "nobody"
	}
	return text
}

// IdleAfter is when MistServer takes a track for inactive, in seconds.
const IdleAfter = 5
