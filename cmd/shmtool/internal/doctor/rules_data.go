package doctor

import (
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
)

// dataPages: what its list of pages says is in memory, and what is.
func (j *judge) dataPages(t *streams.Track) {
	pages := t.Page.DataPages
	for i, d := range pages {
		if d.Avail == 0 || d.There || !j.at.DataKnown() {
			continue
		}
		if !j.at.Living && i == len(pages)-1 && t.Page.LastMS-d.FirstMS < justBegun {
			continue // it was made while the moment was saved, packets first
		}
		evidence := map[string]any{"track": t.Index, "firstkey": d.FirstKey, "avail": d.Avail}
		if i == len(pages)-1 && fed(t) && !j.stream.VoD() {
			evidence["pid"] = t.PID
			f := j.find(finding.DataPageUnlinked, d.Name, evidence, "%s: the page that pid %d writes was deleted", title(t), t.PID)
			j.settles(f, brief)
			continue
		}
		f := j.find(finding.DataPageMissing, d.Name, evidence, "%s: its packets from key %d on are not there", title(t), d.FirstKey)
		j.brief(f, j.moves(t))
	}
	if keys, ring := t.Page.Keys, t.Page.Pages; ring.Known && keys.Known && ring.Header.Deleted > 0 && keys.Header.Deleted == 0 && keys.Header.EndPos > 0 {
		f := j.find(finding.DataPageUnlinked, t.PageName+":pages", map[string]any{"track": t.Index, "deleted": ring.Header.Deleted, "keys_deleted": 0},
			"%s: its first page was taken away before its first key", title(t))
		j.brief(f, j.moves(t))
	}
	if n := len(pages); n > 0 && pages[n-1].Stale >= 2 {
		d := pages[n-1]
		f := j.find(finding.DataStaleBytes, d.Name, map[string]any{"track": t.Index, "avail": d.Avail, "packets": d.Stale},
			"%s: packets of an earlier run lie behind the newest one", title(t))
		j.settles(f, brief)
	}
}

// justBegun is how much a data page holds at most, in milliseconds, that may have
// been begun between the copy of the packets and that of the track's page.
const justBegun = 2000

// fed reports whether the process that feeds a track lives, or may.
func fed(t *streams.Track) bool { return t.PID != 0 && t.Life != procs.Dead }

// stalled: the source counts packets, and none arrives in its data page.
func (j *judge) stalled(t *streams.Track) {
	if j.stream.VoD() || len(t.Page.DataPages) == 0 || j.stands(t) {
		return
	}
	// A page takes all packets from one key to the next.
	d := t.Page.DataPages[len(t.Page.DataPages)-1]
	if counted := t.Page.LastKeySize; d.Size > 0 && counted > d.Size && t.Page.Keys.Available() > 0 {
		j.find(finding.DataStalled, d.Name, map[string]any{"track": t.Index, "pid": t.PID, "counted": counted, "avail": d.Avail, "size": d.Size},
			"%s: %d bytes were counted since its newest key, and its page has room for %d: not all were stored", title(t), counted, d.Size)
	}
}

// stands tells of a data page into which nothing has come since an earlier look. One packet
// may have been on its way at that look.
func (j *judge) stands(t *streams.Track) (told bool) {
	was := j.earlier(t)
	if was == nil || was.Page == nil || len(was.Page.DataPages) == 0 {
		return false
	}
	then, now := was.Page.DataPages[len(was.Page.DataPages)-1], t.Page.DataPages[len(t.Page.DataPages)-1]
	parts := t.Page.Parts.Header.EndPos - was.Page.Parts.Header.EndPos
	if !t.Page.Parts.Known || t.Page.Parts.Header.EndPos < was.Page.Parts.Header.EndPos || parts < 2 {
		return false
	}
	if now.FirstKey != then.FirstKey || now.Avail != then.Avail {
		return false
	}
	why := ""
	if now.Size > now.Avail && now.Size-now.Avail < now.Size/16 && now.KeyCount <= 1 {
		why = "; the page begins anew with a key frame: its encoder must send them more often, or fewer bytes"
	}
	j.find(finding.DataStalled, now.Name, map[string]any{"track": t.Index, "pid": t.PID, "parts": parts, "avail": now.Avail, "size": now.Size},
		"%s: %d packets were counted meanwhile, and none was stored: %d of %d bytes are used%s", title(t), parts, now.Avail, now.Size, why)
	return true
}

