package object

import (
	"slices"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// Finding is a finding about the object that was named, or about another
// one that it leads to.
type Finding struct {
	layout.Finding
	Object string // the other one; "" for the one that was named
}

// Passing reports whether a writer at work may make it look so for a moment:
// counters that it keeps in step, and whatever more than one store changes.
func (f Finding) Passing() bool {
	switch f.Code {
	case layout.CodePresentDiffers, layout.CodeStartDiffers, layout.CodeDeletedOver, layout.CodeSpanOver:
		return f.Severity > layout.Note
	}
	return slices.ContainsFunc(mist.CheckCodes(), func(c mist.CheckCode) bool { return c.Name == f.Code })
}

// Same reports whether two looks found the same thing.
func (f Finding) Same(o Finding) bool {
	return f.Code == o.Code && f.Object == o.Object && f.Path == o.Path && f.Offset == o.Offset
}

// PlainFindings returns findings about the object that was named.
func PlainFindings(findings []layout.Finding) (found []Finding) {
	for _, f := range findings {
		found = append(found, Finding{Finding: f})
	}
	return found
}
