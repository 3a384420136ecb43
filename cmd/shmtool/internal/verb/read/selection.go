package read

import (
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
)

// selection returns which records --range, --last and --slots choose.
func selection(c *cli.Call) (object.Selection, error) {
	s := object.Selection{End: 1<<64 - 1, Last: 1<<64 - 1, Slots: c.Bool("slots")}
	if c.IsSet("last") {
		s.Last = c.Uint64("last")
	}
	if !c.IsSet("range") {
		return s, nil
	}
	first, last, found := strings.Cut(c.String("range"), "..")
	if !found {
		last = first
	}
	var err error
	if first != "" {
		if s.First, err = strconv.ParseUint(first, 10, 64); err != nil {
			return s, fail.Invalid("--range", c.String("range"), "A..B")
		}
	}
	if last != "" {
		if s.End, err = strconv.ParseUint(last, 10, 64); err != nil || s.End < s.First {
			return s, fail.Invalid("--range", c.String("range"), "A..B with A up to B")
		}
		s.End += min(1, 1<<64-1-s.End) // B is included
	}
	return s, nil
}
