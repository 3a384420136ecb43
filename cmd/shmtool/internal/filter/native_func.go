package filter

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// ofInput are the functions without arguments. They leave to gojq what does not suit them.
var ofInput = map[string]func(v value) value{
	"not":            func(v value) value { return boolOf(!v.truth()) },
	"length":         length,
	"type":           func(v value) value { return textOf([]byte(typeName(v))) },
	"utf8bytelength": ofText(func(s []byte) value { return intOf(int64(len(s))) }),
	"ascii_downcase": ofText(func(s []byte) value { return textOf(mapASCII(s, 'A', 'Z', 'a'-'A')) }),
	"ascii_upcase":   ofText(func(s []byte) value { return textOf(mapASCII(s, 'a', 'z', 256-('a'-'A'))) }),
	"tostring":       func(v value) value { return textOf(v.appendText(nil)) },
	"values":         func(v value) value { return onlyIf(v, v.kind != null) },
	"nulls":          func(v value) value { return onlyIf(v, v.kind == null) },
	"numbers":        func(v value) value { return onlyIf(v, v.number()) },
	"strings":        func(v value) value { return onlyIf(v, v.kind == text) },
	"booleans":       func(v value) value { return onlyIf(v, v.kind == yes || v.kind == no) },
	"scalars":        func(v value) value { return v },
}

// ofTexts are the functions of two strings.
var ofTexts = map[string]func(s, arg []byte) value{
	"startswith": func(s, arg []byte) value { return boolOf(bytes.HasPrefix(s, arg)) },
	"endswith":   func(s, arg []byte) value { return boolOf(bytes.HasSuffix(s, arg)) },
	"contains":   func(s, arg []byte) value { return boolOf(bytes.Contains(s, arg)) },
	"inside":     func(s, arg []byte) value { return boolOf(bytes.Contains(arg, s)) },
	"ltrimstr":   func(s, arg []byte) value { return textOf(bytes.TrimPrefix(s, arg)) },
	"rtrimstr":   func(s, arg []byte) value { return textOf(bytes.TrimSuffix(s, arg)) },
}

func onlyIf(v value, kept bool) value {
	if kept {
		return v
	}
	return noValue
}

func ofText(f func(s []byte) value) func(v value) value {
	return func(v value) value {
		if v.kind != text {
			return value{}
		}
		return f(v.text)
	}
}

func length(v value) value {
	switch v.kind {
	case null:
		return intOf(0)
	case text:
		return intOf(int64(utf8.RuneCount(v.text)))
	case large:
		return v
	case float:
		return floatOf(math.Abs(v.float()))
	case integer:
		if int64(v.n) >= 0 {
			return v
		}
		return negate(v)
	}
	return value{}
}

func typeName(v value) string {
	switch v.kind {
	case null:
		return "null"
	case yes, no:
		return "boolean"
	case text:
		return "string"
	}
	return "number"
}

func mapASCII(s []byte, first, last, shift byte) []byte {
	mapped := bytes.Clone(s)
	for i, c := range mapped {
		if first <= c && c <= last {
			mapped[i] = c + shift
		}
	}
	return mapped
}

// function compiles a call of one of jq's own functions.
func (n *native) function(f *gojq.Func, on input) eval {
	if len(f.Args) == 0 {
		return n.plainCall(f.Name, on)
	}
	switch f.Name {
	case "test":
		return n.test(f.Args, on)
	case "IN":
		return n.in(f.Args, on)
	case "any", "all":
		return n.anyOf(f, on)
	case "select":
		if on == onScalar && len(f.Args) == 1 {
			return n.selected(f.Args[0])
		}
		return nil
	}
	of, ok := ofTexts[f.Name]
	if !ok || len(f.Args) != 1 || on != onScalar {
		return nil
	}
	arg := n.scalar(f.Args[0], on)
	if arg == nil {
		return nil
	}
	return both(func(_ *record, in value) value { return in }, arg, func(s, arg value) value {
		if s.kind != text || arg.kind != text {
			return value{}
		}
		return of(s.text, arg.text)
	})
}

// plainCall compiles a call without arguments.
func (n *native) plainCall(name string, on input) eval {
	switch {
	case name == "empty":
		return func(*record, value) value { return noValue }
	case on == onScalar && ofInput[name] != nil:
		f := ofInput[name]
		return func(_ *record, in value) value { return f(in) }
	}
	return nil
}

func (n *native) selected(q *gojq.Query) eval {
	passes := n.passing(q, onScalar)
	if passes == nil {
		return nil
	}
	return func(rec *record, in value) value {
		if v := passes(rec, in); v.kind != yes {
			return v
		}
		return in
	}
}

// test compiles the match with a constant regular expression.
func (n *native) test(args []*gojq.Query, on input) eval {
	if on != onScalar || len(args) > 2 {
		return nil
	}
	var constants [2]string
	for i, q := range args {
		if !isPlain(q) || q.Term == nil || q.Term.Type != gojq.TermTypeString || q.Term.SuffixList != nil {
			return nil
		}
		s := constantText(q.Term.Str)
		if s == nil {
			return nil
		}
		constants[i] = *s
	}
	re := compiled(constants[0], constants[1])
	if re == nil {
		return nil
	}
	return func(_ *record, in value) value {
		if in.kind != text {
			return value{}
		}
		return boolOf(re.Match(in.text))
	}
}

// compiled returns a regular expression with its flags as gojq has it, or nil.
func compiled(re, flags string) *regexp.Regexp {
	if strings.Trim(flags, "gim") != "" {
		return nil
	}
	if strings.Contains(flags, "i") {
		re = "(?i)" + re
	}
	if strings.Contains(flags, "m") {
		re = "(?s)" + re
	}
	r, err := regexp.Compile(re)
	if err != nil {
		return nil
	}
	return r
}

// in compiles IN(s), whether the input is one of s, and IN(v; s), whether v is.
func (n *native) in(args []*gojq.Query, on input) eval {
	var v eval
	switch {
	case len(args) == 2:
		v = n.scalar(args[0], on)
	case len(args) == 1 && on == onScalar:
		v = func(_ *record, in value) value { return in }
	}
	if v == nil {
		return nil
	}
	list := n.list(args[len(args)-1], on)
	if list == nil {
		return nil
	}
	return func(rec *record, in value) value {
		wanted := v(rec, in)
		if !wanted.known() {
			return value{}
		}
		for _, e := range list {
			switch x := e(rec, in); {
			case x.kind == unknown:
				return x
			case x.known() && compare(x, wanted) == 0:
				return boolOf(true)
			}
		}
		return boolOf(false)
	}
}

// anyOf compiles any(list; condition) and all(list; condition).
func (n *native) anyOf(f *gojq.Func, on input) eval {
	if len(f.Args) != 2 {
		return nil
	}
	list, test := n.list(f.Args[0], on), n.scalar(f.Args[1], onScalar)
	if list == nil || test == nil {
		return nil
	}
	whole := f.Name == "all"
	return func(rec *record, in value) value {
		for _, e := range list {
			v := e(rec, in)
			if v.kind == none {
				continue
			}
			if v.kind != unknown {
				v = test(rec, v)
			}
			switch {
			case v.kind == unknown:
				return v
			case v.known() && v.truth() != whole:
				return boolOf(!whole)
			}
		}
		return boolOf(whole)
	}
}
