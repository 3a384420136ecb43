package read

import (
	"slices"
	"strconv"
	"strings"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// earlyLogs returns info, corrected for the logs of a MistServer before 3.8: those have no
// field pid, and MistServer keeps only their counter endpos.
func earlyLogs(info *mist.PageInfo, s *layout.Schema) *mist.PageInfo {
	if info == nil || info.Kind != mist.KindLogs || s.Lookup("pid") != nil {
		return info
	}
	early := *info
	early.CountersKept = false
	return &early
}

// judged returns the findings about a page, as MistServer's way of writing it makes them:
// a counter that MistServer does not keep is no finding, and one that it keeps in step is
// a warning when it is not.
func judged(info *mist.PageInfo, findings []layout.Finding) []layout.Finding {
	var kept []layout.Finding
	for _, f := range findings {
		page := info
		for _, step := range strings.Split(f.Path, ":")[1:] {
			field, _, _ := strings.Cut(step, "@")
			page = page.Nested(field)
		}
		if judge(page, &f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// withoutUnused leaves out nested pages that are not ready in rows that are not in use:
// MistServer makes such a page when it fills the row.
func withoutUnused(findings []layout.Finding, rows layout.Window) []layout.Finding {
	return slices.DeleteFunc(findings, func(f layout.Finding) bool {
		step, _, _ := strings.Cut(strings.TrimPrefix(f.Path, ":"), ":")
		_, row, found := strings.Cut(step, "@")
		n, err := strconv.ParseUint(row, 10, 64)
		return f.Code == layout.CodeNotReady && found && err == nil && !rows.Contains(n)
	})
}

// judge gives a finding the severity that it has on a page, and reports whether it is a
// finding there.
func judge(page *mist.PageInfo, f *layout.Finding) bool {
	if page == nil {
		return true
	}
	switch f.Code {
	case layout.CodeOpenString:
		return page.Kind != mist.KindProxies // MistServer ends no text of that page
	case layout.CodePresentDiffers, layout.CodeStartDiffers, layout.CodeDeletedOver, layout.CodeSpanOver:
	default:
		return true
	}
	switch {
	case page.CountersKept:
		f.Severity = layout.Warning
		f.Message += "; MistServer keeps them in step"
	case page.Rule == mist.RuleSingle && f.Code == layout.CodeSpanOver:
		f.Message = "a page of one record has published more: its writer has started again on it"
	case page.Rule != mist.RuleRing || f.Code == layout.CodePresentDiffers || f.Code == layout.CodeStartDiffers:
		return f.Code == layout.CodeDeletedOver || f.Code == layout.CodeSpanOver
	}
	return true
}
