package doctor

import (
	"slices"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// foreign reports whether a stream goes on although the process that feeds it is
// not there: its PIDs are those of another namespace, as when a container shares
// the host's memory and not its processes. Then nothing is known of any of them.
func foreign(was, now *streams.Stream) bool {
	if was == nil {
		return false
	}
	return slices.ContainsFunc(now.Tracks, func(t *streams.Track) bool {
		i := slices.IndexFunc(was.Tracks, func(o *streams.Track) bool { return o.PageName == t.PageName && o.PID == t.PID })
		if i < 0 || t.PID == 0 || t.Page == nil || was.Tracks[i].Page == nil {
			return false
		}
		before := was.Tracks[i]
		return t.Life == procs.Dead && (before.Life == procs.Dead || was.Foreign) && t.Page.Parts.Header.EndPos > before.Page.Parts.Header.EndPos
	})
}

// unknowing returns the stream without what was concluded from its PIDs, which mean nothing
// here.
func unknowing(s *streams.Stream) *streams.Stream {
	u := *s
	u.Foreign, u.Buffer = true, nil
	u.Tracks = nil
	for _, t := range s.Tracks {
		c := *t
		c.Life, c.Why = procs.Unknown, procs.OtherSpace
		u.Tracks = append(u.Tracks, &c)
	}
	if s.Users != nil {
		users := *s.Users
		users.Slots = slices.Clone(users.Slots)
		for i := range users.Slots {
			users.Slots[i].Life, users.Slots[i].Why = procs.Unknown, procs.OtherSpace
		}
		u.Users = &users
	}
	for _, h := range []**streams.Holder{&u.Input, &u.Pull} {
		if *h != nil {
			c := **h
			c.Life, c.Why = procs.Unknown, procs.OtherSpace
			*h = &c
		}
	}
	return &u
}
