package filter

import (
	"slices"

	"github.com/itchyny/gojq"
)

// sort is what a value may be, or hold, of a page's document. A value of more than one
// sort may be any of them, and of none it has no record in it.
type sort uint8

const (
	page    sort = 1 << iota // the document
	list                     // an array of records
	groups                   // an array of such arrays
	element                  // a record
)

// neededOfPage returns the names of the members that the result of an expression on a
// page's document depends on in its records, or all when it may depend on any.
func neededOfPage(q *gojq.Query) (names []string, all bool) {
	n := pageNeeds{}
	n.inside(q, page)
	return n.names, n.all
}

// pageNeeds follows the records of a document through an expression. It takes it that
// anything unknown needs all of their members, and so does an error that would show one.
type pageNeeds struct {
	needs
	variables map[string]sort
}

// everything notes that all members are needed.
func (n *pageNeeds) everything() sort {
	n.all = true
	return 0
}

// inside looks at a query whose result is used as it is.
func (n *pageNeeds) inside(q *gojq.Query, in sort) {
	if q != nil && n.result(q, in) != 0 {
		n.all = true
	}
}

// result returns the sort of a query's results on an input of a sort.
func (n *pageNeeds) result(q *gojq.Query, in sort) sort {
	switch {
	case n.all || in == 0 && len(n.variables) == 0:
		return 0
	case q.Meta != nil || q.Imports != nil || q.FuncDefs != nil:
		return n.everything()
	case q.Patterns != nil:
		return n.bind(q, in)
	case q.Term != nil:
		return n.ofTerm(q.Term, in)
	}
	switch q.Op {
	case gojq.OpPipe:
		return n.result(q.Right, n.result(q.Left, in))
	case gojq.OpComma, gojq.OpAlt:
		return n.result(q.Left, in) | n.result(q.Right, in)
	case gojq.OpAnd, gojq.OpOr:
		n.result(q.Left, in)
		n.result(q.Right, in)
		return 0
	}
	if comparison(q.Op) == nil && arithmetic(q.Op) == nil {
		return n.everything()
	}
	n.inside(q.Left, in)
	n.inside(q.Right, in)
	return 0
}

// bind looks at l as $name | r.
func (n *pageNeeds) bind(q *gojq.Query, in sort) sort {
	if len(q.Patterns) != 1 || q.Patterns[0].Name == "" {
		return n.everything()
	}
	return n.with(q.Patterns[0].Name, n.result(q.Left, in), func() sort { return n.result(q.Right, in) })
}

// with looks at what is evaluated while a variable has a value of a sort.
func (n *pageNeeds) with(name string, of sort, look func() sort) sort {
	if of == 0 && n.variables[name] == 0 {
		return look()
	}
	if _, shadowed := n.variables[name]; shadowed {
		return n.everything()
	}
	if n.variables == nil {
		n.variables = map[string]sort{}
	}
	n.variables[name] = of
	defer delete(n.variables, name)
	return look()
}

func (n *pageNeeds) ofTerm(t *gojq.Term, in sort) sort {
	of := n.ofBare(t, in)
	for _, s := range t.SuffixList {
		switch {
		case s.Optional:
		case s.Iter:
			of = n.each(of)
		default:
			of = n.ofIndex(s.Index, of, in)
		}
	}
	return of
}

// each returns the sort of the elements.
func (n *pageNeeds) each(of sort) sort {
	if of&(page|element) != 0 {
		return n.everything()
	}
	return elements(of)
}

func elements(of sort) (each sort) {
	if of&list != 0 {
		each |= element
	}
	if of&groups != 0 {
		each |= list
	}
	return each
}

// ofIndex returns the sort of a member, or of an element or a slice of an array. The
// input of an expression in the brackets is that of the whole term.
func (n *pageNeeds) ofIndex(i *gojq.Index, of, in sort) sort {
	if name := nameIn(i); name != nil {
		if of&(list|groups) != 0 { // an error, which shows the records
			return n.everything()
		}
		if of&element != 0 {
			n.add(*name)
		}
		if of&page != 0 && *name == "records" {
			return list
		}
		return 0
	}
	n.inside(i.Start, in)
	n.inside(i.End, in)
	if i.Str != nil {
		for _, q := range i.Str.Queries {
			n.inside(q, in)
		}
	}
	switch {
	case of == 0:
		return 0
	case of&(page|element) != 0 || !i.IsSlice && !isNumber(i.Start) || i.IsSlice && (i.Start != nil && !isNumber(i.Start) || i.End != nil && !isNumber(i.End)):
		return n.everything()
	case i.IsSlice:
		return of
	}
	return elements(of)
}

// isNumber reports whether a query is a constant number.
func isNumber(q *gojq.Query) bool {
	if !isPlain(q) || q.Term == nil || q.Term.SuffixList != nil {
		return false
	}
	t := q.Term
	return t.Type == gojq.TermTypeNumber || t.Type == gojq.TermTypeUnary && isNumber(&gojq.Query{Term: t.Unary.Term})
}

