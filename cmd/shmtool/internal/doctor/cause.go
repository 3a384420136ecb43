package doctor

import (
	"cmp"
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
)

// causes are what a finding may follow from, the likeliest first. A cause is one
// of the same stream and, where both are about a track, of the same track; or
// one of the whole server.
var causes = map[string][]string{
	finding.ControllerPageMissing: {finding.ControllerDead, finding.DeletedMapping},
	finding.SessionOrphaned:       {finding.ControllerDead},
	finding.SourceMissing:         {finding.PullLockOrphaned, finding.ProcessStopped, finding.ProcessFailing},
	finding.Waiting:               {finding.ProcessFailing, finding.ProcessStopped, finding.ShortLockStuck},
	finding.VoDPagePending:        {finding.NoInput, finding.InputLockOrphaned, finding.ProcessStopped, finding.ShortLockStuck},
	finding.MetaReclaimed:         {finding.TrackPageShared},
	finding.DataStaleBytes:        {finding.TrackPageShared, finding.MetaReclaimed},
	finding.TimeApart:             {finding.TimeBlocked},
	finding.TrackListOverflow:     {finding.TrackPageShared, finding.MetaReclaimed},
	finding.StateStale:            {finding.InputLockOrphaned, finding.PullLockOrphaned},
	finding.ViewerDead:            {finding.NamespaceMismatch, finding.ProcessStopped, finding.NoInput, finding.InputLockOrphaned, finding.StateStale, finding.ShortLockStuck},
	finding.WriterDead: {
		finding.ProcessStopped,
		finding.ReloadPending, finding.PageNotReady, finding.ShmFull, finding.NamespaceMismatch,
		finding.InputLockOrphaned, finding.InputUnsupervised, finding.NoInput, finding.MetaReclaimed,
	},
	finding.ReloadPending:    {finding.ShmFull},
	finding.PageNotReady:     {finding.ShmFull},
	finding.TrackPageMissing: {finding.DeletedMapping, finding.WriterDead, finding.InputLockOrphaned},
	finding.DataPageMissing:  {finding.DataPageUnlinked, finding.DeletedMapping, finding.TrackPageMissing},
	finding.DataStalled:      {finding.DataPageUnlinked, finding.ShmFull, finding.NoKeyframe},
	finding.PresentDrift:     {finding.RingOverfull, finding.ProcessStopped},
	finding.RingOverfull:     {finding.ProcessStopped, finding.NoInput},
	finding.TrackStale: {
		finding.ProcessStopped, finding.SourceMissing, finding.TrackPageShared, finding.NoInput,
		finding.TimeBlocked, finding.NoKeyframe, finding.ReloadPending, finding.PageNotReady, finding.DataPageUnlinked,
		finding.WriterDead, finding.TrackPageMissing, finding.ShortLockStuck, finding.ShmFull, finding.InputLockOrphaned,
		finding.ExitPending,
	},
	finding.OrphanObject: {finding.TrackPageShared, finding.InputLockOrphaned, finding.NoInput, finding.StateStale, finding.MetaReclaimed},
}

// Arrange puts findings in the order in which to look at them: by stream, the
// worst first, and in it each cause before what follows from it. The findings
// that follow from another name it.
func Arrange(found []finding.Finding) []finding.Finding {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(finding.Rank(a.Code), finding.Rank(b.Code)))
	})
	follow := map[int][]int{} // from the index of the cause
	var roots []int
	all := indexOf(found)
	for i := range found {
		if c := all.causeOf(found, i); c >= 0 {
			found[i].Cause = &finding.Cause{Code: found[c].Code, Object: found[c].Object}
			follow[c] = append(follow[c], i)
		} else {
			roots = append(roots, i)
		}
	}
	roots = byStream(found, roots)
	arranged := make([]finding.Finding, 0, len(found))
	var add func(i int)
	add = func(i int) {
		arranged = append(arranged, found[i])
		for _, c := range follow[i] {
			add(c)
		}
	}
	for _, i := range roots {
		add(i)
	}
	return arranged
}

// byStream keeps together what is of one stream: the one with the worst finding
// comes first, and of those that are alike what is the whole server's.
func byStream(found []finding.Finding, roots []int) []int {
	worst := map[string]finding.Severity{}
	for _, i := range roots {
		worst[found[i].Stream] = max(worst[found[i].Stream], found[i].Severity)
	}
	slices.SortStableFunc(roots, func(a, b int) int {
		x, y := found[a].Stream, found[b].Stream
		return cmp.Or(cmp.Compare(worst[y], worst[x]), cmp.Compare(x, y))
	})
	return roots
}

// causeOf returns the index of what a finding follows from, or -1. Causes never go in
// a circle: each code's are others that have no cause among those that it causes.
func (x index) causeOf(found []finding.Finding, i int) int {
	f := &found[i]
	for _, code := range causes[f.Code] {
		candidates := slices.Concat(x[about{code, ""}], x[about{code, f.Stream}])
		slices.Sort(candidates)
		for _, c := range candidates {
			if related(&found[c], f) {
				return c
			}
		}
	}
	return -1
}

// index has the findings of each code about each stream, by their place in a list: a server
// of a thousand streams may have thousands.
type index map[about][]int

type about struct{ code, stream string }

func indexOf(found []finding.Finding) index {
	x := index{}
	for i, f := range found {
		x[about{f.Code, f.Stream}] = append(x[about{f.Code, f.Stream}], i)
	}
	return x
}

// related reports whether one finding is about what another one is in.
func related(cause, f *finding.Finding) bool {
	if cause.Stream != "" && cause.Stream != f.Stream {
		return false
	}
	a, isA := cause.Evidence["track"]
	b, isB := f.Evidence["track"]
	return !isA || isB && a == b
}
