package streams

import (
	"cmp"
	"slices"
)

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

// The codes of findings, which scripts rely on. Each has a section in the
// manual of explain.
const (
	CodeInputLockOrphaned = "input_lock_orphaned"
	CodePullLockOrphaned  = "pull_lock_orphaned"
	CodeStateStale        = "state_stale"
	CodeMetaReclaimed     = "meta_reclaimed"
	CodeReloadPending     = "reload_pending"
	CodePageNotReady      = "page_not_ready"
	CodePresentDrift      = "present_drift"
	CodeTrackPageMissing  = "track_page_missing"
	CodeWriterDead        = "writer_dead"
	CodeInputUnsupervised = "input_unsupervised"
	CodeDataPageMissing   = "data_page_missing"
	CodeTrackStale        = "track_stale"
	CodeViewerDead        = "viewer_dead"
	CodeUsersFull         = "users_full"
	CodeRingOverfull      = "ring_overfull"
	CodeTrackListOverflow = "track_list_overflow"
	CodeInvalidPage       = "invalid_page" // as layout's check has it
)

// severities of the codes above; what is not here is a warning.
var severities = map[string]Severity{
	CodeInputLockOrphaned: Error,
	CodePullLockOrphaned:  Error,
	CodeStateStale:        Error,
	CodeReloadPending:     Error,
	CodePageNotReady:      Error,
	CodePresentDrift:      Error,
	CodeWriterDead:        Error,
	CodeRingOverfull:      Error,
	CodeTrackListOverflow: Error,
	CodeInvalidPage:       Error,
}

// SeverityOf is how bad findings of a code are.
func SeverityOf(code string) Severity {
	if s, ok := severities[code]; ok {
		return s
	}
	return Warning
}

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

// Findings are what is wrong with a stream as far as one look can tell, the
// worst first, and those of one code together.
func (m *Moment) Findings(s *Stream) []Finding {
	j := &judge{at: m, stream: s}
	for _, rule := range rules {
		rule(j)
	}
	first := map[string]int{}
	for i, f := range j.found {
		if _, seen := first[f.Code]; !seen {
			first[f.Code] = i
		}
	}
	slices.SortStableFunc(j.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(first[a.Code], first[b.Code]))
	})
	return j.found
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
