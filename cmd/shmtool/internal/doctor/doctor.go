// Package doctor says what is wrong with MistServer's streams: it judges what
// package streams has read, and reads nothing itself.
//
// A rule looks at one thing, and says what is wrong with it when it is sure. It marks a
// finding that may be under way, and a second look decides (finding.Lasting).
// Afterwards cause.go finds which findings follow from others.
package doctor

import (
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
)

// Judge returns what is wrong at a moment, causes before what follows from them. With
// a look from before it also tells what only movement shows, and nothing that
// has passed meanwhile; without one only what is certain at once.
func Judge(before, now *streams.Moment) []finding.Finding {
	var first []finding.Finding
	var apart time.Duration
	if before != nil {
		apart = now.After(before)
		first = Suspicions(nil, before)
	}
	found := finding.Lasting(first, Suspicions(before, now), apart)
	arranged := Arrange(found)
	for i := range arranged {
		prescribe(now, &arranged[i])
	}
	return arranged
}

// Suspicions returns all findings of a look, also those that may pass. A stream whose
// PIDs mean nothing here loses what was concluded from them, for all who read the look
// afterwards.
func Suspicions(before, now *streams.Moment) []finding.Finding {
	j := &judge{at: now}
	for _, rule := range serverRules {
		rule(j)
	}
	found := j.found
	for i, s := range now.Streams {
		if s.Configured() || s.Old {
			continue
		}
		j := &judge{at: now, stream: s, was: stream(before, s.Name)}
		if s.Foreign || foreign(j.was, s) {
			j.stream = unknowing(s)
			now.Streams[i] = j.stream
		}
		switch {
		case s.Foreign:
			j.find(finding.NamespaceMismatch, "", map[string]any{"stream": s.Name}, "it is used by processes of another PID namespace, which cannot be seen from here")
		case j.stream.Foreign:
			j.find(finding.NamespaceMismatch, "", map[string]any{"stream": s.Name}, "its packets come, and the processes that it names are not to be seen here")
		}
		if s.Unknown {
			for _, rule := range processRules {
				rule(j)
			}
			found = append(found, j.found...)
			continue
		}
		for _, rule := range rules {
			rule(j)
		}
		j.besideMedia()
		found = append(found, j.found...)
	}
	return found
}

func stream(m *streams.Moment, name string) *streams.Stream {
	if m == nil {
		return nil
	}
	for _, s := range m.Streams {
		if s.Name == name {
			return s
		}
	}
	return nil
}
