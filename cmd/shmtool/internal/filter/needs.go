package filter

import (
	"slices"

	"github.com/itchyny/gojq"
)

// needed returns the names of the members that the result of an expression depends on, or
// all when it may depend on any.
func needed(q *gojq.Query) (names []string, all bool) {
	n := needs{}
	if n.query(q) {
		n.all = true
	}
	return n.names, n.all
}

// needs collects the members that are asked for where the input is the record. A query
// with another input cannot ask for any.
type needs struct {
	names []string
	all   bool
}

func (n *needs) add(name string) {
	if !slices.Contains(n.names, name) {
		n.names = append(n.names, name)
	}
}

// query looks at a query on the record, and reports whether the record may be its result.
func (n *needs) query(q *gojq.Query) (record bool) {
	if !isPlain(q) {
		n.all = true
		return true
	}
	if q.Term != nil {
		return n.term(q.Term)
	}
	switch q.Op {
	case gojq.OpPipe:
		return n.query(q.Left) && n.query(q.Right)
	case gojq.OpComma, gojq.OpAlt:
		l, r := n.query(q.Left), n.query(q.Right)
		return l || r
	case gojq.OpAnd, gojq.OpOr: // an object is true, whatever it has
		n.query(q.Left)
		n.query(q.Right)
		return false
	}
	if comparison(q.Op) == nil && arithmetic(q.Op) == nil {
		n.all = true
	}
	n.inside(q.Left)
	n.inside(q.Right)
	return false
}

// inside looks at a query whose result is used: all is needed when that is the record.
func (n *needs) inside(q *gojq.Query) {
	if q != nil && n.query(q) {
		n.all = true
	}
}

func (n *needs) term(t *gojq.Term) (record bool) {
	record = n.bare(t)
	for _, s := range t.SuffixList {
		switch name := nameIn(s.Index); {
		case s.Optional:
		case name != nil && record:
			n.add(*name)
			record = false
		case name != nil:
		case record: // .[] and .[…] of the record
			n.all = true
		case s.Index != nil:
			n.index(s.Index)
		}
	}
	return record
}

// index looks at what an index is worked out of: its input is that of the whole term.
func (n *needs) index(i *gojq.Index) {
	n.inside(i.Start)
	n.inside(i.End)
	n.text(i.Str)
}

func (n *needs) text(s *gojq.String) {
	if s == nil {
		return
	}
	for _, q := range s.Queries {
		n.inside(q)
	}
}

func (n *needs) bare(t *gojq.Term) (record bool) {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return true
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return false
	case gojq.TermTypeIndex:
		if name := nameIn(t.Index); name != nil {
			n.add(*name)
			return false
		}
	case gojq.TermTypeQuery:
		return n.query(t.Query)
	case gojq.TermTypeUnary:
		n.inside(&gojq.Query{Term: t.Unary.Term})
		return false
	case gojq.TermTypeString:
		n.text(t.Str)
		return false
	case gojq.TermTypeFormat:
		if t.Str != nil {
			n.text(t.Str)
			return false
		}
	case gojq.TermTypeArray:
		n.inside(t.Array.Query)
		return false
	case gojq.TermTypeObject:
		return n.object(t.Object)
	case gojq.TermTypeIf:
		return n.condition(t.If)
	case gojq.TermTypeFunc:
		return n.function(t.Func)
	}
	n.all = true
	return true
}

func (n *needs) object(o *gojq.Object) (record bool) {
	for _, kv := range o.KeyVals {
		n.text(kv.KeyString)
		n.inside(kv.KeyQuery)
		n.inside(kv.Val)
		name := constantText(kv.KeyString)
		switch {
		case kv.Val != nil:
		case name != nil:
			n.add(*name)
		case kv.Key != "" && kv.Key[0] != '$':
			n.add(kv.Key)
		default:
			n.all = true
		}
	}
	return false
}

func (n *needs) condition(c *gojq.If) (record bool) {
	n.query(c.Cond)
	record = n.query(c.Then)
	for _, elif := range c.Elif {
		n.query(elif.Cond)
		record = n.query(elif.Then) || record
	}
	return c.Else == nil || n.query(c.Else) || record
}

// constants are functions that do not look at their input, or only at whether it is true.
var constants = []string{"empty", "now", "nan", "infinite", "env", "$ENV", "not"}

func (n *needs) function(f *gojq.Func) (record bool) {
	switch {
	case len(f.Args) == 0 && slices.Contains(constants, f.Name):
		return false
	case len(f.Args) == 1 && f.Name == "select":
		n.query(f.Args[0])
		return true
	case len(f.Args) == 2 && (f.Name == "IN" || f.Name == "any" || f.Name == "all" || f.Name == "limit"),
		len(f.Args) == 1 && (f.Name == "first" || f.Name == "isempty"):
		for _, arg := range f.Args {
			n.inside(arg)
		}
		return false
	}
	n.all = true
	return true
}
