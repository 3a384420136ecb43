package read

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// How much of the difference of two snapshots a table shows: it fits a screen.
const (
	fewStreams  = 6
	fewFindings = 3
	fewTracks   = 3
	fewNames    = 2
)

// momentOutlines returns what differs between two moments for people: the streams with new
// findings first.
func momentOutlines(p *out.Printer, o diffOptions, d *difference.Moments) (list []*out.Outline, differs bool) {
	t := momentText{diffText{p}, d}
	title := o.title()
	if a, b := d.Before.Taken, d.Now.Taken; !a.IsZero() && !b.IsZero() {
		title += "  " + apartText(b.Sub(a))
	}
	var told []*out.Outline
	quiet, more := 0, 0
	for _, name := range t.ordered() {
		s := t.stream(name)
		switch {
		case s == nil && name == "":
		case s == nil:
			quiet++
		case len(told) == fewStreams:
			more++
		default:
			told = append(told, s)
		}
	}
	differs = len(d.All()) > 0
	if !differs {
		return []*out.Outline{{Head: out.Line{Text: title + "  the same", Tone: dump.Good}}}, false
	}
	list = append([]*out.Outline{{Head: out.Line{Text: title, Tone: dump.Heading}}}, told...)
	if more > 0 {
		list = append(list, &out.Outline{Head: moreLine(more, "stream", "streams")})
	}
	if quiet > 0 {
		list = append(list, &out.Outline{Head: out.Line{Text: units.Counted(uint64(quiet), "stream", "streams") + " without a difference", Tone: dump.Faint}})
	}
	return list, true
}

// apartText says how long after the first moment the second was.
func apartText(d time.Duration) string {
	if d < 0 {
		return units.Span(-d) + " earlier"
	}
	return units.Span(d) + " later"
}

// momentText words what differs between two moments.
type momentText struct {
	diffText
	*difference.Moments
}

// ordered returns the streams and the server, "": those with new findings first, the worst
// of them before the others.
func (t momentText) ordered() []string {
	names := append([]string{""}, t.Streams...)
	rank := map[string]int{}
	for i := range t.Findings {
		f := &t.Findings[i]
		weight := map[difference.Change]int{difference.Added: 3 + int(f.Severity), difference.Removed: 2}[f.Change]
		if f.Suspected {
			weight = 2
		}
		rank[f.Stream] = max(rank[f.Stream], weight)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank[b], rank[a]) })
	return names
}

// stream tells of a stream, or of the server; nil when nothing differs there.
func (t momentText) stream(name string) *out.Outline {
	o := &out.Outline{Head: t.head(name), Beneath: t.findings(name)}
	var lines []out.Line
	if name == "" {
		lines = t.processes()
	}
	lines = slices.Concat(lines, t.members(name), t.tracks(name, len(o.Beneath) > 0), t.objects(name))
	was, is := t.Rows[0][name], t.Rows[1][name]
	switch {
	case len(lines)+len(o.Beneath) == 0 && (was == nil) == (is == nil):
		return nil
	case len(o.Beneath) == 0:
		o.Lines = lines
	case len(lines) > 0: // the findings come first
		o.Beneath = append(o.Beneath, &out.Outline{Head: lines[0], Lines: lines[1:]})
	}
	return o
}

// head names a stream, with the verdicts on it.
func (t momentText) head(name string) out.Line {
	was, is := t.Rows[0][name], t.Rows[1][name]
	text := mist.EscapeName(name)
	switch {
	case name == "":
		return out.Line{Text: "the server", Tone: dump.Heading}
	case was == nil && is == nil:
		return out.Line{Text: text, Tone: dump.Heading}
	case was == nil:
		return out.Line{Text: "+ " + text + "  " + is.Verdict, Tone: dump.Good}
	case is == nil:
		return out.Line{Text: "- " + text + "  was " + was.Verdict, Tone: dump.Bad}
	case was.Verdict != is.Verdict:
		return out.Line{Text: text + "  " + was.Verdict + " → " + is.Verdict, Tone: verdictTones[is.Verdict]}
	}
	return out.Line{Text: text + "  " + is.Verdict, Tone: verdictTones[is.Verdict]}
}

var verdictTones = map[string]dump.Tone{finding.VerdictOK: dump.Good, finding.VerdictWarning: dump.Attention, finding.VerdictStuck: dump.Bad}

