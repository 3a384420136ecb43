// Package finding is what can be wrong, and how it is said: codes with their
// severities and their pages of explanation, and findings, of which each has one.
package finding

import "slices"

// Severity is how bad a finding is.
type Severity uint8

// The severities.
const (
	Note    Severity = iota // normal, but looks alarming
	Warning                 // stalls, leaks, new viewers fail
	Error                   // the stream cannot work, or packets are being destroyed
)

// String is "note", "warning" or "error".
func (s Severity) String() string { return [...]string{"note", "warning", "error"}[s] }

// MarshalText is String, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that is wrong with a stream.
type Finding struct {
	Code     string         `json:"code"`
	Severity Severity       `json:"severity"`
	Stream   string         `json:"stream"`
	Object   string         `json:"object,omitempty"`
	Message  string         `json:"message"` // one line
	Evidence map[string]any `json:"evidence,omitempty"`

	// Passing is set where a living stream may show the same for a moment, while
	// something is under way: only what a second look shows again is true.
	Passing bool `json:"-"`
}

// Passing reports whether anything was found that must be looked at again.
func Passing(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Passing })
}

// Lasting are the findings of a second look, without those that may pass and
// that the first did not have with the same message.
func Lasting(first, second []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(second), func(f Finding) bool {
		return f.Passing && !slices.ContainsFunc(first, func(was Finding) bool {
			return was.Code == f.Code && was.Object == f.Object && was.Message == f.Message
		})
	})
}

// The verdicts on a stream.
const (
	VerdictOK      = "ok"
	VerdictWarning = "warning"
	VerdictStuck   = "stuck"
)

// Verdict is the worst of a stream's findings in one word.
func Verdict(found []Finding) string {
	worst := Note
	for _, f := range found {
		worst = max(worst, f.Severity)
	}
	return [...]string{VerdictOK, VerdictWarning, VerdictStuck}[worst]
}
