package dump

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	rows := [][]Cell{
		{{Value: "b"}, {Value: int64(-3)}},
		{{Value: "a"}, {Value: nil}},
		{{Value: "c"}, {Value: uint64(math.MaxUint64)}},
		{{Value: "d"}, {Value: uint64(math.MaxUint64 - 1)}}, // the same as a float
		{{Value: "e"}, {Value: 2.5}},
		{{Value: "f"}, {Value: json.Number("-9223372036854775808")}},
		{{Value: "g"}, {Value: "text"}},
		{{Value: "h"}, {Value: int64(math.MinInt64 + 1)}},
		{{Value: "i"}, {Value: json.Number("1e3")}},
		{{Value: "j"}, {Value: ""}},
	}
	names := func(keys ...SortKey) (all string) {
		l := &Listing{Columns: []Column{{Name: "NAME"}, {Name: "N"}}, Rows: slices.Clone(rows)}
		was, err := l.Sort(keys)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range l.Rows {
			all += row[0].Value.(string)
			if rows[was[i]][0] != row[0] {
				t.Errorf("row %d was %d", i, was[i])
			}
		}
		return all
	}
	for _, tt := range []struct {
		keys []SortKey
		want string
	}{
		{nil, "bacdefghij"},
		{[]SortKey{{"name", false}}, "abcdefghij"},
		{[]SortKey{{"NAME", true}}, "jihgfedcba"},
		{[]SortKey{{"n", false}}, "fhbeidcgaj"},
		{[]SortKey{{"n", true}}, "gcdiebhfaj"},
		{[]SortKey{{"n", true}, {"name", true}}, "gcdiebhfja"},
	} {
		if got := names(tt.keys...); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.keys, got, tt.want)
		}
	}
	var wrong *ColumnError
	if _, err := (&Listing{Columns: []Column{{Name: "A"}}}).Sort([]SortKey{{"b", false}}); !errors.As(err, &wrong) || wrong.Name != "b" {
		t.Errorf("%v", err)
	}
}
