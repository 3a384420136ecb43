package filter

import (
	"slices"

	"github.com/itchyny/gojq"
)

// quickFunctions are functions of jq that give little on a small input, and soon. None of
// them runs on and on, and none makes a large value of a small one.
var quickFunctions = []string{
	"not", "select", "empty", "error", "length", "utf8bytelength", "type", "tostring", "tonumber", "tojson", "fromjson",
	"test", "sub", "gsub", "split", "join", "ascii_downcase", "ascii_upcase", "startswith", "endswith", "ltrimstr", "rtrimstr",
	"trimstr", "trim", "ltrim", "rtrim", "contains", "inside", "index", "rindex", "indices", "explode",
	"IN", "any", "all", "isempty", "first", "last", "nth", "has", "in", "keys", "map", "map_values", "add", "del", "getpath",
	"values", "nulls", "numbers", "strings", "booleans", "arrays", "objects", "iterables", "scalars",
	"min", "max", "min_by", "max_by", "sort", "sort_by", "unique", "unique_by", "group_by", "reverse",
	"to_entries", "from_entries", "with_entries", "walk",
	"floor", "ceil", "round", "sqrt", "fabs", "abs", "pow", "log", "log2", "log10", "exp", "nan", "infinite", "isnan", "isinfinite", "isnormal",
	"now", "todate", "fromdate", "gmtime", "mktime", "strftime", "strptime", "todateiso8601", "fromdateiso8601", "env",
}

// manyFunctions are such that give many results.
var manyFunctions = []string{"match", "capture", "scan", "splits", "paths", "tostream", "recurse"}

// maxMany is how many parts of a quick expression may give many results: each may do so
// for every result of the others.
const maxMany = 2

// isQuick reports whether an expression ends soon on a small input. A doubt says no: a
// product may be of a string, an assignment may be to a distant element, and a definition
// or a reduction may double a value again and again.
func isQuick(q *gojq.Query) bool {
	m := quickness{}
	return m.query(q) && m.many <= maxMany
}

// quickness looks at the parts of an expression; each method is false when a part may take
// long.
type quickness struct{ many int }

func (m *quickness) query(q *gojq.Query) bool {
	switch {
	case q == nil:
		return true
	case q.Meta != nil || q.Imports != nil || q.FuncDefs != nil || !m.patterns(q.Patterns):
		return false
	case q.Term != nil:
		return m.term(q.Term)
	case q.Op == gojq.OpMul || q.Op == gojq.OpUpdateMul || q.Op >= gojq.OpAssign && !isPath(q.Left):
		return false
	}
	return m.query(q.Left) && m.query(q.Right)
}

// isPath reports whether a query is a path of names alone.
func isPath(q *gojq.Query) bool {
	if !isPlain(q) || q.Term == nil || q.Term.Type != gojq.TermTypeIndex || nameIn(q.Term.Index) == nil {
		return false
	}
	return !slices.ContainsFunc(q.Term.SuffixList, func(s *gojq.Suffix) bool { return s.Index != nil && nameIn(s.Index) == nil })
}

func (m *quickness) term(t *gojq.Term) bool {
	if t == nil {
		return true
	}
	for _, s := range t.SuffixList {
		if s.Iter {
			m.many++
		}
		if s.Index != nil && !m.index(s.Index) {
			return false
		}
	}
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeRecurse:
		m.many++
		return true
	case gojq.TermTypeIndex:
		return m.index(t.Index)
	case gojq.TermTypeFunc:
		return m.function(t.Func)
	case gojq.TermTypeObject:
		return m.object(t.Object)
	case gojq.TermTypeArray:
		return m.query(t.Array.Query)
	case gojq.TermTypeUnary:
		return m.term(t.Unary.Term)
	case gojq.TermTypeFormat, gojq.TermTypeString:
		return m.text(t.Str)
	case gojq.TermTypeIf:
		return m.condition(t.If)
	case gojq.TermTypeTry:
		return m.query(t.Try.Body) && m.query(t.Try.Catch)
	case gojq.TermTypeQuery:
		return m.query(t.Query)
	}
	return false
}

func (m *quickness) function(f *gojq.Func) bool {
	switch {
	case f.Name == "recurse" && len(f.Args) > 0: // it may have no end
		return false
	case slices.Contains(manyFunctions, f.Name):
		m.many++
	case f.Name[0] != '$' && !slices.Contains(quickFunctions, f.Name):
		return false
	}
	return m.all(f.Args)
}

func (m *quickness) text(s *gojq.String) bool { return s == nil || m.all(s.Queries) }

func (m *quickness) index(i *gojq.Index) bool {
	return m.text(i.Str) && m.query(i.Start) && m.query(i.End)
}

func (m *quickness) object(o *gojq.Object) bool {
	for _, kv := range o.KeyVals {
		if !m.text(kv.KeyString) || !m.query(kv.KeyQuery) || !m.query(kv.Val) {
			return false
		}
	}
	return true
}

func (m *quickness) patterns(patterns []*gojq.Pattern) bool {
	for _, p := range patterns {
		if p == nil {
			continue
		}
		if !m.patterns(p.Array) {
			return false
		}
		for _, member := range p.Object {
			if !m.text(member.KeyString) || !m.query(member.KeyQuery) || !m.patterns([]*gojq.Pattern{member.Val}) {
				return false
			}
		}
	}
	return true
}

func (m *quickness) condition(c *gojq.If) bool {
	for _, elif := range c.Elif {
		if !m.query(elif.Cond) || !m.query(elif.Then) {
			return false
		}
	}
	return m.query(c.Cond) && m.query(c.Then) && m.query(c.Else)
}

func (m *quickness) all(queries []*gojq.Query) bool {
	for _, q := range queries {
		if !m.query(q) {
			return false
		}
	}
	return true
}
