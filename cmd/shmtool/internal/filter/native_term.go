package filter

import "github.com/itchyny/gojq"

// term compiles a term with all that stands behind it.
func (n *native) term(t *gojq.Term, on input) eval {
	if len(t.SuffixList) == 0 {
		return n.bare(t, on)
	}
	if t.Type == gojq.TermTypeIdentity { // .["name"] behind the dot
		name := nameIn(t.SuffixList[0].Index)
		if name == nil {
			return nil
		}
		return suffixed(n.index(*name, on), t.SuffixList[1:])
	}
	return suffixed(n.bare(t, on), t.SuffixList)
}

// suffixed compiles what stands behind a term that gives a scalar.
func suffixed(e eval, suffixes []*gojq.Suffix) eval {
	for _, s := range suffixes {
		switch {
		case e == nil:
			return nil
		case s.Optional: // gojq answers where there would be an error
		case nameIn(s.Index) == nil:
			return nil
		default:
			e = one(e, memberOfScalar)
		}
	}
	return e
}

// memberOfScalar returns a member of what is no object: that of null is null.
func memberOfScalar(v value) value {
	if v.kind == null {
		return v
	}
	return value{}
}

// nameIn returns the name in .name, ."name" or .["name"], or nil.
func nameIn(i *gojq.Index) *string {
	switch {
	case i == nil || i.IsSlice:
		return nil
	case i.Name != "":
		return &i.Name
	case i.Str != nil:
		return constantText(i.Str)
	case i.Start != nil && isPlain(i.Start) && i.Start.Term != nil && i.Start.Term.SuffixList == nil:
		if t := i.Start.Term; t.Type == gojq.TermTypeString {
			return constantText(t.Str)
		}
	}
	return nil
}

// constantText returns a string in which nothing is evaluated, or nil.
func constantText(s *gojq.String) *string {
	if s == nil || s.Queries != nil {
		return nil
	}
	return &s.Str
}

func (n *native) index(name string, on input) eval {
	if on == onRecord {
		return n.member(name)
	}
	return func(_ *record, in value) value { return memberOfScalar(in) }
}

// bare compiles a term with nothing behind it.
func (n *native) bare(t *gojq.Term, on input) eval {
	switch t.Type {
	case gojq.TermTypeIdentity:
		if on == onScalar {
			return func(_ *record, in value) value { return in }
		}
	case gojq.TermTypeIndex:
		if name := nameIn(t.Index); name != nil {
			return n.index(*name, on)
		}
	case gojq.TermTypeNull:
		return constant(nullValue)
	case gojq.TermTypeTrue, gojq.TermTypeFalse:
		return constant(boolOf(t.Type == gojq.TermTypeTrue))
	case gojq.TermTypeNumber:
		return constant(evaluated(t))
	case gojq.TermTypeUnary:
		return n.unary(t, on)
	case gojq.TermTypeString:
		return n.text(t.Str, on)
	case gojq.TermTypeIf:
		return n.condition(t.If, on)
	case gojq.TermTypeQuery:
		return n.scalar(t.Query, on)
	case gojq.TermTypeFunc:
		return n.function(t.Func, on)
	}
	return nil
}

// constant returns nil for a value that only gojq knows.
func constant(v value) eval {
	if v.kind == unknown {
		return nil
	}
	return func(*record, value) value { return v }
}

// evaluated returns what gojq makes of a constant.
func evaluated(t *gojq.Term) value {
	code, err := gojq.Compile(&gojq.Query{Term: t})
	if err != nil {
		return value{}
	}
	if v, ok := code.Run(nil).Next(); ok {
		return valueOf(v)
	}
	return value{}
}

func (n *native) unary(t *gojq.Term, on input) eval {
	if t.Unary.Term.Type == gojq.TermTypeNumber && t.Unary.Term.SuffixList == nil {
		return constant(evaluated(t))
	}
	e := n.term(t.Unary.Term, on)
	if t.Unary.Op == gojq.OpSub {
		return one(e, negate)
	}
	return one(e, func(v value) value {
		if v.number() {
			return v
		}
		return value{}
	})
}

// text compiles a string, with what is evaluated in it.
func (n *native) text(s *gojq.String, on input) eval {
	if s == nil {
		return nil
	}
	if s.Queries == nil {
		return constant(valueOf(s.Str))
	}
	var parts []eval
	for _, q := range s.Queries {
		e := n.scalar(q, on)
		if e == nil {
			return nil
		}
		parts = append(parts, e)
	}
	return func(rec *record, in value) value {
		var b []byte
		var empty bool
		for _, part := range parts {
			v := part(rec, in)
			if v.kind == unknown {
				return v
			}
			if v.kind == none {
				empty = true
				continue
			}
			b = v.appendText(b)
		}
		if empty {
			return noValue
		}
		return textOf(b)
	}
}

// condition compiles if, whose branches may be left out.
func (n *native) condition(c *gojq.If, on input) eval {
	test, then := n.scalar(c.Cond, on), n.scalar(c.Then, on)
	if test == nil || then == nil {
		return nil
	}
	var otherwise eval
	switch {
	case len(c.Elif) > 0:
		otherwise = n.condition(&gojq.If{Cond: c.Elif[0].Cond, Then: c.Elif[0].Then, Elif: c.Elif[1:], Else: c.Else}, on)
	case c.Else != nil:
		otherwise = n.scalar(c.Else, on)
	case on == onScalar:
		otherwise = func(_ *record, in value) value { return in }
	}
	if otherwise == nil {
		return nil
	}
	return func(rec *record, in value) value {
		switch v := test(rec, in); {
		case !v.known():
			return v
		case v.truth():
			return then(rec, in)
		}
		return otherwise(rec, in)
	}
}
