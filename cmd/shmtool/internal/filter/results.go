package filter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// emit appends the results of an expression, a line each, as Lines has them. It is false
// when gojq has to say what they are.
type emit func(r *record, in value, b []byte) (_ []byte, ok bool)

// results compiles an expression for its lines.
func (n *native) results(q *gojq.Query, on input) emit {
	if !isPlain(q) {
		return nil
	}
	if inner := inParentheses(q); inner != nil {
		return n.results(inner, on)
	}
	switch {
	case q.Op == gojq.OpComma:
		l, r := n.results(q.Left, on), n.results(q.Right, on)
		if l == nil || r == nil {
			return nil
		}
		return func(rec *record, in value, b []byte) ([]byte, bool) {
			b, ok := l(rec, in, b)
			if !ok {
				return b, false
			}
			return r(rec, in, b)
		}
	case q.Op == gojq.OpPipe:
		return n.piped(q, on)
	case q.Term != nil && q.Term.Type == gojq.TermTypeIf && q.Term.SuffixList == nil && q.Term.If.Elif == nil && q.Term.If.Else != nil:
		return n.branches(q.Term.If, on)
	}
	if guard := n.guard(q, on); guard != nil && on == onRecord {
		return guarded(guard, func(rec *record, _ value, b []byte) ([]byte, bool) { return rec.appendAll(b, nil) })
	}
	if without := deleted(q); without != nil && on == onRecord {
		return func(rec *record, _ value, b []byte) ([]byte, bool) { return rec.appendAll(b, without) }
	}
	if e := n.scalar(q, on); e != nil {
		return line(e)
	}
	if p := n.part(q, on); p != nil {
		return func(rec *record, in value, b []byte) ([]byte, bool) {
			start := len(b)
			b, is := p(rec, in, b)
			if is == none {
				return b[:start], true
			}
			return append(b, '\n'), is != unknown
		}
	}
	return nil
}

// deleted returns the names of the members in del(.a, .b), or nil.
func deleted(q *gojq.Query) []string {
	if q.Term == nil || q.Term.Type != gojq.TermTypeFunc || q.Term.SuffixList != nil || q.Term.Func.Name != "del" || len(q.Term.Func.Args) != 1 {
		return nil
	}
	return namesIn(q.Term.Func.Args[0])
}

// namesIn returns the names in .a, .b, or nil when the query is anything else.
func namesIn(q *gojq.Query) []string {
	switch {
	case !isPlain(q):
		return nil
	case q.Op == gojq.OpComma:
		l, r := namesIn(q.Left), namesIn(q.Right)
		if l == nil || r == nil {
			return nil
		}
		return append(l, r...)
	case q.Term == nil || q.Term.Type != gojq.TermTypeIndex || q.Term.SuffixList != nil:
		return nil
	}
	if name := nameIn(q.Term.Index); name != nil {
		return []string{*name}
	}
	return nil
}

// line makes a line of a scalar: a string bare, all else as JSON.
func line(e eval) emit {
	return func(rec *record, in value, b []byte) ([]byte, bool) {
		v := e(rec, in)
		if !v.known() {
			return b, v.kind == none
		}
		return append(v.appendText(b), '\n'), true
	}
}

func (n *native) piped(q *gojq.Query, on input) emit {
	if guard := n.guard(q.Left, on); guard != nil {
		if r := n.results(q.Right, on); r != nil {
			return guarded(guard, r)
		}
		return nil
	}
	list, r := n.list(q.Left, on), n.results(q.Right, onScalar)
	if list == nil || r == nil {
		return nil
	}
	return func(rec *record, in value, b []byte) ([]byte, bool) {
		for _, l := range list {
			v := l(rec, in)
			if v.kind == none {
				continue
			}
			ok := v.kind != unknown
			if ok {
				b, ok = r(rec, v, b)
			}
			if !ok {
				return b, false
			}
		}
		return b, true
	}
}

func guarded(guard eval, then emit) emit {
	return func(rec *record, in value, b []byte) ([]byte, bool) {
		if v := guard(rec, in); v.kind != yes {
			return b, v.kind == none
		}
		return then(rec, in, b)
	}
}

