package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// view is what page.html shows. All of its texts are printable.
type view struct {
	Title, Verdict string
	Place, When    string
	Version        string
	Redacted       bool
	Counts         string
	Unseen         []string
	Server         []findingView
	Streams        []streamView
	MoreStreams    []streamLine
	Processes      []processView
	MoreProcesses  int
	Others         []processView // processes of other streams
	OthersCount    string
	MoreOthers     int
	Objects        objectsView // of the server
	Recording      *recordingView
}

// streamView is a section about one stream.
type streamView struct {
	ID, Name, Verdict string
	Facts             []finding.Value
	Findings          []findingView
	MoreFindings      int
	Problems          []finding.Value
	Figures           []figure
	Tracks            []trackView
	MoreTracks        int
	Viewers           []viewerView
	MoreViewers       int
	Objects           objectsView
	Raw               string
}

// streamLine is a stream that has no section.
type streamLine struct{ ID, Name, State, Verdict, Viewers string }

// findingView is a finding, and what follows from it.
type findingView struct {
	Code, Severity, Object, Message, Means, Remedy string
	Evidence                                       []finding.Value
	Effects                                        []string
	Beneath                                        []findingView
}

type trackView struct {
	Index                                                                    uint64
	Type, Codec, Format, FPS, Rate, Window, Position, KeyAge, Age, PID, Page string
}

type viewerView struct{ PID, Program, Life, Tracks, Role string }

type processView struct {
	PID, Parent       int
	Depth             int
	Name, State, Args string
}

type objectView struct{ Name, Kind, Size, Allocated, Status, Users, Changed, Age, Problem string }

type recordingView struct {
	From, To, Damage string
	Figures          []figure
	Pages            []recordedView
	MorePages        int
}

type recordedView struct {
	Page                              string
	Records, Lost, Withdrawn, Reloads uint64
	Exit                              string
}

// first returns at most so many, and how many that leaves out.
func first[T any](all []T, most int) (some []T, more int) {
	some = all[:min(len(all), most)]
	return some, len(all) - len(some)
}

// cut returns a name that is not too long, and printable.
func cut(name string) string { return cutText(mist.EscapeName(name)) }

// cutText does that for a text, which may hold escapes already.
func cutText(text string) string {
	text = mist.EscapeText(text)
	if len(text) > mostText {
		return strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return text
}

func (in *Input) view() *view {
	v := &view{
		Title: "shmtool report", Place: cutText(in.Place), Verdict: in.Verdict, Version: in.Version, Redacted: in.Redacted,
		When: in.At.UTC().Format(time.RFC3339),
	}
	for _, text := range in.Unseen {
		v.Unseen = append(v.Unseen, cutText(text))
	}
	if in.Recording != nil {
		v.Recording = in.Recording.view()
	}
	if in.Moment == nil {
		return v
	}
	v.Counts = in.counts()
	v.Server, _ = in.findings("")
	for i := range in.Rows {
		r := &in.Rows[i]
		if len(v.Streams) == MostStreams {
			v.MoreStreams = append(v.MoreStreams, streamLine{Name: cut(r.Stream), State: r.State, Verdict: r.Verdict, Viewers: fmt.Sprint(r.Viewers)})
			continue
		}
		v.Streams = append(v.Streams, in.stream(i, r))
	}
	v.MoreStreams, _ = first(v.MoreStreams, mostRows)
	v.Processes, v.MoreProcesses = first(tree(in.Processes), mostRows)
	v.Others, v.MoreOthers = first(tree(in.Others), mostRows)
	v.OthersCount = units.Counted(uint64(len(in.Others)), "other process", "other processes")
	v.Objects = in.objects(in.Moment.Server.Objects, "Objects of the server")
	return v
}

// counts says in one line how much there is.
func (in *Input) counts() string {
	parts := []string{units.Counted(uint64(len(in.Rows)), "stream", "streams")}
	for s := finding.Error; ; s-- {
		n := uint64(0)
		for i := range in.Found {
			if in.Found[i].Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, units.Counted(n, s.String(), s.String()+"s"))
		}
		if s == finding.Note {
			return strings.Join(parts, ", ")
		}
	}
}

// findings returns what was found about a stream, causes before what follows from them.
func (in *Input) findings(stream string) ([]findingView, int) {
	var of []finding.Finding
	for _, f := range in.Found {
		if f.Stream == stream {
			of = append(of, f)
		}
	}
	of, more := first(of, mostFindings)
	return beneath(of, nil, 0), more
}

// deepest is how deep findings are nested: doctor nests them by three.
const deepest = 8

