package dump

import (
	"bytes"
	"slices"
	"strings"

	"shmtool/layout"
)

// raxStyle is one of the two texts that MistUtilRAX has for a page.
type raxStyle struct {
	open     string // behind a record's number
	label    int    // blanks before a field's name, beside the page's own; -1 for none at all
	after    string // behind a value
	closing  string // behind a record's last value
	heading  string // before a nested page
	notReady string // instead of one
	inner    int    // blanks that a nested page is indented by
}

var (
	raxPretty = raxStyle{
		open: ":\n", label: 4, after: "\n",
		heading: "Nested RelAccX:\n", notReady: "Nested RelAccX: not ready\n", inner: 6,
	}
	raxCompact = raxStyle{
		open: ": ", label: -1, after: ", ", closing: "\n",
		notReady: "Nested RelAccX not ready\n", inner: 2,
	}
)

// A nested page is compact when it has no more fields than this.
const raxCompactFields = 6

// Nested pages of one field nearly always have the same fields. A few plans are
// kept per depth, and none of a page with more descriptors than any that
// MistServer makes: what a hostile page can make us hold stays small.
const (
	raxCacheSize       = 8
	raxCachedDescBytes = 4096
)

// raxPlan is all that can be known of a page's text before its records are:
// worked out once, used for every record and for every nested page like it.
type raxPlan struct {
	style  *raxStyle
	indent int
	lead   string     // before a record's number
	fields []raxField // by name, as a std::map has them

	recordSize  uint32 // these two: the page that this plan was made for
	descriptors []byte
}

type raxField struct {
	layout.Field
	kind  layout.Kind // Unknown for what the style does not print
	label string      // blanks, name, colon and blank
	index int         // in the plan
}

func newRaxPlan(s *layout.Schema, style *raxStyle, indent int) *raxPlan {
	return raxPlanOf(raxSorted(s), style, indent)
}

func raxPlanOf(fields []layout.Field, style *raxStyle, indent int) *raxPlan {
	plan := &raxPlan{
		style:  style,
		indent: indent,
		lead:   strings.Repeat(" ", indent+2) + "#",
		fields: make([]raxField, len(fields)),
	}
	margin := ""
	if style.label >= 0 {
		margin = strings.Repeat(" ", indent+style.label)
	}
	for i, f := range fields {
		plan.fields[i] = raxField{Field: f, kind: style.kind(f.Kind()), label: margin + f.Name + ": ", index: i}
	}
	return plan
}

// kind returns the kind as which the style prints a field.
func (s *raxStyle) kind(k layout.Kind) layout.Kind {
	if s == &raxCompact && (k == layout.Raw || k == layout.DTSC) {
		return layout.Unknown
	}
	return k
}

// raxSorted returns the fields by name. The last of several equal names counts.
func raxSorted(s *layout.Schema) []layout.Field {
	fields := slices.Clone(s.Fields())
	slices.Reverse(fields)
	slices.SortStableFunc(fields, func(a, b layout.Field) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(fields, func(a, b layout.Field) bool { return a.Name == b.Name })
}

// nestedPlan returns the plan for a page nested in field f of p, from the cache if the
// last one there had the same descriptors; nil when they are not valid. head is the page
// up to its records.
func (r *rax) nestedPlan(p *raxPage, f *raxField, depth int, head []byte, h layout.Header) *raxPlan {
	indent := p.plan.indent + p.plan.style.inner
	slot := &r.cache[depth][f.index%raxCacheSize]
	descriptors := head[h.FieldOffset:]
	if c := *slot; c != nil && c.indent == indent && c.recordSize == h.RecordSize && bytes.Equal(c.descriptors, descriptors) {
		return c
	}
	head = bytes.Clone(head) // what is compared later must be what is parsed now
	plan := newRaxNestedPlan(head, h, indent)
	if plan != nil && len(plan.descriptors) <= raxCachedDescBytes {
		*slot = plan
	}
	return plan
}

func newRaxNestedPlan(head []byte, h layout.Header, indent int) *raxPlan {
	schema, _ := layout.DecodeSchema(head, h) // a duplicate name is also an error
	descriptors := head[h.FieldOffset:]
	if schema.DescriptorsSize() != len(descriptors) || schema.RecordSize() != h.RecordSize {
		return nil
	}
	fields, style := raxSorted(schema), &raxCompact
	if len(fields) > raxCompactFields {
		style = &raxPretty
	}
	plan := raxPlanOf(fields, style, indent)
	plan.recordSize, plan.descriptors = h.RecordSize, descriptors
	return plan
}