func (n *native) branches(c *gojq.If, on input) emit {
	test, then, otherwise := n.scalar(c.Cond, on), n.results(c.Then, on), n.results(c.Else, on)
	if test == nil || then == nil || otherwise == nil {
		return nil
	}
	return func(rec *record, in value, b []byte) ([]byte, bool) {
		switch v := test(rec, in); {
		case !v.known():
			return b, v.kind == none
		case v.truth():
			return then(rec, in, b)
		}
		return otherwise(rec, in, b)
	}
}

// part appends one value as JSON. The kind that it returns is unknown when gojq has to say
// what the value is, and none when there is none; then what it has appended is to be
// dropped.
type part func(r *record, in value, b []byte) ([]byte, kind)

// part compiles a value in JSON: an object or an array that is made, or a scalar.
func (n *native) part(q *gojq.Query, on input) part {
	if !isPlain(q) {
		return nil
	}
	if inner := inParentheses(q); inner != nil {
		return n.part(inner, on)
	}
	if t := q.Term; t != nil && t.SuffixList == nil {
		switch t.Type {
		case gojq.TermTypeObject:
			return n.object(t.Object, on)
		case gojq.TermTypeArray:
			return n.array(t.Array, on)
		}
	}
	e := n.scalar(q, on)
	if e == nil {
		return nil
	}
	return func(rec *record, in value, b []byte) ([]byte, kind) {
		v := e(rec, in)
		if !v.known() {
			return b, v.kind
		}
		return v.appendJSON(b), yes
	}
}

// pair is a member of an object that is made.
type pair struct {
	name  string
	key   []byte // `"name":`
	value part
}

// object compiles {…} with constant names, in jq's order of them.
func (n *native) object(o *gojq.Object, on input) part {
	var pairs []pair
	for _, kv := range o.KeyVals {
		name := kv.Key
		if s := constantText(kv.KeyString); s != nil {
			name = *s
		}
		if name == "" || name[0] == '$' || kv.KeyQuery != nil {
			return nil
		}
		val := kv.Val
		if val == nil {
			val = &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{Name: name}}}
		}
		p := pair{name, append(appendMarshaled(nil, name), ':'), n.part(val, on)}
		if p.value == nil || slices.ContainsFunc(pairs, func(other pair) bool { return other.name == name }) {
			return nil
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(x, y pair) int { return strings.Compare(x.name, y.name) })
	return func(rec *record, in value, b []byte) ([]byte, kind) {
		b = append(b, '{')
		least := yes
		for i := range pairs {
			if i > 0 {
				b = append(b, ',')
			}
			var is kind
			b, is = pairs[i].value(rec, in, append(b, pairs[i].key...))
			least = min(least, is)
		}
		return append(b, '}'), least
	}
}

// array compiles […] of values that commas separate.
func (n *native) array(a *gojq.Array, on input) part {
	var elements []part
	if a.Query != nil {
		if elements = n.elements(a.Query, on); elements == nil {
			return nil
		}
	}
	return func(rec *record, in value, b []byte) ([]byte, kind) {
		b = append(b, '[')
		empty := true
		for _, element := range elements {
			start := len(b)
			if !empty {
				b = append(b, ',')
			}
			var is kind
			switch b, is = element(rec, in, b); is {
			case unknown:
				return b, unknown
			case none:
				b = b[:start]
			default:
				empty = false
			}
		}
		return append(b, ']'), yes
	}
}

func (n *native) elements(q *gojq.Query, on input) []part {
	if isPlain(q) && q.Op == gojq.OpComma {
		l, r := n.elements(q.Left, on), n.elements(q.Right, on)
		if l == nil || r == nil {
			return nil
		}
		return append(l, r...)
	}
	if p := n.part(q, on); p != nil {
		return []part{p}
	}
	return nil
}

// whole is a member of the object that a record is.
type whole struct {
	name   string
	key    []byte // `,"name":`
	member member
}

// wholeOf returns all members in jq's order.
func wholeOf(names []string, find func(name string) member) []whole {
	slices.SortFunc(names, cmp.Compare)
	var all []whole
	for _, name := range names {
		all = append(all, whole{name, append(appendMarshaled([]byte{','}, name), ':'), find(name)})
	}
	return all
}
