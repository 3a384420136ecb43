package mist

import (
	"slices"

	"shmtool/layout"
)

// Rule is which records of a page are there. shmtool-mistserver(7).
type Rule uint8

// The rules. A record that is there may still be out of use: see
// [PageInfo.Live].
const (
	RuleRing    Rule = iota // deleted <= n < endpos
	RulePresent             // n < present
	RuleComms               // n < endpos; before 3.9.1, where endpos is 0, n < present
	RuleSlots               // n < rcount
	RuleList                // n < endpos
	RuleSingle              // record 0, once endpos is not 0
)

var ruleNames = [...]string{"ring", "present", "comms", "slots", "list", "single"}

// String returns "ring", "present", "comms", "slots", "list" or "single".
func (r Rule) String() string { return ruleNames[r] }

// PageInfo is what is known of a kind of page, or of one nested in it. It is the
// same for all pages of the kind. All methods take nil, which is a page that
// nothing is known of.
type PageInfo struct {
	Kind Kind   // of the object
	Path string // "" for the object itself, "keys" for a page nested in it
	Rule Rule   // which records are there

	// Marker is the field that is 0 in a record that is not in use, or "" where
	// all that are there are.
	Marker string

	// CountersKept reports whether the writer keeps present and startpos in step
	// with endpos and deleted, so that it is worth a remark when they are not.
	CountersKept bool

	// Revised is the fields whose values MistServer still changes in the newest
	// record of a ring. Behind is how many newer records there must be before a
	// record has the values that count: 0 where the newest is as good.
	Revised []string
	Behind  uint64

	fields map[string]Meaning
	nested map[string]*PageInfo
}

// Lookup returns what is known of the page of that name or, for each field named behind
// it, of the page nested in there: Lookup("MstMetalive", "tracks"). It is nil where
// nothing is known. The same call gives the same pointer.
func Lookup(name string, path ...string) *PageInfo {
	o, ok := ParseName(name)
	if !ok {
		return nil
	}
	return o.Kind.Page(path...)
}

// Page returns what is known of pages of the kind, as Lookup has it.
func (k Kind) Page(path ...string) *PageInfo {
	p := pages[k]
	for _, field := range path {
		p = p.Nested(field)
	}
	return p
}

// Nested returns what is known of the page nested in the field of that name, or nil.
func (p *PageInfo) Nested(field string) *PageInfo {
	if p == nil {
		return nil
	}
	return p.nested[field]
}

// Meaning returns what the field of that name means, and whether that is known. An
// unknown field is normal, and has the zero Meaning.
func (p *PageInfo) Meaning(field string) (m Meaning, known bool) {
	if p == nil {
		return Meaning{}, false
	}
	m, known = p.fields[field]
	return m, known
}

// MeaningOf returns what a field means: by its name where the page is known, and
// has that field. A field of text that nothing is known of is secret as a whole
// where it is called as a secret is: a page may have been copied, and is called
// anything then.
func (p *PageInfo) MeaningOf(f *layout.Field) Meaning {
	m, known := p.Meaning(f.Name)
	if !known && isSecretField(f) {
		return hidden
	}
	return m
}

// Rows returns the range of records that are there, for a page of size bytes whose header
// reads h. It never leads outside the page, and holds no more records than the page has
// slots. A nil PageInfo gives h.Window(size).
func (p *PageInfo) Rows(h layout.Header, size int) layout.Window {
	if p == nil {
		return h.Window(size)
	}
	all := layout.Window{End: h.Slots(size)}
	switch p.Rule {
	case RulePresent:
		return all.Clamp(0, uint64(h.Present))
	case RuleComms:
		if h.EndPos == 0 {
			return all.Clamp(0, uint64(h.Present))
		}
		return all.Clamp(0, h.EndPos)
	case RuleSlots:
		return all.Clamp(0, uint64(h.RecordCount))
	case RuleList:
		return all.Clamp(0, h.EndPos)
	case RuleSingle:
		// A stream whose input was started again has an endpos of 2 and more;
		// its one record is still number 0.
		return all.Clamp(0, min(1, h.EndPos))
	}
	if h.EndPos == 0 {
		return layout.Window{}
	}
	return h.Window(size)
}

// Live reports whether a record that is there is in use. The record must be
// whole. A page without the field that would tell has all records in use.
func (p *PageInfo) Live(s *layout.Schema, record []byte) bool {
	if p == nil || p.Marker == "" {
		return true
	}
	f := s.Lookup(p.Marker)
	return f == nil || f.Uint(record) != 0
}

// Fits reports whether a page of that schema may be one of these: a field of it
// is known, or there are none yet. Anybody may give any page any name.
func (p *PageInfo) Fits(s *layout.Schema) bool {
	if p == nil {
		return false
	}
	for i := range s.Fields() {
		if _, known := p.fields[s.Fields()[i].Name]; known {
			return true
		}
	}
	return len(s.Fields()) == 0
}

// Revises reports whether MistServer still changes the field of that name in the
// newest record.
func (p *PageInfo) Revises(field string) bool {
	return p != nil && slices.Contains(p.Revised, field)
}

// HoldsKeys reports whether a field of the page, or of one nested in it, is secret
// as a whole: old bytes of such a field may lie anywhere.
func (p *PageInfo) HoldsKeys() bool {
	return p.any(func(_ string, m Meaning) bool { return m.Secret == SecretAll })
}

// Hides reports whether a field of that name, of the page or of one nested in it,
// is secret as a whole.
func (p *PageInfo) Hides(field string) bool {
	return p.any(func(name string, m Meaning) bool { return name == field && m.Secret == SecretAll })
}

func (p *PageInfo) any(is func(name string, m Meaning) bool) bool {
	if p == nil {
		return false
	}
	for name, m := range p.fields {
		if is(name, m) {
			return true
		}
	}
	for _, nested := range p.nested {
		if nested.any(is) {
			return true
		}
	}
	return false
}
