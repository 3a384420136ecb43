// Package doctor says what is wrong with MistServer's streams: it judges what
// package streams has read, and reads nothing itself.
package doctor

import (
	"cmp"
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
)

// Findings are what is wrong with a stream as far as one look can tell, the
// worst first, and those of one code together.
func Findings(m *streams.Moment, s *streams.Stream) []finding.Finding {
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
	slices.SortStableFunc(j.found, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(first[a.Code], first[b.Code]))
	})
	return j.found
}

func severity(code string) finding.Severity {
	c, _ := finding.Lookup(code)
	return c.Severity
}
