package difference

// Section is what differs in one page, in one nested in it, or in an object.
type Section struct {
	Where   string // "" is the whole
	Header  []Difference
	Fields  []Difference
	Records []Difference // of the changed ones a difference for each field
	Values  []Difference // of an object that is no page

	Added, Removed, Changed Numbers // records
}

// All returns the differences of a section.
func (s *Section) All() []Difference {
	var all []Difference
	for _, part := range [][]Difference{s.Header, s.Fields, s.Values, s.Records} {
		all = append(all, part...)
	}
	return all
}

func (s *Section) same() bool {
	return len(s.Header)+len(s.Fields)+len(s.Values) == 0 && s.Added.Count+s.Removed.Count+s.Changed.Count == 0
}

// Numbers are the numbers of records, in ascending order.
type Numbers struct {
	Count  uint64
	Ranges []Range // the first of them
	More   uint64  // ranges that are not among these
	last   uint64
}

// Range is numbers in a row.
type Range struct{ First, Last uint64 }

// fewRanges is how many ranges are kept.
const fewRanges = 4

func (n *Numbers) add(number uint64) {
	follows := n.Count > 0 && number == n.last+1
	n.Count, n.last = n.Count+1, number
	switch {
	case follows && n.More > 0: // it belongs to one that is not kept
	case follows:
		n.Ranges[len(n.Ranges)-1].Last = number
	case len(n.Ranges) < fewRanges:
		n.Ranges = append(n.Ranges, Range{number, number})
	default:
		n.More++
	}
}