// findings returns the findings of a stream that came and went: what is a cause with what
// follows from it.
func (t momentText) findings(name string) (list []*out.Outline) {
	more := 0
	alike, counts := map[string]*out.Outline{}, map[string]int{}
	for i := range t.Findings {
		f := &t.Findings[i]
		if f.Stream != name || f.Change == "" || t.follows(f) {
			continue
		}
		kind := string(f.Change) + f.Code
		counts[kind]++
		switch o := alike[kind]; {
		case o != nil && counts[kind] > 2:
			o.Lines[len(o.Lines)-1].Text = fmt.Sprintf("and %d more like that", counts[kind]-1)
		case o != nil:
			o.Lines = append(o.Lines, out.Line{Text: "and 1 more like that", Tone: dump.Faint})
		case len(list) == fewFindings:
			more++
		default:
			alike[kind] = t.finding(f)
			list = append(list, alike[kind])
		}
	}
	if more > 0 {
		list = append(list, &out.Outline{Head: moreLine(more, "finding", "findings")})
	}
	return list
}

// follows reports whether a finding follows from another one that came with it.
func (t momentText) follows(f *difference.Judged) bool {
	return f.Cause != nil && f.Change == difference.Added && slices.ContainsFunc(t.Findings, func(c difference.Judged) bool { return isCause(&c, f) })
}

func isCause(c, f *difference.Judged) bool {
	return c.Change == difference.Added && c.Code == f.Cause.Code && c.Object == f.Cause.Object && (c.Stream == f.Stream || c.Stream == "")
}

// finding tells of a finding.
func (t momentText) finding(f *difference.Judged) *out.Outline {
	head := changeMarks[f.Change] + f.Code
	if f.Object != "" {
		head += "  " + mist.EscapeName(f.Object)
	}
	if f.Suspected {
		head += "  perhaps: it may pass"
	}
	o := &out.Outline{Head: out.Line{Text: head, Tone: changeTones[f.Change]}}
	if f.Change == difference.Removed {
		return o
	}
	o.Head.Tone = map[finding.Severity]dump.Tone{finding.Note: dump.Faint, finding.Warning: dump.Attention, finding.Error: dump.Bad}[f.Severity]
	o.Lines = append(o.Lines, out.Line{Text: mist.EscapeName(f.Message)})
	counts, codes := map[string]int{}, []string{}
	for i := range t.Findings {
		if c := &t.Findings[i]; c.Cause != nil && c.Change == difference.Added && isCause(f, c) {
			if counts[c.Code]++; counts[c.Code] == 1 {
				codes = append(codes, c.Code)
			}
		}
	}
	for i, code := range codes {
		if counts[code] > 1 {
			codes[i] = fmt.Sprintf("%s (%d)", code, counts[code])
		}
	}
	if len(codes) > 0 {
		o.Lines = append(o.Lines, out.Line{Text: "from it follow: " + units.Few(codes, fewNames*2)})
	}
	if f.Remedy != "" && t.Now.At.Living {
		o.Lines = append(o.Lines, out.Line{Text: "try: " + f.Remedy, Tone: dump.Heading, Whole: true})
	}
	return o
}

// Members that are told elsewhere, or change all the time on a stream that is well.
var (
	quietMembers = []string{"verdict", "state_code", "buffer_window_ms", "shm_bytes", "pace", "processes", "readers", "behind", "progress"}
	movingFields = []string{"first_ms", "last_ms", "age_s", "keys", "parts", "fragments", "pages", "last_key_ms", "bytes_per_second", "efps", "fps_wrapped", "rate_wrapped"}
)

// of returns the differences of a part of a stream.
func (t momentText) of(part, stream string) (all []difference.Difference) {
	for _, d := range t.Others {
		if d.Part == part && d.Where == stream {
			all = append(all, d)
		}
	}
	return all
}

func (t momentText) members(name string) []out.Line {
	told := slices.DeleteFunc(t.of(difference.PartStream, name), func(d difference.Difference) bool {
		return d.Field == "" || slices.Contains(quietMembers, d.Field)
	})
	if len(told) == 0 {
		return nil
	}
	return []out.Line{{Text: t.changes(told)}}
}

// tracks tells of the tracks that came, went, and changed, and how far the others have
// moved. found says that the stream has findings that came or went.
func (t momentText) tracks(name string, found bool) (lines []out.Line) {
	changed := map[uint64][]difference.Difference{}
	var order []uint64
	for _, d := range t.of(difference.PartTrack, name) {
		if !slices.Contains(movingFields, d.Field) {
			if changed[*d.Number] == nil {
				order = append(order, *d.Number)
			}
			changed[*d.Number] = append(changed[*d.Number], d)
		}
	}
	for i, number := range order {
		if i == fewTracks {
			lines = append(lines, moreLine(len(order)-i, "track", "tracks"))
			break
		}
		changed[number] = withoutPage(changed[number])
		d := changed[number][0]
		text := changeMarks[d.Change] + t.track(name, number)
		if d.Field != "" {
			text += "  " + t.changes(changed[number])
			d.Change = "" // its values are marked
		}
		lines = append(lines, out.Line{Text: text, Tone: changeTones[d.Change]})
	}
	return append(lines, t.movement(name, found)...)
}

