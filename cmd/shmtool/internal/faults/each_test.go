package faults

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"shmtool/layout"
)

// change is a byte of a subject, and what it becomes.
type change struct {
	subject subject
	at      int
	value   byte
}

// changes returns every byte of the headers and descriptors of all subjects, with every value
// that it is set to: the edges, its neighbors, and itself with one bit turned.
func (l *lab) changes() (all []change) {
	for _, s := range l.subjects {
		seen := make([]bool, len(s.bytes))
		for _, from := range headers(s.bytes) {
			end := layout.HeaderSize
			if h, err := layout.DecodeHeader(s.bytes[min(from, len(s.bytes)):]); err == nil {
				end = int(h.Offset)
			}
			for at := from; at < min(from+end, len(s.bytes)); at++ {
				if seen[at] {
					continue
				}
				seen[at] = true
				for _, v := range values(s.bytes[at]) {
					all = append(all, change{s, at, v})
				}
			}
		}
	}
	return all
}

func values(b byte) []byte {
	all := append(slices.Clone(edges), b-1, b+1)
	for bit := range 8 {
		all = append(all, b^1<<bit)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(v byte) bool { return v == b })
}

// spread returns the place of a case among count changes: those of the short form lie all over
// them, and as many cases as there are changes take each once.
func spread(n, count int) int {
	const aPrime = 1_000_003
	return int(uint64(n) * aPrime % uint64(count))
}

// Every byte of each header and descriptor, set to every value that matters, and again
// together with another one, brings the commands to a documented end.
func TestEachByte(t *testing.T) {
	var all []change
	var made sync.Once
	run(t, 60, 78_000, func(t *testing.T) *lab {
		l := newLab(t)
		made.Do(func() { all = l.changes() })
		return l
	}, func(l *lab, dice *rand.Rand) {
		c := all[spread(l.number, len(all))]
		b := slices.Clone(c.subject.bytes)
		l.putNumber(b, c.at, 1, uint64(c.value))
		if l.number >= len(all) {
			other := one(dice, all...)
			for other.subject.name != c.subject.name || other.at == c.at {
				other = one(dice, all...)
			}
			l.putNumber(b, other.at, 1, uint64(other.value))
		}
		l.each(dice, c.subject, b)
	})
	t.Logf("%d changes of a byte", len(all))
}

// large is the size of a subject from which on a dump of all of it takes milliseconds: a look
// at its header must do, TestPages looks at the rest.
const large = 64 << 10

// each runs two commands on a damaged object.
func (l *lab) each(dice *rand.Rand, s subject, b []byte) {
	l.pages++
	l.put(s.name, b)
	names := l.names()
	l.width = one(dice, columns...)
	if len(s.bytes) < large {
		l.look(one(dice, []string{"dump", s.name, "-j"}, []string{"check", s.name, "-j"}, []string{"dump", s.name, "-o", "csv"}, []string{"ls", s.name, "-j"})...)
		l.look(l.pageLine(dice, s.name, fieldOf(dice, s.bytes))...)
	} else {
		l.look("dump", s.name, one(dice, "--header", "--schema"), "-j")
		l.look(append([]string{"ls", s.name}, format(dice)...)...)
	}
	l.unchanged(s.name, b, names)
	l.cleared()
	l.put(s.name, s.bytes)
}

// A page that ends at each of its first bytes brings the commands to a documented end.
func TestEachEnd(t *testing.T) {
	type end struct {
		subject subject
		at      int
	}
	var all []end
	var made sync.Once
	run(t, 40, 20_000, func(t *testing.T) *lab {
		l := newLab(t)
		made.Do(func() {
			for _, s := range l.subjects {
				for at := range min(len(s.bytes), 2000) {
					all = append(all, end{s, at})
				}
			}
		})
		return l
	}, func(l *lab, dice *rand.Rand) {
		e := all[spread(l.number, len(all))]
		l.damagedf("%s is cut to %d of %d bytes", e.subject.name, e.at, len(e.subject.bytes))
		l.faults++
		l.each(dice, e.subject, e.subject.bytes[:e.at])
	})
	t.Logf("%d ends", len(all))
}
