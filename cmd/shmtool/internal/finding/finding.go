// Package finding is what can be wrong, and how it is said: codes with their
// severities and their pages of explanation, and findings, of which each has one.
package finding

import (
	"fmt"
	"slices"
	"time"
)

// Severity is how bad a finding is.
type Severity uint8

// The severities.
const (
	Note    Severity = iota // normal, but looks alarming
	Warning                 // stalls, leaks, new viewers fail
	Error                   // the stream cannot work, or packets are being destroyed
)

// String returns "note", "warning" or "error".
func (s Severity) String() string { return [...]string{"note", "warning", "error"}[s] }

// MarshalText returns String, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes what MarshalText returns.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{Note, Warning, Error} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q", text)
}

// Finding is one thing that is wrong with a stream, or with the whole server:
// then Stream is empty.
type Finding struct {
	Code     string         `json:"code"`
	Severity Severity       `json:"severity"`
	Stream   string         `json:"stream"`
	Object   string         `json:"object,omitempty"`
	Message  string         `json:"message"` // one line
	Evidence map[string]any `json:"evidence,omitempty"`
	Remedy   string         `json:"remedy,omitempty"` // a command to type
	Effects  []Effect       `json:"remedy_effects,omitempty"`
	Cause    *Cause         `json:"cause,omitempty"` // the finding that it follows from

	// Settles is set where a living stream may show the same for so long, while
	// something is under way: only what a second look shows again, no sooner, is
	// true.
	Settles time.Duration `json:"-"`

	// Lasts reports whether a finding of an earlier look, with the same code and
	// object, is this one; nil compares the messages. A rule sets it where the message
	// also tells what changes meanwhile.
	Lasts func(was *Finding) bool `json:"-"`
}

// Overlaps returns a Lasts: the PIDs that both findings have in a member of the
// evidence overlap. Without that member it compares the messages.
func (f *Finding) Overlaps(key string) func(was *Finding) bool {
	pids, message := pidsOf(f, key), f.Message
	return func(was *Finding) bool {
		before := pidsOf(was, key)
		if len(pids) == 0 && len(before) == 0 {
			return was.Message == message
		}
		return slices.ContainsFunc(pids, func(pid uint64) bool { return slices.Contains(before, pid) })
	}
}

// pidsOf returns the PIDs in a member of the evidence: as processes are called here, or
// as a page has them.
func pidsOf(f *Finding, key string) []uint64 {
	switch pids := f.Evidence[key].(type) {
	case []uint64:
		return pids
	case []int:
		var all []uint64
		for _, pid := range pids {
			all = append(all, uint64(pid))
		}
		return all
	}
	return nil
}

// is reports whether an earlier finding is this one.
func (f *Finding) is(was *Finding) bool {
	switch {
	case was.Code != f.Code || was.Object != f.Object:
		return false
	case f.Lasts != nil:
		return f.Lasts(was)
	}
	return was.Message == f.Message
}

// Effect is what a remedy does to one process. A remedy without effects does
// nothing to any process.
type Effect struct {
	PID     int    `json:"pid"`
	Role    string `json:"role"`    // what the process is to the stream
	Program string `json:"program"` // its name
	Effect  string `json:"effect"`  // in words
}

// The roles that a process may have for a stream.
const (
	RoleBuffer  = "buffer" // keeps the stream
	RoleInput   = "input"  // starts the buffer again
	RolePuller  = "puller"
	RoleSource  = "source"
	RoleViewer  = "viewer" // reads the stream: a player's output, a push, a process
	RoleProcess = "process"
)

// Cause names another finding.
type Cause struct {
	Code   string `json:"code"`
	Object string `json:"object,omitempty"`
}

// Settle returns how long one must wait to know which of the findings are true; 0 when
// they all are.
func Settle(found []Finding) time.Duration {
	var longest time.Duration
	for _, f := range found {
		longest = max(longest, f.Settles)
	}
	return longest
}

// Lasting returns the findings of a second look that are true: without those that may
// pass, unless the first look, so much earlier, had them (see Finding.Lasts).
func Lasting(first, second []Finding, apart time.Duration) []Finding {
	lasting := slices.Clone(second)[:0]
	for i := range second {
		if f := &second[i]; f.Settles <= 0 || f.Settles <= apart && f.among(first) {
			lasting = append(lasting, *f)
		}
	}
	return lasting
}

// among reports whether an earlier look had the finding.
func (f *Finding) among(first []Finding) bool {
	for i := range first {
		if f.is(&first[i]) {
			return true
		}
	}
	return false
}

// The verdicts on a stream.
const (
	VerdictOK      = "ok"
	VerdictWarning = "warning"
	VerdictStuck   = "stuck"
)

// Verdict returns the worst of a stream's findings in one word.
func Verdict(found []Finding) string {
	worst := Note
	for _, f := range found {
		worst = max(worst, f.Severity)
	}
	return [...]string{VerdictOK, VerdictWarning, VerdictStuck}[worst]
}
