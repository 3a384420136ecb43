package faults

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// A page that ends at any byte brings every command that looks to a documented end.
func TestTruncatedBefore(t *testing.T) {
	run(t, 100, 800, newLab, func(l *lab, dice *rand.Rand) {
		s := one(dice, l.subjects...)
		end := len(s.bytes)
		if dice.IntN(2) == 0 {
			end = min(end, 300) // of most pages the header and descriptors
		}
		b := s.bytes[:dice.IntN(end+1)]
		l.damagedf("%s is cut to %d of %d bytes", s.name, len(b), len(s.bytes))
		l.faults++
		l.put(s.name, b)
		l.lookAt(dice, s, b)
		l.put(s.name, s.bytes)
	})
}

// A page that is cut, unlinked, replaced or written to all over while a command looks at it
// brings the command to a documented end.
func TestChangedWhileLookedAt(t *testing.T) {
	run(t, 80, 800, newLab, func(l *lab, dice *rand.Rand) {
		s := one(dice, l.subjects...)
		l.width = one(dice, columns...)
		field := fieldOf(dice, s.bytes)
		line := l.pageLine(dice, s.name, field)
		if dice.IntN(3) == 0 {
			line = []string{one(dice, "tail", "watch", "rate"), s.name, "--for", "8ms"}
			switch line[0] {
			case "tail":
				line = append(line, "-f", "--poll", "1ms")
			case "rate":
				line = []string{"rate", s.name, "--interval", "2ms", "--count", "3"}
			}
		}
		change := l.change(dice, s)
		done := make(chan struct{})
		if dice.IntN(2) == 0 {
			close(done)
			l.onOutput = change // in the middle of what it prints, if that is long
		} else {
			wait := time.Duration(dice.IntN(3000)) * time.Microsecond
			go func() {
				defer close(done)
				time.Sleep(wait)
				change()
			}()
		}
		l.look(line...)
		<-done
		l.onOutput = nil
		l.cleared()
		l.must(os.RemoveAll(l.path(s.name)))
		l.put(s.name, s.bytes)
	})
}

// change returns what is done to an object while a command looks at it.
func (l *lab) change(dice *rand.Rand, s subject) func() {
	end := dice.IntN(len(s.bytes) + 1)
	if dice.IntN(2) == 0 {
		end = min(end, 100)
	}
	l.damagedf("end %d", end)
	l.pages++
	l.faults++
	switch dice.IntN(4) {
	case 0:
		l.damagedf("cut")
		return func() { _ = os.Truncate(l.path(s.name), int64(end)) }
	case 1:
		l.damagedf("unlinked")
		return func() { _ = os.Remove(l.path(s.name)) }
	case 2:
		b := l.damage(dice, one(dice, l.subjects...))
		l.damagedf("replaced by that")
		return func() {
			_ = os.Remove(l.path(s.name))
			_ = os.WriteFile(l.path(s.name), b, 0o600)
		}
	default:
		l.damagedf("its header is written all over")
		words := make([]uint64, 200)
		for i := range words {
			words[i] = number(dice, s.bytes, 0)
		}
		return func() {
			f, err := os.OpenFile(l.path(s.name), os.O_WRONLY, 0)
			if err != nil {
				return // a link of the case before
			}
			defer f.Close()
			for i, v := range words {
				c := counters[i%len(counters)]
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], v)
				_, _ = f.WriteAt(b[:c[1]], int64(c[0]))
			}
		}
	}
}
