package doctor

import (
	"fmt"
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
)

// tracks judges the tracks in use; nothing is expected of a removed one.
func (j *judge) tracks() {
	for _, t := range j.stream.Tracks {
		j.hidden(t)
		if t.Valid == 0 {
			continue
		}
		j.writer(t)
		j.missing(t)
		j.stale(t)
		if t.Page != nil {
			j.rings(t)
			j.dataPages(t)
			j.stalled(t)
			j.blocked(t)
			j.keyless(t)
			j.wrapped(t)
		}
	}
}

// writer: a buffer that lives removes the track of a source that has ended, in
// its next pass or the one after, and frees its slot. It keeps the track where it
// is told to, for a source to come.
func (j *judge) writer(t *streams.Track) {
	if t.PID == 0 || t.Life != procs.Dead || j.isReaped(t) || j.unfed(t) {
		return
	}
	f := j.find(finding.WriterDead, t.PageName, map[string]any{"track": t.Index, "pid": t.PID}, "%s: pid %d is gone%s", title(t), t.PID, impostor(t))
	j.brief(f, j.moves(t))
}

// isReaped reports whether the buffer may be about to remove a track: the slot
// of its source is there yet, and something came of late.
func (j *judge) isReaped(t *streams.Track) bool {
	if !j.at.Living || j.abandoned() || j.stream.Users == nil || j.stream.Buffer != nil && stopped(j.stream.Buffer) {
		return false
	}
	age, known := j.at.Age(t.LastUpdate)
	return known && age <= streams.IdleAfter && slices.ContainsFunc(j.stream.Users.Slots, func(u streams.User) bool {
		return u.Source() && u.PID == t.PID
	})
}

// title returns how a message calls the track.
func title(t *streams.Track) string {
	return fmt.Sprintf("track %d %s %s", t.Index, t.TypeName(), t.CodecName())
}

// impostor tells who has the PID now.
func impostor(t *streams.Track) string {
	if t.Writer.Name == "" {
		return ""
	}
	return ", and the number is " + t.Writer.Name + "'s now"
}

// missing: a page that is being replaced has no name for an instant.
func (j *judge) missing(t *streams.Track) {
	if t.Object != nil || j.at.Partial {
		return
	}
	f := j.find(finding.TrackPageMissing, t.PageName, map[string]any{"track": t.Index, "pid": t.PID}, "%s: its page is not there", title(t))
	j.brief(f, j.moves(t))
}

func (j *judge) stale(t *streams.Track) {
	m := j.stream.Meta
	if m == nil || m.VoD || !m.Live || t.TypeName() == "meta" || t.PID == 0 {
		return
	}
	if age, known := j.at.Age(t.LastUpdate); known && age > streams.IdleAfter && !j.unfed(t) {
		j.find(finding.TrackStale, t.PageName, map[string]any{"track": t.Index, "age_s": age}, "%s: nothing came for %s%s", title(t), units.Long(units.Seconds(age)), j.sibling(t))
	}
}

// unfed reports whether it is normal that no process feeds a track now. A file
// is read by another input than the one that made its pages, where that crashed; the
// tracks of a stream that outlives its source wait for the next one.
func (j *judge) unfed(t *streams.Track) bool {
	if j.stream.VoD() {
		return j.stream.Buffer != nil || !j.inputLocked()
	}
	return j.stream.Buffer != nil && j.resumes() && !fed(t)
}

// sibling tells, of a track that nothing comes for, that its source goes on with
// another: then the encoder has stopped the one.
func (j *judge) sibling(t *streams.Track) string {
	for _, other := range j.stream.Tracks {
		if other != t && other.Valid != 0 && fed(t) && other.PID == t.PID && other.TypeName() != "meta" && j.fresh(other) {
			return fmt.Sprintf(", and pid %d goes on with track %d %s: its encoder must send it again", t.PID, other.Index, other.TypeName())
		}
	}
	return ""
}

// rings: source and buffer change the counters of one ring, with more than one
// store each.
func (j *judge) rings(t *streams.Track) {
	for _, r := range t.Page.Rings() {
		if !r.Known {
			continue
		}
		available, h := r.Available(), r.Header
		overfull := h.RecordCount != 0 && available > uint64(h.RecordCount)
		drifts := r.Kept && uint64(h.Present) != available
		if !overfull && !drifts {
			continue
		}
		object := t.PageName + ":" + r.Name
		evidence := map[string]any{"track": t.Index, "deleted": h.Deleted, "endpos": h.EndPos, "present": h.Present, "rcount": h.RecordCount}
		if overfull {
			f := j.find(finding.RingOverfull, object, evidence, "%s: %d %s in %d slots: they overwrite each other", title(t), available, r.Name, h.RecordCount)
			f.Lasts = anyway
			j.brief(f, j.moves(t))
		} else {
			j.drift(t, r, object, evidence)
		}
	}
}

// drift: when the buffer has deleted as many as are counted, and there is one more,
// it ends itself. That too many are counted only lets it delete more at a time.
func (j *judge) drift(t *streams.Track, r streams.Ring, object string, evidence map[string]any) {
	drift := int64(r.Header.Present) - int64(r.Available())
	means := "the buffer will end itself"
	if drift > 0 {
		means = "too many are counted, which the buffer bears"
	}
	evidence["drift"] = drift
	j.brief(j.find(finding.PresentDrift, object, evidence, "%s: present of its %s is off by %+d: %s", title(t), r.Name, drift, means), j.moves(t))
}

// moves reports whether a process may be writing the track's page, or be about to
// remove it.
func (j *judge) moves(t *streams.Track) bool {
	return j.at.Living && (t.Life != procs.Dead || !j.abandoned())
}
