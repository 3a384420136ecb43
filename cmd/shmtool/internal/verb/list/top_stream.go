package list

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// streamView shows one stream as it changes: what is kept of its tracks, and its findings.
type streamView struct {
	world   *world.World
	name    string
	colored bool

	before  *streams.Moment // the look before this one
	looked  time.Time
	found   []finding.Finding
	reloads map[uint64]*reloads // by the index of the track
}

// reloads counts how often the page of a track was made anew while it was looked at.
type reloads struct {
	page   string
	object string // which it was at the last look
	count  int
	last   time.Time
}

// lookEvery is how often a stream is looked at: that reads the process table.
const lookEvery = time.Second

// newStreamView returns what shows the stream of a name.
func newStreamView(w *world.World, name string, colored bool) top.Stream {
	v := &streamView{world: w, name: name, colored: colored, reloads: map[uint64]*reloads{}}
	return v.lines
}

// lines implements top.Stream.
func (v *streamView) lines(columns int) ([]string, error) {
	if now := time.Now(); v.before == nil || now.Sub(v.looked) >= lookEvery {
		m, err := streams.Look(v.world.ShmDir, v.world.Procs(), func(stream string) bool { return stream == v.name })
		if err != nil {
			return nil, err
		}
		v.found = doctor.Judge(v.before, m)
		v.before, v.looked = m, now
		v.count(m, now)
	}
	for _, s := range v.before.Streams {
		if s.Name == v.name && !s.Configured() {
			return v.draw(s, columns), nil
		}
	}
	return []string{"the stream does not run"}, nil
}

// count notes which pages the tracks have now.
func (v *streamView) count(m *streams.Moment, now time.Time) {
	for _, s := range m.Streams {
		for _, t := range s.Tracks {
			if s.Name != v.name || t.Object == nil {
				continue
			}
			object := fmt.Sprint(t.Object.Identity)
			r := v.reloads[t.Index]
			switch {
			case r == nil || r.page != t.PageName:
				v.reloads[t.Index] = &reloads{page: t.PageName, object: object}
			case r.object != object:
				r.object, r.last = object, now
				r.count++
			}
		}
	}
}

func (v *streamView) paint(text string, tone dump.Tone) string {
	return dump.Paint(mist.EscapeText(text), tone, v.colored)
}

// draw returns the stream in lines.
func (v *streamView) draw(s *streams.Stream, columns int) []string {
	row := v.before.Row(s, v.about(), streams.RowOptions{})
	head := fmt.Sprintf("state %s, verdict %s, %s, window %s", row.State, row.Verdict,
		units.Counted(uint64(row.Viewers), "viewer", "viewers"), units.Span(units.Milliseconds(row.BufferWindowMS)))
	lines := []string{v.paint(head, dump.Plain)}
	for i := range row.Tracks {
		lines = append(lines, "")
		lines = append(lines, v.track(s, &row, &row.Tracks[i], columns)...)
	}
	lines = append(lines, "", v.paint("Findings", dump.Heading))
	if len(row.Findings) == 0 {
		lines = append(lines, "none")
	}
	for _, f := range row.Findings {
		text := mist.EscapeText("! " + f.Code + ": " + f.Message)
		for line := range strings.SplitSeq(ansi.Wrap(text, max(columns, 1), ""), "\n") {
			lines = append(lines, dump.Paint(line, severityTones[f.Severity], v.colored))
		}
	}
	return lines
}

var severityTones = map[finding.Severity]dump.Tone{finding.Note: dump.Faint, finding.Warning: dump.Attention, finding.Error: dump.Bad}

// about returns the findings about the stream.
func (v *streamView) about() (found []finding.Finding) {
	for _, f := range v.found {
		if f.Stream == v.name {
			found = append(found, f)
		}
	}
	return found
}

// marginWidth is what stands before a timeline: "  pages ".
const marginWidth = 8

// track returns a track in lines: what it is, its keys and its data pages in time, and what
// went wrong.
func (v *streamView) track(s *streams.Stream, row *streams.Row, t *streams.TrackRow, columns int) []string {
	head := fmt.Sprintf("%d %s %s  window %s, %s, %s", t.Index, t.Type, t.Codec, units.Span(units.Milliseconds(t.WindowMS())),
		units.Counted(t.Keys, "key", "keys"), units.Counted(t.Pages, "data page", "data pages"))
	if age, known := t.KeyAgeMS(); known && t.Type == "video" {
		head += ", the newest key " + units.Span(units.Milliseconds(age)) + " ago"
	}
	lines := []string{v.paint(head, dump.Plain)}
	of := trackOf(s, t.Index)
	if whole := max(row.BufferWindowMS, t.WindowMS()); v.colored && columns > 2*marginWidth && of != nil && of.Page != nil {
		width := columns - marginWidth
		keys := picture.Window{Length: t.WindowMS(), Whole: whole}
		if t.Type == "video" {
			keys.Moments = picture.Since(streams.KeyTimes(v.world.ShmDir, t.Page), t.FirstMS)
		}
		pages := picture.Window{Length: t.WindowMS(), Whole: whole}
		for _, p := range of.Page.DataPages {
			pages.Moments = append(pages.Moments, picture.Since([]uint64{p.FirstMS}, t.FirstMS)...)
		}
		lines = append(lines, "  keys  "+keys.Text(width), "  pages "+pages.Text(width))
	}
	return append(lines, v.paint("  "+v.troubles(of, row.Behind), dump.Faint))
}

// troubles returns how often the track was reloaded, and what was lost: data pages that are
// not there, and keys that were withdrawn before a viewer had read them.
func (v *streamView) troubles(t *streams.Track, behind []streams.Behind) string {
	if t == nil || t.Page == nil {
		return "its page cannot be read"
	}
	text := "no reload"
	if r := v.reloads[t.Index]; r != nil && r.count > 0 {
		text = units.Counted(uint64(r.count), "reload", "reloads") + ", the last at " + r.last.UTC().Format(time.RFC3339)
	}
	missing := 0
	for _, p := range t.Page.DataPages {
		if p.Avail > 0 && !p.There {
			missing++
		}
	}
	lost := uint64(0)
	for _, b := range behind {
		if b.Track == t.Index {
			lost += b.Keys
		}
	}
	return fmt.Sprintf("%s, %s missing, viewers lost %s", text, units.Counted(uint64(missing), "data page", "data pages"),
		units.Counted(lost, "key", "keys"))
}

func trackOf(s *streams.Stream, index uint64) *streams.Track {
	for _, t := range s.Tracks {
		if t.Index == index {
			return t
		}
	}
	return nil
}
