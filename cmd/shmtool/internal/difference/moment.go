package difference

import (
	"fmt"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// Moment is a server at a moment, and what is wrong with it.
type Moment struct {
	At        *streams.Moment
	Taken     time.Time         // zero: not known
	Found     []finding.Finding // what is certain, causes before what follows from them
	Suspected []finding.Finding // what may pass within seconds, and only a second look can tell
	Processes []procs.Process
	objects   []about // MistServer's, and pages of other names
}

// Look looks at a server once.
func Look(shmDir string, table *procs.Table, wanted func(stream string) bool) (*Moment, error) {
	at, err := streams.Look(shmDir, table, wanted)
	if err == nil {
		err = unread(at)
	}
	if err != nil {
		return nil, err
	}
	others, err := otherPages(shmDir, table)
	if err != nil {
		return nil, err
	}
	m := &Moment{At: at, Found: doctor.Judge(nil, at), Processes: table.Mist(), objects: append(objectsOf(at), others...)}
	if at.Clock.Now != 0 {
		m.Taken = time.Unix(0, at.Clock.Now)
	}
	for _, f := range doctor.Arrange(doctor.Suspicions(nil, at)) {
		if f.Settles > 0 {
			m.Suspected = append(m.Suspected, f)
		}
	}
	return m, nil
}

// unread returns why the system failed to read a moment: what was not read would differ
// from what was.
func unread(m *streams.Moment) error {
	if m.Unread != nil {
		return fmt.Errorf("cannot read the processes: %w", m.Unread)
	}
	for _, o := range seen(m) {
		if err := o.Unseen(); err != nil {
			return fmt.Errorf("object %q: %w", o.Name, cause.Of(err))
		}
	}
	for _, s := range m.Streams {
		for _, p := range s.Problems {
			if kernel.Broken(p.Err) {
				return fmt.Errorf("object %q: %w", p.Object, cause.Of(p.Err))
			}
		}
	}
	return nil
}

// Moments is what differs between two moments of a server.
type Moments struct {
	Before, Now *Moment
	Findings    []Judged // the causes first, as at the later moment; then those that went
	Others      []Difference
	Streams     []string // all, of both moments
	Processes   []Difference
	Rows        [2]map[string]*streams.Row // at each moment, by stream
}

// All returns all differences: the findings first.
func (d *Moments) All() []Difference {
	var all []Difference
	for i := range d.Findings {
		if d.Findings[i].Change != "" {
			all = append(all, d.Findings[i].difference())
		}
	}
	all = append(all, d.Others...)
	return append(all, d.Processes...)
}

// Judged is a finding, and what became of it.
type Judged struct {
	finding.Finding
	Change    Change // "" where both moments have it
	Suspected bool   // it may pass: only a second look can tell
}

func (j *Judged) difference() Difference {
	d := Difference{Part: PartFinding, Change: j.Change, Where: j.Stream, Name: j.Code}
	told := packed(struct {
		finding.Finding
		Suspected bool `json:"suspected"`
	}{j.Finding, j.Suspected})
	if d.New = told; j.Change == Removed {
		d.Old, d.New = told, nil
	}
	return d
}

// Compare returns what differs between two moments.
func Compare(before, now *Moment, o streams.RowOptions) *Moments {
	d := &Moments{Before: before, Now: now, Findings: Findings(before, now)}
	was, is := rowsByStream(before, o), rowsByStream(now, o)
	d.Rows = [2]map[string]*streams.Row{was, is}
	for _, name := range slices.Concat(keysOf(was), keysOf(is)) {
		if !slices.Contains(d.Streams, name) {
			d.Streams = append(d.Streams, name)
		}
	}
	slices.Sort(d.Streams)
	for _, name := range d.Streams {
		d.Others = append(d.Others, streamDifferences(name, was[name], is[name])...)
	}
	d.Others = append(d.Others, objectDifferences(before.objects, now.objects)...)
	d.Processes = processDifferences(before.Processes, now.Processes)
	return d
}

// Findings returns the findings of two moments: those that came and those that stay, in the
// order of the later moment, and behind them those that went. A finding that the earlier moment could
// only suspect is not new.
func Findings(before, now *Moment) (all []Judged) {
	all = Since(before, now.Found)
	was := slices.Concat(before.Found, before.Suspected)
	for _, f := range now.Suspected {
		if !Has(was, &f) {
			all = append(all, Judged{f, Added, true})
		}
	}
	for _, f := range moving(before.At, now.At) {
		if !Has(slices.Concat(now.Found, now.Suspected), &f) {
			all = append(all, Judged{f, Added, false})
		}
	}
	return append(all, Gone(before, slices.Concat(now.Found, now.Suspected))...)
}

// moving returns the findings that only the movement from one moment to the next tells.
func moving(before, now *streams.Moment) []finding.Finding {
	if !now.Follows(before) {
		return nil
	}
	return slices.DeleteFunc(doctor.Suspicions(before, now), func(f finding.Finding) bool { return f.Settles > 0 })
}

// Since returns findings with what became of each since an earlier moment.
func Since(before *Moment, found []finding.Finding) (all []Judged) {
	was := slices.Concat(before.Found, before.Suspected)
	for _, f := range found {
		change := Added
		if Has(was, &f) {
			change = ""
		}
		all = append(all, Judged{f, change, false})
	}
	return all
}

// Gone returns the findings of an earlier moment that are not among those that were found.
func Gone(before *Moment, found []finding.Finding) (gone []Judged) {
	for _, f := range before.Found {
		if !Has(found, &f) {
			gone = append(gone, Judged{f, Removed, false})
		}
	}
	return gone
}

// Has reports whether one of some findings is this one, seen at another time.
func Has(found []finding.Finding, f *finding.Finding) bool {
	key := Key(f)
	return slices.ContainsFunc(found, func(o finding.Finding) bool { return Key(&o) == key })
}

// Key returns what tells a finding from others, at whatever time it is seen: its message
// may tell of values that change.
func Key(f *finding.Finding) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%v\x00%v", f.Code, f.Stream, f.Object, f.Evidence["track"], f.Evidence["pid"])
}

