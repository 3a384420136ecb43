package doctor

import (
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
)

// trackAlone are the codes that cost a stream one track and no more.
var trackAlone = []string{finding.DataPageUnlinked, finding.WriterDead, finding.RingOverfull}

// besideMedia makes a warning of what costs a stream a track of metadata or of
// subtitles while it plays on: while there is a picture or sound without the same.
func (j *judge) besideMedia() {
	for i := range j.found {
		f := &j.found[i]
		t := j.trackOf(f)
		if t == nil || isMedia(t) || !slices.Contains(trackAlone, f.Code) {
			continue
		}
		if slices.ContainsFunc(j.stream.Tracks, func(o *streams.Track) bool { return o.Valid != 0 && isMedia(o) && !j.has(f.Code, o) }) {
			f.Severity = min(f.Severity, finding.Warning)
		}
	}
}

// isMedia reports whether a track is what viewers see or hear.
func isMedia(t *streams.Track) bool { return t.TypeName() == "video" || t.TypeName() == "audio" }

// trackOf returns the track that a finding is about, or nil.
func (j *judge) trackOf(f *finding.Finding) *streams.Track {
	index, is := f.Evidence["track"].(uint64)
	i := slices.IndexFunc(j.stream.Tracks, func(t *streams.Track) bool { return is && t.Index == index })
	if i < 0 {
		return nil
	}
	return j.stream.Tracks[i]
}

// has reports whether a finding of a code is about a track.
func (j *judge) has(code string, t *streams.Track) bool {
	return slices.ContainsFunc(j.found, func(f finding.Finding) bool { return f.Code == code && j.trackOf(&f) == t })
}
