package filter

import (
	"slices"

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

// sameInput are functions whose argument has the input of the function itself.
var sameInput = []string{"select", "isempty", "IN"}

func (m *members) term(t *gojq.Term) {
	if t == nil {
		return
	}
	switch t.Type {
	case gojq.TermTypeIndex:
		if name := t.Index.Name; name != "" && !slices.Contains(m.names, name) {
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
