package filter

import (
	"slices"

	"github.com/itchyny/gojq"
)

// An expression of few words is also made into functions that evaluate it on the bytes of
// a record. They give what gojq gives on the record's JSON, or they give no answer: then
// gojq evaluates the expression on that record. So they need not know any error.

// eval evaluates an expression. Its input is in, or the record when the expression was
// compiled for one. It gives one value at most.
type eval func(r *record, in value) value

// input is what an expression is compiled for.
type input uint8

const (
	onRecord input = iota // the object of a record
	onScalar              // a value that is no object
)

// native makes functions of expressions. A function that is nil stands for an expression
// that is left to gojq.
type native struct {
	names []string // of the members that the functions read, by their numbers
}

func (n *native) member(name string) eval {
	i := slices.Index(n.names, name)
	if i < 0 {
		i = len(n.names)
		n.names = append(n.names, name)
	}
	return func(r *record, _ value) value { return r.member(i) }
}

// isPlain reports whether a query is one term or an operation: it defines nothing.
func isPlain(q *gojq.Query) bool {
	return q != nil && q.Meta == nil && q.Imports == nil && q.FuncDefs == nil && q.Patterns == nil
}

// inParentheses returns the query that stands in parentheses, or nil.
func inParentheses(q *gojq.Query) *gojq.Query {
	if t := q.Term; t != nil && t.Type == gojq.TermTypeQuery && t.SuffixList == nil {
		return t.Query
	}
	return nil
}

// scalar compiles an expression that gives one scalar at most.
func (n *native) scalar(q *gojq.Query, on input) eval {
	if !isPlain(q) {
		return nil
	}
	if q.Term != nil {
		return n.term(q.Term, on)
	}
	if q.Op == gojq.OpPipe {
		return n.pipe(q, on)
	}
	l, r := n.scalar(q.Left, on), n.scalar(q.Right, on)
	if l == nil || r == nil {
		return nil
	}
	switch q.Op {
	case gojq.OpAnd:
		return func(rec *record, in value) value {
			if v := l(rec, in); !v.known() || !v.truth() {
				return truthOf(v)
			}
			return truthOf(r(rec, in))
		}
	case gojq.OpOr:
		return func(rec *record, in value) value {
			if v := l(rec, in); !v.known() || v.truth() {
				return truthOf(v)
			}
			return truthOf(r(rec, in))
		}
	case gojq.OpAlt:
		return func(rec *record, in value) value {
			if v := l(rec, in); v.kind == unknown || v.truth() {
				return v
			}
			return r(rec, in)
		}
	}
	if f := comparison(q.Op); f != nil {
		return both(l, r, func(a, b value) value { return boolOf(f(compare(a, b))) })
	}
	if f := arithmetic(q.Op); f != nil {
		return both(l, r, f)
	}
	return nil
}

// truthOf returns true or false of a known value.
func truthOf(v value) value {
	if v.known() {
		return boolOf(v.truth())
	}
	return v
}

func comparison(op gojq.Operator) func(order int) bool {
	switch op {
	case gojq.OpEq:
		return func(c int) bool { return c == 0 }
	case gojq.OpNe:
		return func(c int) bool { return c != 0 }
	case gojq.OpLt:
		return func(c int) bool { return c < 0 }
	case gojq.OpLe:
		return func(c int) bool { return c <= 0 }
	case gojq.OpGt:
		return func(c int) bool { return c > 0 }
	case gojq.OpGe:
		return func(c int) bool { return c >= 0 }
	}
	return nil
}

// both applies a function to two values, when there are two.
func both(l, r eval, f func(a, b value) value) eval {
	return func(rec *record, in value) value {
		a, b := l(rec, in), r(rec, in)
		switch {
		case a.kind == unknown || b.kind == unknown:
			return value{}
		case a.kind == none || b.kind == none:
			return noValue
		}
		return f(a, b)
	}
}

// one applies a function to a value, when there is one.
func one(e eval, f func(v value) value) eval {
	if e == nil {
		return nil
	}
	return func(rec *record, in value) value {
		v := e(rec, in)
		if !v.known() {
			return v
		}
		return f(v)
	}
}

// pipe compiles l | r: r for the record where l only lets it pass, else for a scalar.
func (n *native) pipe(q *gojq.Query, on input) eval {
	if guard := n.guard(q.Left, on); guard != nil {
		r := n.scalar(q.Right, on)
		if r == nil {
			return nil
		}
		return func(rec *record, in value) value {
			if v := guard(rec, in); v.kind != yes {
				return v
			}
			return r(rec, in)
		}
	}
	l, r := n.scalar(q.Left, on), n.scalar(q.Right, onScalar)
	if l == nil || r == nil {
		return nil
	}
	return func(rec *record, in value) value {
		v := l(rec, in)
		if !v.known() {
			return v
		}
		return r(rec, v)
	}
}

// guard compiles an expression that gives its input, or nothing: it is true, or none.
func (n *native) guard(q *gojq.Query, on input) eval {
	if !isPlain(q) {
		return nil
	}
	if inner := inParentheses(q); inner != nil {
		return n.guard(inner, on)
	}
	if q.Op == gojq.OpPipe {
		l, r := n.guard(q.Left, on), n.guard(q.Right, on)
		if l == nil || r == nil {
			return nil
		}
		return func(rec *record, in value) value {
			if v := l(rec, in); v.kind != yes {
				return v
			}
			return r(rec, in)
		}
	}
	if q.Term == nil || q.Term.SuffixList != nil {
		return nil
	}
	switch t := q.Term; t.Type {
	case gojq.TermTypeIdentity:
		return func(*record, value) value { return boolOf(true) }
	case gojq.TermTypeFunc:
		if t.Func.Name == "select" && len(t.Func.Args) == 1 {
			return n.passing(t.Func.Args[0], on)
		}
	}
	return nil
}

// passing compiles the condition of select: it is true, or none.
func (n *native) passing(q *gojq.Query, on input) eval {
	return one(n.scalar(q, on), func(v value) value {
		if v.truth() {
			return boolOf(true)
		}
		return noValue
	})
}

// list compiles the values that commas separate.
func (n *native) list(q *gojq.Query, on input) (evals []eval) {
	if !isPlain(q) {
		return nil
	}
	if inner := inParentheses(q); inner != nil {
		return n.list(inner, on)
	}
	if q.Op != gojq.OpComma {
		if e := n.scalar(q, on); e != nil {
			return []eval{e}
		}
		return nil
	}
	l, r := n.list(q.Left, on), n.list(q.Right, on)
	if l == nil || r == nil {
		return nil
	}
	return append(l, r...)
}

// truth compiles an expression that --where asks for: whether any of its results is true.
func (n *native) truth(q *gojq.Query) eval {
	if guard := n.guard(q, onRecord); guard != nil {
		return guard
	}
	evals := n.list(q, onRecord)
	switch len(evals) {
	case 0:
		return nil
	case 1:
		return evals[0]
	}
	return func(rec *record, in value) value {
		for _, e := range evals {
			if v := e(rec, in); v.kind == unknown || v.truth() {
				return v
			}
		}
		return noValue
	}
}
