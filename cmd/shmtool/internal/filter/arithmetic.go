package filter

import (
	"math"
	"slices"

	"github.com/itchyny/gojq"
)

// arithmetic returns the function of an operator on two known values, nil for other
// operators. It leaves to gojq what is not a small number or a string: an overflow, a
// division by zero, types that do not suit.
func arithmetic(op gojq.Operator) func(l, r value) value {
	switch op {
	case gojq.OpAdd:
		return add
	case gojq.OpSub:
		return subtract
	case gojq.OpMul:
		return multiply
	case gojq.OpDiv:
		return divide
	case gojq.OpMod:
		return modulo
	}
	return nil
}

// floats reports whether two values are numbers that gojq computes with as floats.
func floats(l, r value) bool {
	return l.number() && r.number() && (l.kind == float || r.kind == float)
}

func ints(l, r value) bool { return l.kind == integer && r.kind == integer }

func add(l, r value) value {
	switch {
	case ints(l, r):
		a, b := int64(l.n), int64(r.n)
		if sum := a + b; (sum >= a) == (b >= 0) {
			return intOf(sum)
		}
	case floats(l, r):
		return floatOf(l.float() + r.float())
	case l.kind == text && r.kind == text:
		return textOf(slices.Concat(l.text, r.text))
	case l.kind == null:
		return r
	case r.kind == null:
		return l
	}
	return value{}
}

func subtract(l, r value) value {
	switch {
	case ints(l, r):
		a, b := int64(l.n), int64(r.n)
		if rest := a - b; (rest <= a) == (b >= 0) {
			return intOf(rest)
		}
	case floats(l, r):
		return floatOf(l.float() - r.float())
	}
	return value{}
}

func multiply(l, r value) value {
	switch {
	case ints(l, r):
		a, b := int64(l.n), int64(r.n)
		if b == -1 {
			return negate(l)
		}
		if product := a * b; b == 0 || product/b == a {
			return intOf(product)
		}
	case floats(l, r):
		return floatOf(l.float() * r.float())
	}
	return value{}
}

func divide(l, r value) value {
	switch {
	case ints(l, r):
		a, b := int64(l.n), int64(r.n)
		switch {
		case b == 0 || b == -1:
			return value{}
		case a%b == 0:
			return intOf(a / b)
		}
		return floatOf(float64(a) / float64(b))
	case floats(l, r) && r.float() != 0:
		return floatOf(l.float() / r.float())
	}
	return value{}
}

func modulo(l, r value) value {
	if ints(l, r) && int64(r.n) > 0 {
		return intOf(int64(l.n) % int64(r.n))
	}
	return value{}
}

// negate returns a number with the other sign. The sign of a member that is 0 is gojq's
// to give.
func negate(v value) value {
	switch {
	case v.kind == integer && v.n != 0 && int64(v.n) != math.MinInt64:
		return intOf(-int64(v.n))
	case v.kind == float:
		return floatOf(-v.float())
	}
	return value{}
}