// withoutPage leaves out the page of a track that another process feeds: its name says no
// more than that.
func withoutPage(all []difference.Difference) []difference.Difference {
	if !slices.ContainsFunc(all, func(d difference.Difference) bool { return d.Field == "pid" }) {
		return all
	}
	return slices.DeleteFunc(all, func(d difference.Difference) bool { return d.Field == "page" })
}

// track names a track.
func (t momentText) track(name string, number uint64) string {
	for _, rows := range []map[string]*streams.Row{t.Rows[1], t.Rows[0]} {
		if r := rows[name]; r != nil {
			for _, track := range r.Tracks {
				if track.Index == number {
					return fmt.Sprintf("track %d %s %s", number, mist.EscapeName(track.Type), mist.EscapeName(track.Codec))
				}
			}
		}
	}
	return fmt.Sprintf("track %d", number)
}

// movement says how far the tracks of a stream have moved, and which stand still.
func (t momentText) movement(name string, found bool) []out.Line {
	was, is := t.Rows[0][name], t.Rows[1][name]
	if was == nil || is == nil {
		return nil
	}
	var still []string
	least, most, moved := uint64(math.MaxUint64), uint64(0), 0
	for _, track := range is.Tracks {
		i := slices.IndexFunc(was.Tracks, func(o streams.TrackRow) bool { return o.Index == track.Index })
		switch {
		case i < 0:
		case track.LastMS <= was.Tracks[i].LastMS:
			still = append(still, strconv.FormatUint(track.Index, 10))
		default:
			by := track.LastMS - was.Tracks[i].LastMS
			least, most = min(least, by), max(most, by)
			moved++
		}
	}
	var lines []out.Line
	if moved > 0 {
		by := units.Span(units.Milliseconds(least))
		if longest := units.Span(units.Milliseconds(most)); longest != by {
			by += " to " + longest
		}
		lines = append(lines, out.Line{Text: units.Counted(uint64(moved), "track", "tracks") + " went on by " + by, Tone: dump.Faint})
	}
	if len(still) > 0 && is.Live && (found || moved > 0 || len(t.of(difference.PartTrack, name)) > 0) {
		lines = append(lines, out.Line{Text: "no new packets on track " + strings.Join(still[:min(len(still), 8)], ", "), Tone: dump.Attention})
	}
	return lines
}

// replaced is the change of an object that has the name of another one.
const replaced difference.Change = "replaced"

// objects tells of the objects of a stream that came, went, and changed.
func (t momentText) objects(name string) (lines []out.Line) {
	names := map[difference.Change][]string{}
	changed := map[string][]difference.Difference{}
	for _, d := range t.of(difference.PartObject, name) {
		switch {
		case d.Field == "inode":
			d.Change = replaced
		case d.Field != "":
			changed[d.Name] = append(changed[d.Name], d)
		}
		if !slices.Contains(names[d.Change], d.Name) {
			names[d.Change] = append(names[d.Change], d.Name)
		}
	}
	for _, change := range []difference.Change{difference.Added, difference.Removed, replaced} {
		if of := names[change]; len(of) > 0 {
			noun := units.Counted(uint64(len(of)), "object", "objects")
			if change == replaced {
				noun += " made anew"
			}
			lines = append(lines, out.Line{Text: cmp.Or(changeMarks[change], "~ ") + noun + ": " + units.Few(escaped(of), fewNames), Tone: changeTones[change]})
		}
	}
	for i, of := range names[difference.Changed] {
		if i == fewNames {
			return append(lines, moreLine(len(names[difference.Changed])-i, "changed object", "changed objects"))
		}
		lines = append(lines, out.Line{Text: changeMarks[difference.Changed] + mist.EscapeName(of) + "  " + t.changes(changed[of])})
	}
	return lines
}

func escaped(names []string) []string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = mist.EscapeName(name)
	}
	return texts
}

// processes tells of MistServer's processes that came, went, and were stopped.
func (t momentText) processes() (lines []out.Line) {
	of := map[difference.Change][]string{}
	for _, d := range t.Processes {
		text := fmt.Sprintf("%d %s", *d.Number, mist.EscapeName(d.Name))
		if d.Change == difference.Changed {
			text += " " + t.change(d)
		}
		of[d.Change] = append(of[d.Change], text)
	}
	for _, change := range []difference.Change{difference.Added, difference.Removed, difference.Changed} {
		if texts := of[change]; len(texts) > 0 {
			line := out.Line{Text: changeMarks[change] + units.Counted(uint64(len(texts)), "process", "processes") + ": " + units.Few(texts, fewNames*2)}
			if change != difference.Changed {
				line.Tone = changeTones[change]
			}
			lines = append(lines, line)
		}
	}
	return lines
}
