package filter

import (
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// Members returns the names of the members of the input that the expression asks
// for, as far as its text tells: what stands behind a pipe, or in the arguments of
// a function that may give them another input, is not looked at.
func (f *Filter) Members() []string {
	m := members{}
	m.query(f.query)
	return m.names
}

// Mentions reports whether a text stands in the expression.
func (f *Filter) Mentions(text string) bool { return strings.Contains(f.query.String(), text) }

type members struct{ names []string }

func (m *members) query(q *gojq.Query) {
	if q == nil {
		return
	}
	m.term(q.Term)
	m.query(q.Left)
	if q.Op != gojq.OpPipe {
		m.query(q.Right)
	}
}

// memberOf returns the name in .name, ."name" or .["name"]; "" of all else.
func memberOf(i *gojq.Index) string {
	text := i.Str
	if start := i.Start; text == nil && start != nil && !i.IsSlice && start.Term != nil {
		text = start.Term.Str
	}
	if text == nil || text.Queries != nil {
		return i.Name
	}
	return text.Str
}

// sameInput are functions whose argument has the input of the function itself.
var sameInput = []string{"select", "isempty", "IN"}

func (m *members) term(t *gojq.Term) {
	if t == nil {
		return
	}
	switch t.Type {
	case gojq.TermTypeIndex:
		if name := memberOf(t.Index); name != "" && !slices.Contains(m.names, name) {
			m.names = append(m.names, name)
		}
	case gojq.TermTypeQuery:
		m.query(t.Query)
	case gojq.TermTypeUnary:
		m.term(t.Unary.Term)
	case gojq.TermTypeFunc:
		if slices.Contains(sameInput, t.Func.Name) && len(t.Func.Args) == 1 {
			m.query(t.Func.Args[0])
		}
	case gojq.TermTypeIf:
		m.query(t.If.Cond)
		m.query(t.If.Then)
		m.query(t.If.Else)
	}
}