func beneath(found []finding.Finding, under *finding.Finding, depth int) (list []findingView) {
	if depth > deepest {
		return nil
	}
	for i := range found {
		f := &found[i]
		if !f.Follows(under, found) {
			continue
		}
		v := findingView{
			Code: f.Code, Severity: f.Severity.String(), Object: cut(f.Object), Message: cut(f.Message),
			Remedy: cutText(f.Remedy), Beneath: beneath(found, f, depth+1),
		}
		for _, value := range f.Values() {
			v.Evidence = append(v.Evidence, finding.Value{Name: value.Name, Text: cutText(value.Text)})
		}
		if c, ok := finding.Lookup(f.Code); ok {
			v.Means = c.Means
		}
		for _, e := range f.Effects {
			v.Effects = append(v.Effects, cut(fmt.Sprintf("%s %d (%s): %s", e.Program, e.PID, e.Role, e.Effect)))
		}
		list = append(list, v)
	}
	return list
}

func (in *Input) stream(n int, r *streams.Row) streamView {
	v := streamView{ID: fmt.Sprintf("stream-%d", n), Name: cut(r.Stream), Verdict: r.Verdict, Facts: in.facts(r)}
	v.Findings, v.MoreFindings = in.findings(r.Stream)
	for _, p := range r.Problems {
		v.Problems = append(v.Problems, finding.Value{Name: cut(p.Object), Text: cut(p.Message)})
	}
	v.Problems, _ = first(v.Problems, mostRows)
	tracks, more := first(r.Tracks, mostRows)
	for i := range tracks {
		v.Tracks = append(v.Tracks, trackOf(r, &tracks[i]))
	}
	v.MoreTracks = more
	v.Raw = raw(r)
	i := slices.IndexFunc(in.Moment.Streams, func(s *streams.Stream) bool { return s.Name == r.Stream })
	if i < 0 {
		return v
	}
	s := in.Moment.Streams[i]
	v.Figures = timelines(in, s)
	v.Viewers, v.MoreViewers = viewersOf(s)
	v.Objects = in.objects(s.Objects, "Objects of "+v.Name)
	return v
}

func (in *Input) facts(r *streams.Row) []finding.Value {
	pid := func(n *uint64, alive *bool) string {
		switch {
		case n == nil:
			return "none"
		case alive != nil && !*alive:
			return fmt.Sprintf("%d, dead", *n)
		}
		return fmt.Sprint(*n)
	}
	facts := []finding.Value{
		{Name: "state", Text: r.State},
		{Name: "source", Text: cmp.Or(cut(r.Source), "none")},
		{Name: "input", Text: pid(r.InputPID, r.InputAlive)},
		{Name: "buffer", Text: "none"},
		{Name: "viewers", Text: fmt.Sprint(r.Viewers)},
		{Name: "sources", Text: fmt.Sprint(r.Sources)},
		{Name: "window", Text: units.Span(units.Milliseconds(r.BufferWindowMS))},
		{Name: "memory", Text: dump.Size(r.ShmBytes)},
	}
	if r.BufferPID != nil {
		facts[3].Text = fmt.Sprint(*r.BufferPID)
	}
	if c, ok := in.Moment.Config(r.Stream); ok && c.DVRMS > 0 {
		facts = append(facts, finding.Value{Name: "DVR window", Text: units.Span(units.Milliseconds(c.DVRMS))})
	}
	if r.About != "" {
		facts = append(facts, finding.Value{Name: "about", Text: cut(r.About)})
	}
	return facts
}

func trackOf(r *streams.Row, t *streams.TrackRow) trackView {
	v := trackView{
		Index: t.Index, Type: cut(t.Type), Codec: cut(t.Codec), Format: t.FormatText(), FPS: t.FPSText(), Rate: dump.Bits(t.BytesPerSecond, false),
		Window: units.Span(units.Milliseconds(t.WindowMS())), Position: streams.PositionText(t.LastMS), Page: cut(t.Page), PID: "none",
	}
	if t.Valid == 0 {
		v.Type += ", removed"
	}
	if ms, known := t.KeyAgeMS(); known && !r.VoD && t.Type != "meta" {
		v.KeyAge = units.Span(units.Milliseconds(ms))
	}
	if t.AgeS != nil && !r.VoD {
		v.Age = units.Age(units.Seconds(*t.AgeS))
	}
	switch {
	case t.PID == 0:
	case t.Alive == nil:
		v.PID = fmt.Sprintf("%d, unknown", t.PID)
	case !*t.Alive:
		v.PID = fmt.Sprintf("%d, dead", t.PID)
	default:
		v.PID = fmt.Sprint(t.PID)
	}
	return v
}

// raw returns all values of a stream as JSON.
func raw(r *streams.Row) string {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return ""
	}
	more := ""
	if len(b) > mostRaw {
		b, more = b[:mostRaw], "\n… and more: run shmtool streams -j"
	}
	lines := strings.Split(string(b), "\n")
	for i := range lines {
		lines[i] = mist.EscapeText(lines[i])
	}
	return strings.Join(lines, "\n") + more
}
