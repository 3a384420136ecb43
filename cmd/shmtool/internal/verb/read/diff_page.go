package read

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// fewSections is how many of the pages that are nested in one a table shows.
const fewSections = 8

// pageOutlines returns what differs in two pages for people: a page, and beneath it those
// that are nested in it.
func pageOutlines(p *out.Printer, o diffOptions, sections []*difference.Section) []*out.Outline {
	t := diffText{p}
	if len(sections) == 0 {
		return []*out.Outline{{Head: out.Line{Text: o.title() + "  the same", Tone: dump.Good}}}
	}
	whole := &out.Outline{Head: out.Line{Text: o.title(), Tone: dump.Heading}}
	shown := 0
	for _, s := range sections {
		switch {
		case s.Where == "":
			whole.Lines = t.section(s)
		case shown < fewSections:
			shown++
			whole.Beneath = append(whole.Beneath, &out.Outline{Head: out.Line{Text: mist.EscapeName(s.Where), Tone: dump.Heading}, Lines: t.section(s)})
		default:
			shown++
		}
	}
	if more := shown - fewSections; more > 0 {
		whole.Beneath = append(whole.Beneath, &out.Outline{Head: moreLine(more, "nested page", "nested pages")})
	}
	return []*out.Outline{whole}
}

// moreLine says how many things a table leaves out.
func moreLine(n int, one, many string) out.Line {
	return out.Line{Text: "and " + units.Counted(uint64(n), one, many) + " more; -j lists them", Tone: dump.Faint}
}

// title says what is compared.
func (o diffOptions) title() string {
	a := mist.EscapeName(o.args[0])
	switch {
	case o.ago > 0:
		return a + "  " + o.ago.String() + " later"
	case len(o.args) == 1:
		return a + "  and now"
	}
	return a + "  and  " + mist.EscapeName(o.args[1])
}

// diffText words differences for people.
type diffText struct{ p *out.Printer }

func (t diffText) section(s *difference.Section) (lines []out.Line) {
	if len(s.Header) > 0 {
		lines = append(lines, out.Line{Text: "header  " + t.changes(s.Header)})
	}
	for _, d := range s.Fields {
		lines = append(lines, t.field(d))
	}
	if len(s.Values) > 0 {
		lines = append(lines, out.Line{Text: t.changes(s.Values)})
	}
	lines = append(lines, t.whole(s, difference.Removed, s.Removed, "withdrawn")...)
	lines = append(lines, t.whole(s, difference.Added, s.Added, "added")...)
	return append(lines, t.changedRecords(s)...)
}

// whole tells of the records that came or went.
func (t diffText) whole(s *difference.Section, change difference.Change, n difference.Numbers, word string) (lines []out.Line) {
	if n.Count == 0 {
		return nil
	}
	tone := changeTones[change]
	lines = append(lines, out.Line{Text: changeMarks[change] + units.Counted(n.Count, "record", "records") + " " + word + ": " + numbersText(n), Tone: tone})
	if n.Count > fewDifferences {
		return lines
	}
	for _, d := range s.Records {
		if d.Change == change && d.Field == "" {
			value := d.New
			if change == difference.Removed {
				value = d.Old
			}
			lines = append(lines, out.Line{Text: fmt.Sprintf("    #%d  %s", *d.Number, t.cut(t.record(value)))})
		}
	}
	return lines
}

// numbersText returns the numbers of records as ranges.
func numbersText(n difference.Numbers) string {
	var parts []string
	for _, r := range n.Ranges {
		if r.First == r.Last {
			parts = append(parts, fmt.Sprintf("#%d", r.First))
		} else {
			parts = append(parts, fmt.Sprintf("#%d to #%d", r.First, r.Last))
		}
	}
	if n.More > 0 {
		parts = append(parts, "and others; -j lists them")
	}
	return strings.Join(parts, ", ")
}

// changedRecords tells of the records whose values have changed.
func (t diffText) changedRecords(s *difference.Section) (lines []out.Line) {
	var of []difference.Difference
	flush := func() {
		if len(of) > 0 {
			lines = append(lines, out.Line{Text: dump.Paint(fmt.Sprintf("~ #%d", *of[0].Number), dump.Attention, t.p.Color) + "  " + t.changes(of)})
		}
		of = nil
	}
	shown := map[uint64]bool{}
	for _, d := range s.Records {
		if d.Field == "" {
			continue
		}
		if len(of) > 0 && *of[0].Number != *d.Number {
			flush()
		}
		of, shown[*d.Number] = append(of, d), true
	}
	flush()
	if more := int(s.Changed.Count) - len(shown); more > 0 {
		lines = append(lines, moreLine(more, "changed record", "changed records"))
	}
	return lines
}

// field tells of a field of the schema.
func (t diffText) field(d difference.Difference) out.Line {
	text := changeMarks[d.Change] + "field " + mist.EscapeName(d.Field)
	switch d.Change {
	case difference.Added:
		text += "  " + fieldText(difference.MembersOf(d.New))
	case difference.Removed:
		text += "  " + fieldText(difference.MembersOf(d.Old))
	default:
		text += "  " + fieldText(difference.MembersOf(d.Old)) + " → " + fieldText(difference.MembersOf(d.New))
	}
	return out.Line{Text: text, Tone: changeTones[d.Change]}
}

// fieldText returns the type, the size, and the place of a field.
func fieldText(members []difference.Member) string {
	values := map[string]string{}
	for _, m := range members {
		values[m.Name] = valueText(m.Value)
	}
	return fmt.Sprintf("%s of %s bytes at %s", values["type"], values["size"], values["offset"])
}

// changes tells the old and the new value of each member.
func (t diffText) changes(all []difference.Difference) string {
	var parts []string
	for _, d := range all {
		parts = append(parts, t.change(d))
	}
	return strings.Join(parts, ", ")
}

func (t diffText) change(d difference.Difference) string {
	now := t.cut(valueText(d.New))
	if d.Hidden {
		now = "another " + now
	}
	return mist.EscapeName(d.Field) + " " + t.cut(valueText(d.Old)) + " → " + dump.Paint(now, dump.Attention, t.p.Color)
}

// record returns the values of a record, without pages that are nested in it.
func (t diffText) record(whole []byte) string {
	var parts []string
	for _, m := range difference.MembersOf(whole) {
		if !strings.HasPrefix(m.Name, "#") && !bytes.HasPrefix(m.Value, []byte(`{"status":`)) {
			parts = append(parts, mist.EscapeName(m.Name)+" "+t.cut(valueText(m.Value)))
		}
	}
	return strings.Join(parts, ", ")
}

// longValue is how much of a value a terminal shows.
const longValue = 60

// cut shortens a value on a terminal, unless --wide is given.
func (t diffText) cut(text string) string {
	if !t.p.Terminal || t.p.Wide {
		return text
	}
	return ansi.Truncate(text, longValue, "…")
}
