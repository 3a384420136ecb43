package filter

import (
	"slices"

	"github.com/itchyny/gojq"
)

// quickFunctions are functions of jq that give little on a small input, and soon. None of
// them runs on and on, and none makes a large value of a small one.
var quickFunctions = []string{
	"not", "select", "empty", "error", "length", "utf8bytelength", "type", "tostring", "tonumber", "tojson", "fromjson",
	"test", "match", "capture", "scan", "sub", "gsub", "split", "splits", "join", "ascii_downcase", "ascii_upcase",
	"startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr", "trim", "ltrim", "rtrim", "contains", "inside", "index", "rindex", "indices",
	"IN", "any", "all", "isempty", "first", "last", "nth", "has", "in", "keys", "values", "nulls", "numbers", "strings",
	"booleans", "arrays", "objects", "iterables", "scalars", "map", "add", "min", "max", "min_by", "max_by", "sort", "sort_by",
	"unique", "unique_by", "group_by", "reverse", "to_entries", "from_entries", "explode",
	"floor", "ceil", "round", "sqrt", "fabs", "abs", "pow", "log", "log2", "log10", "exp", "nan", "infinite", "isnan", "isinfinite", "isnormal",
	"now", "todate", "fromdate", "gmtime", "mktime", "strftime", "strptime", "todateiso8601", "fromdateiso8601", "env", "$ENV",
}

// isQuick reports whether an expression ends soon on a small input. A doubt says no: a
// product may be of a string, an assignment may be to a distant element, and a
// definition, a variable, or a reduction may double a value again and again.
func isQuick(q *gojq.Query) bool {
	switch {
	case q == nil:
		return true
	case !isPlain(q):
		return false
	case q.Term != nil:
		return isQuickTerm(q.Term)
	case q.Op == gojq.OpMul || q.Op >= gojq.OpAssign:
		return false
	}
	return isQuick(q.Left) && isQuick(q.Right)
}

func isQuickTerm(t *gojq.Term) bool {
	if t == nil {
		return true
	}
	for _, s := range t.SuffixList {
		if s.Index != nil && !isQuickIndex(s.Index) {
			return false
		}
	}
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeIndex:
		return isQuickIndex(t.Index)
	case gojq.TermTypeFunc:
		return slices.Contains(quickFunctions, t.Func.Name) && all(t.Func.Args)
	case gojq.TermTypeObject:
		return isQuickObject(t.Object)
	case gojq.TermTypeArray:
		return isQuick(t.Array.Query)
	case gojq.TermTypeUnary:
		return isQuickTerm(t.Unary.Term)
	case gojq.TermTypeFormat, gojq.TermTypeString:
		return isQuickString(t.Str)
	case gojq.TermTypeIf:
		return isQuickIf(t.If)
	case gojq.TermTypeTry:
		return isQuick(t.Try.Body) && isQuick(t.Try.Catch)
	case gojq.TermTypeQuery:
		return isQuick(t.Query)
	}
	return false
}

func isQuickString(s *gojq.String) bool { return s == nil || all(s.Queries) }

func isQuickIndex(i *gojq.Index) bool {
	return isQuickString(i.Str) && isQuick(i.Start) && isQuick(i.End)
}

func isQuickObject(o *gojq.Object) bool {
	for _, kv := range o.KeyVals {
		if len(kv.Key) > 0 && kv.Key[0] == '$' || !isQuickString(kv.KeyString) || !isQuick(kv.KeyQuery) || !isQuick(kv.Val) {
			return false
		}
	}
	return true
}

func isQuickIf(c *gojq.If) bool {
	for _, elif := range c.Elif {
		if !isQuick(elif.Cond) || !isQuick(elif.Then) {
			return false
		}
	}
	return isQuick(c.Cond) && isQuick(c.Then) && isQuick(c.Else)
}

func all(queries []*gojq.Query) bool {
	for _, q := range queries {
		if !isQuick(q) {
			return false
		}
	}
	return true
}