func (n *pageNeeds) ofBare(t *gojq.Term, in sort) sort {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return in
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return 0
	case gojq.TermTypeIndex:
		return n.ofIndex(t.Index, in, in)
	case gojq.TermTypeQuery:
		return n.result(t.Query, in)
	case gojq.TermTypeUnary:
		n.inside(&gojq.Query{Term: t.Unary.Term}, in)
		return 0
	case gojq.TermTypeString, gojq.TermTypeFormat:
		if t.Str == nil {
			n.inside(&gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}, in)
			return 0
		}
		for _, q := range t.Str.Queries {
			n.inside(q, in)
		}
		return 0
	case gojq.TermTypeArray:
		return n.collected(t.Array.Query, in)
	case gojq.TermTypeObject:
		n.members(t.Object, in)
		return 0
	case gojq.TermTypeIf:
		return n.branches(t.If, in)
	case gojq.TermTypeReduce:
		return n.reduced(t.Reduce, in)
	case gojq.TermTypeFunc:
		return n.call(t.Func, in)
	}
	return n.everything()
}

// collected returns the sort of an array of a query's results.
func (n *pageNeeds) collected(q *gojq.Query, in sort) sort {
	if q == nil {
		return 0
	}
	of := n.result(q, in)
	var array sort
	if of&element != 0 {
		array |= list
	}
	if of&list != 0 {
		array |= groups
	}
	if of&(page|groups) != 0 {
		return n.everything()
	}
	return array
}

func (n *pageNeeds) members(o *gojq.Object, in sort) {
	for _, kv := range o.KeyVals {
		if kv.Val == nil || kv.KeyString != nil && kv.KeyString.Queries != nil {
			switch {
			case kv.Val == nil && in&(element|list|groups) == 0 && kv.Key != "" && kv.Key[0] != '$' && kv.Key != "records":
			case kv.Val == nil && in == element && kv.Key != "" && kv.Key[0] != '$':
				n.add(kv.Key)
			default:
				n.everything()
			}
		}
		n.inside(kv.KeyQuery, in)
		n.inside(kv.Val, in)
	}
}

func (n *pageNeeds) branches(c *gojq.If, in sort) sort {
	n.result(c.Cond, in)
	of := n.result(c.Then, in)
	for _, elif := range c.Elif {
		n.result(elif.Cond, in)
		of |= n.result(elif.Then, in)
	}
	if c.Else == nil {
		return of | in
	}
	return of | n.result(c.Else, in)
}

// reduced looks at reduce l as $name (start; update), which keeps no record.
func (n *pageNeeds) reduced(r *gojq.Reduce, in sort) sort {
	if len(r.Patterns) != 1 || r.Patterns[0].Name == "" {
		return n.everything()
	}
	n.inside(r.Start, in)
	return n.with(r.Patterns[0].Name, n.result(r.Query, in), func() sort {
		n.inside(r.Update, 0)
		return 0
	})
}

// call returns the sort of what a function gives.
func (n *pageNeeds) call(f *gojq.Func, in sort) sort {
	array := in&(list|groups) != 0 && in&(page|element) == 0
	var arg *gojq.Query
	if len(f.Args) == 1 {
		arg = f.Args[0]
	}
	switch {
	case f.Name[0] == '$':
		return n.variables[f.Name]
	case len(f.Args) == 0 && slices.Contains([]string{"not", "type", "empty", "now"}, f.Name):
		return 0
	case len(f.Args) == 0 && (f.Name == "length" || f.Name == "keys") && in != 0 && in&element == 0:
		return 0
	case len(f.Args) == 0 && (f.Name == "first" || f.Name == "last") && array:
		return elements(in)
	case f.Name == "reverse" && array, f.Name == "values":
		return in
	case f.Name == "select" && arg != nil:
		n.result(arg, in)
		return in
	case f.Name == "map" && arg != nil && array:
		return n.collected(arg, elements(in))
	case (f.Name == "any" || f.Name == "all") && arg != nil && array:
		n.result(arg, elements(in))
		return 0
	case (f.Name == "any" || f.Name == "all") && len(f.Args) == 2:
		n.result(f.Args[1], n.result(f.Args[0], in))
		return 0
	case (f.Name == "first" || f.Name == "last") && arg != nil:
		return n.result(arg, in)
	case f.Name == "isempty" && arg != nil:
		n.result(arg, in)
		return 0
	case f.Name == "limit" && len(f.Args) == 2:
		n.inside(f.Args[0], in)
		return n.result(f.Args[1], in)
	case slices.Contains([]string{"sort_by", "unique_by", "group_by", "min_by", "max_by"}, f.Name) && arg != nil && in == list:
		n.inside(arg, element)
		return sortOfKeyed(f.Name)
	case in == 0 && !slices.ContainsFunc(f.Args, func(q *gojq.Query) bool { return n.result(q, 0) != 0 }):
		return 0
	}
	return n.everything()
}

func sortOfKeyed(name string) sort {
	switch name {
	case "group_by":
		return groups
	case "min_by", "max_by":
		return element
	}
	return list
}
