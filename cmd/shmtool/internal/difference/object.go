package difference

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Objects compares two objects that are no pages, each as one JSON document: their values,
// and what they have a list of by its number.
func Objects(before, now []byte, few int) *Section {
	s := &Section{}
	was, is := MembersOf(before), MembersOf(now)
	lists := []string{"schema", "page", "stream"} // the last two are what it is called
	for _, m := range is {
		old, areOld := rowsOf(valueOf(was, m.Name))
		rows, areRows := rowsOf(m.Value)
		if areOld && areRows {
			lists = append(lists, m.Name)
			s.compareRows(old, rows, few)
		}
	}
	s.Values = between(PartValue, "", was, is, lists...)
	return s
}

// row is an element of a list that has a number.
type row struct {
	number  uint64
	members []Member
	whole   json.RawMessage
}

// rowsOf returns the elements of a list, which all have a number; false for another value.
func rowsOf(list json.RawMessage) ([]row, bool) {
	var all []json.RawMessage
	if !bytes.HasPrefix(list, []byte("[")) || json.Unmarshal(list, &all) != nil {
		return nil, false
	}
	rows := make([]row, len(all))
	for i, whole := range all {
		members := MembersOf(whole)
		var number uint64
		if json.Unmarshal(valueOf(members, "#"), &number) != nil {
			return nil, false
		}
		rows[i] = row{number, members, whole}
	}
	return rows, slices.IsSortedFunc(rows, func(a, b row) int { return int(int64(a.number) - int64(b.number)) })
}

func (s *Section) compareRows(was, is []row, few int) {
	for len(was)+len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].number < is[0].number:
			if s.Removed.add(was[0].number); few == 0 || s.Removed.Count <= uint64(few) {
				s.Records = append(s.Records, Difference{Part: PartRecord, Change: Removed, Number: &was[0].number, Old: was[0].whole})
			}
			was = was[1:]
		case len(was) == 0 || is[0].number < was[0].number:
			if s.Added.add(is[0].number); few == 0 || s.Added.Count <= uint64(few) {
				s.Records = append(s.Records, Difference{Part: PartRecord, Change: Added, Number: &is[0].number, New: is[0].whole})
			}
			is = is[1:]
		default:
			found := between(PartRecord, "", was[0].members, is[0].members)
			for i := range found {
				found[i].Number = &is[0].number
			}
			if len(found) > 0 {
				if s.Changed.add(is[0].number); few == 0 || s.Changed.Count <= uint64(few) {
					s.Records = append(s.Records, found...)
				}
			}
			was, is = was[1:], is[1:]
		}
	}
}
