package dump

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// SortKey names a column by which a listing is sorted.
type SortKey struct {
	Column     string // its name, in any case
	Descending bool   // the largest value comes first
}

// Sort puts the rows in the order of the first key, and rows that are equal there in the
// order of the next. Numbers stand before text, and rows without a value last, in either
// direction. Rows that are equal in all keys keep their order. Was has for each row where it
// stood before. A *ColumnError names a column that there is not.
func (l *Listing) Sort(keys []SortKey) (was []int, err error) {
	have := l.Keys()
	columns := make([]int, len(keys))
	for i, key := range keys {
		if columns[i] = slices.Index(have, strings.ToLower(key.Column)); columns[i] < 0 {
			return nil, &ColumnError{key.Column, have}
		}
	}
	type sorted struct {
		was    int
		values []sortValue
	}
	rows := make([]sorted, len(l.Rows))
	for i, row := range l.Rows {
		rows[i] = sorted{i, make([]sortValue, len(keys))}
		for j, column := range columns {
			rows[i].values[j] = sortValueOf(row[column])
		}
	}
	slices.SortStableFunc(rows, func(a, b sorted) int {
		for i, key := range keys {
			if c := a.values[i].compare(b.values[i], key.Descending); c != 0 {
				return c
			}
		}
		return 0
	})
	was = make([]int, len(rows))
	inOrder := make([][]Cell, len(rows))
	for i, row := range rows {
		was[i], inOrder[i] = row.was, l.Rows[row.was]
	}
	l.Rows = inOrder
	return was, nil
}

// sortValue is the value of a cell as it is compared.
type sortValue struct {
	kind  sortKind
	whole bool    // the number is size, negative or not, and exact
	minus bool    // the number is negative
	size  uint64  // the number without its sign
	float float64 // the number, near enough
	text  string
}

// sortKind is what a value is, in the order of kinds.
type sortKind uint8

const (
	isNumber sortKind = iota
	isText
	isAbsent
)

func sortValueOf(c Cell) sortValue {
	v := reflect.ValueOf(c.Value)
	switch {
	case !v.IsValid():
		return sortValue{kind: isAbsent}
	case v.CanInt():
		return wholeValue(v.Int() < 0, magnitude(v.Int()))
	case v.CanUint():
		return wholeValue(false, v.Uint())
	case v.CanFloat():
		return sortValue{kind: isNumber, float: v.Float()}
	}
	text := c.plain()
	if number, is := c.Value.(json.Number); is {
		if size, err := strconv.ParseUint(strings.TrimPrefix(text, "-"), 10, 64); err == nil {
			return wholeValue(text[0] == '-', size)
		}
		if f, err := number.Float64(); err == nil {
			return sortValue{kind: isNumber, float: f}
		}
	}
	if text == "" {
		return sortValue{kind: isAbsent}
	}
	return sortValue{kind: isText, text: text}
}

// magnitude returns a number without its sign.
func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

func wholeValue(minus bool, size uint64) sortValue {
	v := sortValue{kind: isNumber, whole: true, minus: minus, size: size, float: float64(size)}
	if minus {
		v.float = -v.float
	}
	return v
}

// compare compares two values; what is absent comes last in either direction.
func (v sortValue) compare(other sortValue, descending bool) int {
	if v.kind != other.kind && (v.kind == isAbsent || other.kind == isAbsent) {
		return cmp.Compare(v.kind, other.kind)
	}
	if descending {
		v, other = other, v
	}
	return cmp.Or(cmp.Compare(v.kind, other.kind), v.compareNumber(other), cmp.Compare(v.text, other.text))
}

func (v sortValue) compareNumber(other sortValue) int {
	switch {
	case !v.whole || !other.whole || v.minus != other.minus:
		return cmp.Compare(v.float, other.float)
	case v.minus:
		return cmp.Compare(other.size, v.size)
	}
	return cmp.Compare(v.size, other.size)
}