// earlier returns the track as it was at the first look; nil without one.
func (j *judge) earlier(t *streams.Track) *streams.Track {
	if j.was == nil {
		return nil
	}
	for _, was := range j.was.Tracks {
		if was.Index == t.Index && was.PageName == t.PageName && was.PID == t.PID {
			return was
		}
	}
	return nil
}

// ahead is how far a track's time must be before the others', in milliseconds,
// to say that it is no jitter.
const ahead = 5000

// aheadOfClock is the same where there is nothing to compare with but the time
// since the stream began: a source may have sent a backlog at once.
const aheadOfClock = 120_000

// blocked: MistServer throws packets away that are older than the newest one. One
// that came with a time far in the future blocks all that follow.
func (j *judge) blocked(t *streams.Track) {
	age, known := j.at.Age(t.LastUpdate)
	if !known || age <= streams.IdleAfter || !fed(t) || j.stream.VoD() || t.Page.LastMS < ahead {
		return
	}
	reference, what, by := uint64(0), "", uint64(ahead)
	for _, other := range j.stream.Tracks {
		if other != t && other.Valid != 0 && other.Page != nil && j.fresh(other) && other.TypeName() != "meta" {
			reference, what = max(reference, other.Page.LastMS), "the other tracks'"
		}
	}
	if m := j.stream.Meta; what == "" && m != nil && m.BootOffset != 0 {
		if media := j.at.Clock.Uptime.Milliseconds() - m.BootOffset; media > 0 {
			reference, what, by = uint64(media), "the stream's", aheadOfClock
		}
	}
	if what == "" || t.Page.LastMS < reference || t.Page.LastMS-reference < by {
		return
	}
	lead := time.Duration(min(t.Page.LastMS-reference, math.MaxUint32)) * time.Millisecond
	j.find(finding.TimeBlocked, t.PageName, map[string]any{"track": t.Index, "pid": t.PID, "lastms": t.Page.LastMS, "reference_ms": reference, "age_s": age},
		"%s: its newest packet is %s ahead of %s time: what is older is thrown away", title(t), units.Long(lead.Round(time.Second)), what)
}

// fresh reports whether packets of a track came of late.
func (j *judge) fresh(t *streams.Track) bool {
	age, known := j.at.Age(t.LastUpdate)
	return known && age <= streams.IdleAfter
}

// The bits of a track's mask.
const validForViewers = 1

func (j *judge) hidden(t *streams.Track) {
	switch {
	case t.Valid != 0 && t.Valid&validForViewers == 0 && !j.replaced(t):
		j.find(finding.TrackHidden, t.PageName, map[string]any{"track": t.Index, "valid": t.Valid},
			"%s: it is for %s only, and no track that lives is made from it", title(t), streams.ValidText(t.Valid))
	case t.Valid == 0 && j.at.Living && t.Object != nil && t.Page != nil && fed(t) && j.fresh(t):
		f := j.find(finding.TrackHidden, t.PageName, map[string]any{"track": t.Index, "valid": t.Valid, "pid": t.PID},
			"%s: pid %d feeds it, and it was never declared valid", title(t), t.PID)
		j.settles(f, lasting)
	}
}

// replaced reports whether a track that lives is made from this one: its process
// may hide the source on purpose.
func (j *judge) replaced(t *streams.Track) bool {
	for _, other := range j.stream.Tracks {
		if other.Valid != 0 && other.SourceID == t.Index && other != t && fed(other) {
			return true
		}
	}
	return false
}

// wrapped: fields of 16 bits that hold the rest of a larger number.
func (j *judge) wrapped(t *streams.Track) {
	p := t.Page
	if rate, is := t.TrueRate(); is {
		j.find(finding.ValueWrapped, t.PageName, map[string]any{"track": t.Index, "field": "rate", "value": p.Rate, "likely": rate},
			"%s: its rate is %d Hz, not %d: the field has 16 bits", title(t), rate, p.Rate)
	}
	if likely, is := t.TrueFPKS(); is {
		j.find(finding.ValueWrapped, t.PageName, map[string]any{"track": t.Index, "field": "fpks", "value": p.FPKS, "likely": likely},
			"%s: it has %.0f frames a second, not %.0f: the field has 16 bits", title(t), float64(likely)/1000, float64(p.FPKS)/1000)
	}
}
