package streams

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Row is a stream as scripts see it. Its JSON keys are a contract.
type Row struct {
	Stream           string            `json:"stream"`
	State            string            `json:"state"`
	StateCode        int               `json:"state_code"`
	Progress         int               `json:"progress"` // 0 to 255
	Live             bool              `json:"live"`
	VoD              bool              `json:"vod"`
	Source           string            `json:"source"`
	InputPID         *uint64           `json:"input_pid"`
	InputAlive       *bool             `json:"input_alive"` // null: not known
	PullPID          *uint64           `json:"pull_pid"`
	Viewers          int               `json:"viewers"`
	Sources          int               `json:"sources"`
	BufferWindowMS   uint64            `json:"buffer_window_ms"`
	Verdict          string            `json:"verdict"`
	ShmBytes         int64             `json:"shm_bytes"`
	BufferPID        *int              `json:"buffer_pid"`
	Findings         []finding.Finding `json:"findings"`
	Problems         []Trouble         `json:"problems"`
	Tracks           []TrackRow        `json:"tracks"`
	Processes        int               `json:"processes"` // that read it: the same as viewers, under the name of what is counted
	Sessions         *int              `json:"sessions"`  // of viewers, as MistServer counts them; null: not known
	Readers          Readers           `json:"readers"`
	Behind           []Behind          `json:"behind"`
	Pace             *PaceRow          `json:"pace"`  // null: its MstSTATE tells none
	About            string            `json:"about"` // what else is known of it; "" nothing
	ProcessesUnknown bool              `json:"-"`     // its PIDs mean nothing here
	Stopped          int               `json:"-"`     // processes that have it in memory, and were told to stand still
	DVRMS            uint64            `json:"-"`     // how much its configuration keeps; 0: it does not say
}

// Trouble is a problem in words.
type Trouble struct {
	Object  string `json:"object"`
	Message string `json:"message"`
	Denied  bool   `json:"-"` // for lack of permission
	Unread  bool   `json:"-"` // nothing is known of what the object holds
}

// Unread reports whether nothing is known of what an object of the stream holds.
func (r *Row) Unread(object string) bool {
	return slices.ContainsFunc(r.Problems, func(t Trouble) bool { return t.Unread && t.Object == object })
}

// StateUnknown is the state of a stream whose MstSTATE is there and cannot be
// read.
const (
	StateUnknown     = "unknown"
	stateUnknownCode = -1
)

// TrackRow is a track as scripts see it.
type TrackRow struct {
	Index          uint64  `json:"index"`
	ID             uint64  `json:"id"`
	Type           string  `json:"type"`
	Codec          string  `json:"codec"`
	Page           string  `json:"page"`
	PID            uint64  `json:"pid"`   // 0: no process feeds it
	Alive          *bool   `json:"alive"` // null: not known
	Valid          uint64  `json:"valid"`
	Width          uint64  `json:"width"`
	Height         uint64  `json:"height"`
	FPS            float64 `json:"fps"`
	EFPS           float64 `json:"efps"`
	Rate           uint64  `json:"rate"` // Hz
	Channels       uint64  `json:"channels"`
	BytesPerSecond uint64  `json:"bytes_per_second"`
	FirstMS        uint64  `json:"first_ms"`
	LastMS         uint64  `json:"last_ms"`
	AgeS           *int64  `json:"age_s"` // null: no clock
	Keys           uint64  `json:"keys"`
	Parts          uint64  `json:"parts"`
	Fragments      uint64  `json:"fragments"`
	Pages          uint64  `json:"pages"`
	LastKeyMS      *uint64 `json:"last_key_ms"` // null: no key
	InitBytes      uint64  `json:"init_bytes"`

	Implausible []string `json:"implausible"`  // fields whose values cannot be true
	FPSWrapped  bool     `json:"fps_wrapped"`  // the page has the rest of fps alone
	RateWrapped bool     `json:"rate_wrapped"` // likewise
}

// RowOptions are what a user may choose about rows.
type RowOptions struct {
	Removed     bool // also tracks that were removed
	ShowSecrets bool
}

