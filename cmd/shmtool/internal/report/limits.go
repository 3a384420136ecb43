package report

// The most that a report shows. A page may have millions of records, and a browser gives up
// at some hundred thousand shapes.
const (
	MostStreams   = 50  // with sections of their own
	mostTracks    = 12  // of a stream, in pictures
	mostMarks     = 400 // in a lane of a picture
	mostPoints    = 200 // of a line
	mostRows      = 500 // of a table
	mostFindings  = 200 // of a stream
	mostText      = 4096
	mostRaw       = 64 << 10 // bytes of the raw values of a stream
	mostRecords   = 1 << 20  // of a ring that are read
	mostHappening = 2000     // marks of a recorded page that are kept
)

// thinned returns at most so many of the values, evenly, the first and the last among them.
func thinned[T any](all []T, most int) []T {
	if len(all) <= most {
		return all
	}
	some := make([]T, 0, most)
	for i := range most {
		some = append(some, all[i*(len(all)-1)/(most-1)])
	}
	return some
}
