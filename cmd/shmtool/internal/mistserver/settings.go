package mistserver

import (
	"cmp"
	"encoding/json"
	"time"

	"shmtool/layout/dtsc"
	"shmtool/relaccx"
)

// Settings are a stream's. Zero values are MistServer's defaults.
type Settings struct {
	Source       string        // URL
	BufferTime   time.Duration // the DVR window: default 50 s, at least 1 s
	IdleTime     time.Duration // after which a track without updates goes: default 50 s, at least 1 s
	InputTimeout time.Duration // how long the stream stays without a viewer: default 30 s
	SegmentSize  time.Duration // the least duration of a fragment: default 1.9 s
	MaxKeepAway  time.Duration // default 45 s
	CutTime      time.Duration // media time before which all is cut; default nothing
	Resume       bool          // tracks outlive their source, until IdleTime is over
	AlwaysOn     bool          // no viewer is needed to keep the stream
	Process      string        // a program beside the stream, without "MistProc": nothing here starts it
}

const (
	defaultWindow      = 50 * time.Second
	defaultTimeout     = 30 * time.Second
	defaultKeepAway    = 45 * time.Second
	defaultFragment    = 1900 * time.Millisecond // DEFAULT_FRAGMENT_DURATION
	leastWindow        = time.Second
	defaultStreamInput = "push://127.0.0.1"
)

// complete returns s with MistServer's defaults and limits.
func (s Settings) complete() Settings {
	s.BufferTime = max(cmp.Or(s.BufferTime, defaultWindow), leastWindow)
	s.IdleTime = max(cmp.Or(s.IdleTime, defaultWindow), leastWindow)
	s.InputTimeout = cmp.Or(s.InputTimeout, defaultTimeout)
	s.MaxKeepAway = cmp.Or(s.MaxKeepAway, defaultKeepAway)
	s.Source = cmp.Or(s.Source, defaultStreamInput)
	return s
}

// JSON returns what [Controller.Configure] takes: these settings as MistServer's
// configuration of a stream has them.
func (s Settings) JSON(stream string) []byte {
	s = s.complete()
	members := map[string]any{
		"name": stream, "source": s.Source,
		"DVR": s.BufferTime.Milliseconds(), "idletime": s.IdleTime.Milliseconds(),
		"inputtimeout": int64(s.InputTimeout / time.Second), "maxkeepaway": s.MaxKeepAway.Milliseconds(),
	}
	if s.SegmentSize > 0 {
		members["segmentsize"] = s.SegmentSize.Milliseconds()
	}
	if s.CutTime > 0 {
		members["cut"] = s.CutTime.Milliseconds()
	}
	if s.Resume {
		members["resume"] = 1
	}
	if s.AlwaysOn {
		members["always_on"] = true
	}
	if s.Process != "" {
		members["processes"] = []map[string]string{{"process": s.Process}}
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

// readSettings returns what the stream's configuration says; what it does not say
// stays as in s.
func readSettings(p Place, stream string, s Settings) (Settings, error) {
	page, err := relaccx.Open(p.path(configOf(stream)))
	if err != nil {
		return s, err
	}
	defer page.Close()
	r, err := page.Reader()
	if err != nil {
		return s, err
	}
	var rec relaccx.Record
	if err := r.Read(0, &rec); err != nil {
		return s, err
	}
	packed, err := rec.Field("dtsc_data")
	if err != nil {
		return s, err
	}
	value, err := dtsc.Decode(packed)
	if err != nil {
		return s, err
	}
	return s.take(value), nil
}

func (s Settings) take(v dtsc.Value) Settings {
	duration := func(to *time.Duration, unit time.Duration, name string) {
		if m, ok := v.Lookup(name); ok && m.Int() > 0 {
			*to = time.Duration(m.Int()) * unit
		}
	}
	flag := func(to *bool, name string) {
		if m, ok := v.Lookup(name); ok {
			*to = m.Int() != 0
		}
	}
	duration(&s.BufferTime, time.Millisecond, "DVR")
	duration(&s.IdleTime, time.Millisecond, "idletime")
	duration(&s.InputTimeout, time.Second, "inputtimeout")
	duration(&s.SegmentSize, time.Millisecond, "segmentsize")
	duration(&s.MaxKeepAway, time.Millisecond, "maxkeepaway")
	duration(&s.CutTime, time.Millisecond, "cut")
	flag(&s.Resume, "resume")
	flag(&s.AlwaysOn, "always_on")
	if m, ok := v.Lookup("source"); ok && m.Kind() == dtsc.String {
		s.Source = m.String()
	}
	return s
}
