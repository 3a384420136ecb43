package streams

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"shmtool/layout/mist"
)

// LogLine is a line of MstStateLogs.
type LogLine struct {
	Time    int64 // Unix seconds
	Kind    string
	Message string // with its secrets
	Stream  string
	PID     uint64
	Program string
}

// logs reads MistServer's log where a stream does not run, or is not there: the
// reason may stand in it. It is a MiB, and changes all the time.
func (l *looker) logs() {
	quiet := l.want == nil && !slices.ContainsFunc(l.at.Streams, func(s *Stream) bool {
		return !s.Configured() && (s.State == nil || s.State.State != mist.StateReady || s.Buffer == nil)
	})
	if quiet {
		return
	}
	o, err := l.stat(mist.Object{Kind: mist.KindLogs}.Name())
	if err != nil {
		return
	}
	var lines []LogLine
	err = l.page(o, func(p *openPage) error {
		lines = lines[:0]
		return rows(p.root, mist.KindLogs.Page(), func(_ uint64, w row) {
			lines = append(lines, LogLine{
				Time: int64(w.uint("time")), Kind: w.text("kind"), Message: w.text("msg"),
				Stream: w.text("strm"), PID: w.uint("pid"), Program: w.text("exe"),
			})
		})
	})
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		l.at.Logs = lines
	}
}

// LogsOf returns what MistServer logged of a stream, oldest first.
func (m *Moment) LogsOf(stream string) []LogLine {
	var of []LogLine
	for _, line := range m.Logs {
		if line.Stream == stream {
			of = append(of, line)
		}
	}
	return of
}

// Since returns how long ago a time in Unix seconds was; false where no clock is known, or
// the time is still to come, because the clock was set back meanwhile.
func (m *Moment) Since(unix int64) (time.Duration, bool) {
	if m.Clock.Now == 0 || unix <= 0 || unix > lastUnix {
		return 0, false
	}
	since := time.Duration(m.Clock.Now - unix*int64(time.Second))
	return max(0, since), since > -2*time.Second // a line may be written after the clock was read
}

// lastUnix is the last time that an int64 of nanoseconds holds.
const lastUnix = math.MaxInt64 / int64(time.Second)

// Running returns how long ago a process was started, the time counted that the machine has
// slept since; false where no clock is known.
func (m *Moment) Running(start time.Duration) (time.Duration, bool) {
	if m.Clock.Uptime == 0 || start <= 0 {
		return 0, false
	}
	return max(0, m.Clock.Uptime+m.Asleep-start), true
}

// Idle is what MistServer's log says of a stream that is configured, and does not run.
type Idle struct {
	Stream string `json:"stream"`
	Since  string `json:"since,omitempty"`  // RFC 3339; "" is not known
	Failed string `json:"failed,omitempty"` // why its last start failed; "" when it ended well
}

// IdleOf returns what is known of a stream that does not run.
func (m *Moment) IdleOf(stream string) Idle {
	idle := Idle{Stream: stream}
	for _, line := range slices.Backward(m.Logs) {
		at := time.Unix(line.Time, 0).UTC().Format(time.RFC3339)
		if line.Stream == "" && line.Message == "Stream "+stream+" became inactive" {
			idle.Since = at
			return idle
		}
		if line.Stream != stream || !strings.HasPrefix(line.Program, "MistIn") {
			continue
		}
		for _, mark := range []string{"Input closing unclean, reason: ", "Logging unclean exit reason: "} {
			if _, reason, found := strings.Cut(line.Message, mark); found {
				idle.Since, idle.Failed = at, mist.Redact(reason)
				return idle
			}
		}
	}
	return idle
}
