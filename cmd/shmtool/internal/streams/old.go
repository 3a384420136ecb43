package streams

import (
	"slices"

	"shmtool/layout/mist"
)

// isOld reports whether the stream is one of MistServer 2.x: it has an object that only
// 2.x makes; or it is served, and has none of those that 3.0 and later make, which begin
// with MstMeta, and the name of its lock is one of before 3.8.
func (s *Stream) isOld() bool {
	has := func(is func(o mist.Object) bool) bool {
		return slices.ContainsFunc(s.Objects, func(o *Object) bool { return is(o.Is) })
	}
	if has(func(o mist.Object) bool { return o.Kind == mist.KindOld }) {
		return !has(func(o mist.Object) bool { return o.Kind == mist.KindMeta })
	}
	served := s.State != nil && (s.State.State == mist.StateReady || s.State.State == mist.StateWait) && s.Buffer != nil
	newer := has(func(o mist.Object) bool {
		return slices.Contains([]mist.Kind{mist.KindMeta, mist.KindTrack, mist.KindData, mist.KindUsers, mist.KindInputPID}, o.Kind)
	})
	return served && !newer && has(func(o mist.Object) bool { return o.Lock == mist.LockInput && o.Old })
}

// Old reports whether MistServer 2.x runs here, or has run.
func (m *Moment) Old() bool {
	isOld := func(o *Object) bool { return o.Is.Kind == mist.KindOld }
	return slices.ContainsFunc(m.Streams, func(s *Stream) bool { return s.Old }) || slices.ContainsFunc(m.Server.Objects, isOld)
}