func rowsByStream(m *Moment, o streams.RowOptions) map[string]*streams.Row {
	rows := map[string]*streams.Row{}
	for _, s := range m.At.Streams {
		if s.Configured() {
			continue
		}
		var found []finding.Finding
		for _, f := range m.Found {
			if f.Stream == s.Name {
				found = append(found, f)
			}
		}
		r := m.At.Row(s, found, o)
		rows[s.Name] = &r
	}
	return rows
}

func keysOf(rows map[string]*streams.Row) (names []string) {
	for name := range rows {
		names = append(names, name)
	}
	return names
}

// streamDifferences compares a stream and its tracks. Either may be nil.
func streamDifferences(name string, was, is *streams.Row) (all []Difference) {
	before, now := streamMembers(was), streamMembers(is)
	switch {
	case was == nil:
		return append(all, Difference{Part: PartStream, Change: Added, Where: name, New: packed(is)})
	case is == nil:
		return append(all, Difference{Part: PartStream, Change: Removed, Where: name, Old: packed(was)})
	}
	all = between(PartStream, name, before, now, "findings", "tracks")
	for _, t := range is.Tracks {
		number := t.Index
		old := slices.IndexFunc(was.Tracks, func(o streams.TrackRow) bool { return o.Index == t.Index })
		if old < 0 {
			all = append(all, Difference{Part: PartTrack, Change: Added, Where: name, Number: &number, New: packed(t)})
			continue
		}
		for _, d := range between(PartTrack, name, MembersOf(packed(was.Tracks[old])), MembersOf(packed(t))) {
			d.Number = &number
			all = append(all, d)
		}
	}
	for _, t := range was.Tracks {
		if !slices.ContainsFunc(is.Tracks, func(o streams.TrackRow) bool { return o.Index == t.Index }) {
			number := t.Index
			all = append(all, Difference{Part: PartTrack, Change: Removed, Where: name, Number: &number, Old: packed(t)})
		}
	}
	return all
}

func streamMembers(r *streams.Row) []Member {
	if r == nil {
		return nil
	}
	return MembersOf(packed(r))
}
