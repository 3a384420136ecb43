package doctor

import (
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
)

// keyPatience is how many milliseconds after its last key frame a track is said to
// have none any longer; encoders send one every 10 s or more often.
const keyPatience = 60_000

// soon is how many seconds after its track a key frame may be expected.
const soon = 2

// keyless: an encoder that sends no key frame, or has ceased to.
func (j *judge) keyless(t *streams.Track) {
	p := t.Page
	if t.TypeName() != "video" || !fed(t) || j.stream.VoD() || !p.Keys.Known {
		return
	}
	age, known := j.at.Age(t.LastUpdate)
	if known && age > soon && p.Pages.Known && p.Pages.Header.EndPos == 0 && p.Keys.Header.EndPos == 0 {
		j.find(finding.NoKeyframe, t.PageName, map[string]any{"track": t.Index, "pid": t.PID},
			"%s: no key frame has come from pid %d yet: its encoder must send one", title(t), t.PID)
	}
	since := j.sinceKey(t)
	if !j.fresh(t) || since <= keyPatience {
		return
	}
	f := j.find(finding.NoKeyframe, t.PageName, map[string]any{"track": t.Index, "pid": t.PID, "since_key_ms": since, "last_key_ms": p.LastKeyMS},
		"%s: no key frame for %s: its encoder must send them more often", title(t), units.Long(units.Milliseconds(since)))
	f.Lasts = func(was *finding.Finding) bool { return was.Evidence["last_key_ms"] == p.LastKeyMS }
	j.settles(f, lasting)
}

// sinceKey returns how long a track's newest key lies back, in milliseconds. Its clock may
// have jumped since, so the packets since are counted: at the pace at which they came
// between two looks or, of a copy, at the pace that the track announces. The first look
// at a living machine has nothing but the clock.
func (j *judge) sinceKey(t *streams.Track) uint64 {
	p := t.Page
	if p.Keys.Available() == 0 || p.LastMS <= p.LastKeyMS {
		return 0
	}
	since := p.LastMS - p.LastKeyMS
	if !p.Parts.Known || p.Parts.Header.EndPos < p.LastKeyPart {
		return since
	}
	parts, pace := float64(p.Parts.Header.EndPos-p.LastKeyPart), 0.0
	was := j.earlier(t)
	switch fpks, _ := t.TrueFPKS(); {
	case was != nil && was.Page != nil && p.Parts.Header.EndPos > was.Page.Parts.Header.EndPos && p.LastMS > was.Page.LastMS:
		pace = float64(p.LastMS-was.Page.LastMS) / float64(p.Parts.Header.EndPos-was.Page.Parts.Header.EndPos)
	case !j.at.Living && fpks > 0:
		pace = 1e6 / float64(fpks)
	default:
		return since
	}
	return min(since, uint64(parts*pace))
}
