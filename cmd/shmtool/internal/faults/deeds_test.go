//go:build linux && amd64 && !elsewhere

package faults

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
)

// newDeed returns a command on a ring, and what it does to it.
func newDeed(dice *rand.Rand, r ring) deed {
	end := len(r.records)
	switch dice.IntN(13) {
	case 0, 1:
		return appendDeed(r, end+1)
	case 2, 3, 4:
		return linesDeed(r, end+1, 1+dice.IntN(2*r.slots+1))
	case 5:
		if end > r.first {
			return setDeed(r, r.first+dice.IntN(end-r.first), end+1)
		}
		return appendDeed(r, end+1)
	case 6:
		return deleteDeed(dice, r)
	case 7, 8, 9:
		return resizeDeed(dice, r)
	case 10:
		return markDeed()
	case 11:
		return one(dice, rmDeed(), createDeed(dice))
	default:
		return replayDeed(r)
	}
}

func appendDeed(r ring, content int) deed {
	d := deed{line: []string{"append", "page"}, does: func(r ring) []ring { return append([]ring{r}, r.append(content)...) }}
	d.line = append(d.line, r.assignments(content)...)
	return d
}

// assignments are the values of a record as a command line has them.
func (r ring) assignments(content int) (all []string) {
	for _, c := range r.columns {
		text := c.value(content)
		if bare, err := strconv.Unquote(text); err == nil {
			text = bare
		}
		all = append(all, c.name+"="+text)
	}
	return all
}

func linesDeed(r ring, content, count int) deed {
	var input strings.Builder
	for i := range count {
		var members []string
		for _, c := range r.columns {
			members = append(members, fmt.Sprintf("%q:%s", c.name, c.value(content+i)))
		}
		fmt.Fprintf(&input, "{%s}\n", strings.Join(members, ","))
	}
	return deed{line: []string{"append", "page", "--from", "$IN"}, input: input.String(), does: func(r ring) []ring {
		all := []ring{r}
		for i := range count {
			all = append(all, last(all).append(content+i)...)
		}
		return all
	}}
}

func setDeed(r ring, number, content int) deed {
	d := deed{line: []string{"set", "page", strconv.Itoa(number)}, does: func(r ring) []ring { return append([]ring{r}, r.set(number, content)...) }}
	d.line = append(d.line, r.assignments(content)...)
	return d
}

func deleteDeed(dice *rand.Rand, r ring) deed {
	end := len(r.records)
	count, before := 1+dice.IntN(max(end-r.first, 1)), r.first+dice.IntN(end-r.first+1)
	to := func(first func(r ring) int) func(r ring) []ring {
		return func(r ring) []ring {
			after := r
			if n := first(r); n <= len(r.records) {
				after.first = max(r.first, n)
			}
			return []ring{r, after}
		}
	}
	all := deed{line: []string{"delete", "page", "--all"}, does: to(func(r ring) int { return len(r.records) })}
	if end == r.first {
		return all
	}
	return one(dice,
		all,
		deed{line: []string{"delete", "page", "--count", strconv.Itoa(count)}, does: to(func(r ring) int { return r.first + count }), again: []int{fail.ExitRefused}},
		deed{line: []string{"delete", "page", "--before", strconv.Itoa(before)}, does: to(func(ring) int { return before })})
}

func resizeDeed(dice *rand.Rand, r ring) deed {
	slots := 1 + dice.IntN(12)
	d := deed{line: []string{"resize", "page", "--records", strconv.Itoa(slots)}}
	drop := 0
	if len(r.columns) > 1 && dice.IntN(3) == 0 {
		drop = 1 + dice.IntN(len(r.columns)-1)
		d.line = append(d.line, "--drop", r.columns[drop].name)
		d.again = []int{fail.ExitNotFound}
	}
	var add *column
	if dice.IntN(3) == 0 {
		add = &column{name: "added", kind: one(dice, "uint8", "uint64")}
		d.line = append(d.line, "--field", add.String())
	}
	fields := len(r.columns)
	d.does = func(r ring) []ring {
		switch {
		case drop > 0 && r.columns[min(drop, len(r.columns)-1)].name != d.line[5]: // done
			return []ring{r}
		case len(r.columns) > fields:
			return []ring{r}
		}
		return []ring{r, r.resize(slots, drop, add)}
	}
	return d
}

func markDeed() deed {
	return deed{line: []string{"mark", "page", "exit"}, does: func(r ring) []ring {
		after := r
		after.exit = true
		return []ring{r, after}
	}}
}

func rmDeed() deed {
	return deed{line: []string{"rm", "page"}, does: func(r ring) []ring { return []ring{r, {gone: true}} }, again: []int{fail.ExitNotFound}}
}

func createDeed(dice *rand.Rand) deed {
	after := ring{columns: newColumns(dice), slots: 1 + dice.IntN(9)}
	return deed{line: append(after.make(), "--force"), does: func(r ring) []ring { return []ring{r, after} }}
}

// replayDeed is told for the ring that was recorded: its records come again, one by one, on a
// page that begins without them.
func replayDeed(recorded ring) deed {
	return deed{line: []string{"replay", "$RECORDED", "--speed", "max", "--force"}, does: func(r ring) []ring {
		all := []ring{r}
		for end := recorded.first; end <= len(recorded.records); end++ {
			now := recorded
			now.records = recorded.records[:end:end]
			all = append(all, now)
		}
		return all
	}}
}