// Row returns a stream with its findings as scripts see it.
func (m *Moment) Row(s *Stream, found []finding.Finding, o RowOptions) Row {
	r := Row{
		Stream: s.Name, State: mist.StateOff.String(),
		Viewers: s.Viewers(), Sources: s.Sources(), ShmBytes: s.Allocated(),
		Verdict: finding.Verdict(found), Findings: append([]finding.Finding{}, found...),
		Problems: []Trouble{}, Tracks: []TrackRow{}, ProcessesUnknown: s.Foreign,
		Readers: s.Readers(), Behind: s.Behind(),
	}
	r.Processes = r.Readers.All()
	for _, p := range s.Mappers {
		if p.Stopped() {
			r.Stopped++
		}
	}
	if c, known := m.Config(s.Name); known {
		r.DVRMS = c.DVRMS
	}
	if m.Server.Sessioned != nil {
		n := m.Server.Sessioned[s.Name]
		r.Sessions = &n
	}
	if s.State != nil {
		r.State, r.StateCode, r.Progress = s.State.State.String(), int(s.State.State), int(s.State.Progress)
	} else if m.Partial || slices.ContainsFunc(s.Objects, func(o *Object) bool { return o.Is.Kind == mist.KindState && o.Err != nil }) {
		r.State, r.StateCode = StateUnknown, stateUnknownCode
	}
	r.Pace = paceRow(s.Pace)
	if s.Old {
		r.About = mist.OldMeans
	}
	if s.Meta != nil {
		r.Live, r.VoD, r.BufferWindowMS = s.Meta.Live, s.Meta.VoD, s.Meta.WindowMS
		r.Source = text(s.Meta.Source)
		if !o.ShowSecrets {
			meaning, _ := mist.KindMeta.Page().Meaning("source")
			r.Source = meaning.Redact(r.Source)
		}
	}
	if s.Input != nil {
		r.InputPID, r.InputAlive = &s.Input.PID, lives(s.Input.Life)
	}
	if s.Pull != nil {
		r.PullPID = &s.Pull.PID
	}
	if s.Buffer != nil {
		r.BufferPID = &s.Buffer.PID
	}
	for _, p := range s.Problems {
		r.Problems = append(r.Problems, Trouble{p.Object, p.Text(), errors.Is(p.Err, fs.ErrPermission), p.Unread()})
	}
	if len(r.Problems) > 0 && r.Verdict == finding.VerdictOK {
		r.Verdict = finding.VerdictWarning // it is unknown
	}
	for _, t := range s.Tracks {
		if t.Valid != 0 || o.Removed {
			r.Tracks = append(r.Tracks, m.trackRow(t))
		}
	}
	return r
}

func (m *Moment) trackRow(t *Track) TrackRow {
	r := TrackRow{
		Index: t.Index, ID: t.ID, Type: text(t.TypeName()), Codec: text(t.CodecName()),
		Page: text(t.PageName), PID: t.PID, Valid: t.Valid, Implausible: []string{},
	}
	if t.PID != 0 {
		r.Alive = lives(t.Life)
	}
	if age, known := m.Age(t.LastUpdate); known {
		r.AgeS = &age
	}
	if p := t.Page; p != nil {
		r.Width, r.Height, r.Channels, r.Implausible = p.Width, p.Height, p.Channels, p.implausible()
		r.Rate, r.RateWrapped = t.TrueRate()
		fpks, wrapped := t.TrueFPKS()
		r.FPS, r.FPSWrapped = float64(fpks)/1000, wrapped
		if t.IsVideo() {
			r.EFPS = float64(p.EFPKS) / 1000
		}
		r.BytesPerSecond, r.FirstMS, r.LastMS = p.BytesPerSecond, p.FirstMS, p.LastMS
		r.Keys, r.Parts, r.Fragments, r.Pages = p.Keys.Available(), p.Parts.Available(), p.Fragments.Available(), p.Pages.Available()
		r.InitBytes = p.InitSize
		if r.Keys > 0 {
			r.LastKeyMS = &p.LastKeyMS
		}
	}
	return r
}

// text returns what a page's string is in JSON, which has no other bytes than UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func lives(life procs.Life) *bool {
	if life == procs.Unknown {
		return nil
	}
	alive := life == procs.Alive
	return &alive
}

// FramesPerSecond returns the announced frame rate, else the measured one; 0 where there
// is none.
func (r *TrackRow) FramesPerSecond() float64 {
	if r.FPS > 0 {
		return r.FPS
	}
	return r.EFPS
}

// KeyAgeMS returns how long ago the track's newest key came: behind its newest packet
// in media time, and that one's age. Tracks that are read from a file have none.
func (r *TrackRow) KeyAgeMS() (uint64, bool) {
	if r.LastKeyMS == nil || r.AgeS == nil || *r.AgeS < 0 || r.LastMS < *r.LastKeyMS {
		return 0, false
	}
	age := uint64(*r.AgeS)
	if age > math.MaxUint32 {
		return 0, false
	}
	return r.LastMS - *r.LastKeyMS + age*1000, true
}

// PositionMS returns the media time of the stream's newest packet.
func (r *Row) PositionMS() (ms uint64) {
	for i := range r.Tracks {
		ms = max(ms, r.Tracks[i].LastMS)
	}
	return ms
}

// WindowMS returns how much of the track there is, in milliseconds.
func (r *TrackRow) WindowMS() uint64 {
	if r.LastMS < r.FirstMS {
		return 0
	}
	return r.LastMS - r.FirstMS
}
