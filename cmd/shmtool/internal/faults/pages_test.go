package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/layouttest"
)

// newLab returns one with a live stream, every page of testdata, and nothing damaged.
func newLab(t *testing.T) *lab {
	l := &lab{t: t, dir: t.TempDir()}
	w := streamstest.NewWorld(t)
	w.Sample("live")
	for name, to := range map[string]string{"shm": w.Shm, "proc": w.Proc} {
		l.must(os.Symlink(to, filepath.Join(l.dir, name)))
	}
	for _, name := range layouttest.Names(t) {
		l.put("g-"+name, layouttest.Load(t, name))
	}
	for _, name := range l.names() {
		b, err := os.ReadFile(l.path(name))
		l.must(err)
		l.subjects = append(l.subjects, subject{name, b})
	}
	l.cleared()
	return l
}

// formats are the ways in which a command prints; few have all of them.
func format(dice *rand.Rand) []string {
	return one(dice, nil, nil, nil, []string{"-j"}, []string{"-o", "ndjson"}, []string{"-o", "csv"}, []string{"--wide"})
}

// pageLine returns a command that looks at a page.
func (l *lab) pageLine(dice *rand.Rand, page, field string) []string {
	forms := format(dice)
	n := fmt.Sprint(dice.IntN(4))
	switch dice.IntN(19) {
	case 0, 1:
		return append([]string{"dump", page}, forms...)
	case 2:
		return append([]string{"dump", page, "--slots"}, forms...)
	case 3:
		return append([]string{"dump", page, one(dice, "--header", "--schema", "--records")}, forms...)
	case 4:
		return append([]string{"dump", page, "--depth", n}, forms...)
	case 5:
		return []string{"dump", page, "-o", one(dice, "hex", "hex", "rax", "schema")}
	case 6:
		return append([]string{"dump", page, "--last", n}, forms...)
	case 7:
		return append([]string{"dump", page + ":" + field}, forms...)
	case 8:
		return []string{"dump", page, one(dice, "--jq", "--where"), one(dice, ".records", "."+field, `."`+field+`" > 1`, "..")}
	case 9, 10:
		return append([]string{"check", page}, one(dice, nil, []string{"-j"}, []string{"-o", "ndjson"})...)
	case 11:
		return append([]string{"tail", page, "-n", n, "--from", one(dice, "first", "0", "7", "new")}, forms...)
	case 12:
		return append([]string{"watch", page, "--count", "1", "--for", "5ms"}, one(dice, nil, []string{"-j"}, []string{"-o", "csv"})...)
	case 13:
		return append([]string{"rate", page, "--count", "1", "--interval", "1ms"}, forms...)
	case 14:
		return []string{"wait", page, "--for", one(dice, "exists", "ready", "exit", "gone", "record=5"), "--timeout", "2ms"}
	case 15:
		return []string{"save", page, filepath.Join(l.out(), "saved")}
	case 16:
		return []string{"record", page, "-w", filepath.Join(l.out(), "recorded"), "--for", "2ms"}
	case 17:
		return []string{"get", page, field}
	default:
		return append([]string{"ls", page}, forms...)
	}
}

// placeLine returns a command that looks at all objects.
func (l *lab) placeLine(dice *rand.Rand, page string) []string {
	forms := format(dice)
	switch dice.IntN(10) {
	case 0, 1:
		return append([]string{"ls", "--all"}, forms...)
	case 2, 3:
		return append([]string{"streams", "--all"}, one(dice, forms, []string{"-o", "openmetrics"}, []string{"-o", "nagios"})...)
	case 4, 5, 6:
		return append([]string{"doctor", "--sample", "0s"}, one(dice, nil, []string{"-j"}, []string{"-o", "nagios"}, []string{"-o", "openmetrics"})...)
	case 7:
		return append([]string{"clean", "--all"}, forms...)
	case 8:
		return append([]string{"top", "--once"}, forms...)
	default:
		return append([]string{"save", "--all", filepath.Join(l.out(), "moment"+one(dice, "", ".tar.gz"))}, one(dice, nil, []string{"--redact"})...)
	}
}

// plans are commands that say what they would do.
func planLine(dice *rand.Rand, page, field string) []string {
	return one(dice,
		[]string{"rm", "--dry-run", page}, []string{"delete", "--dry-run", page, "--all"}, []string{"delete", "--dry-run", page, "--count", "2"},
		[]string{"resize", "--dry-run", page, "--records", "3"}, []string{"resize", "--dry-run", page, "--drop", field})
}

// fieldOf returns the name of one of a page's fields.
func fieldOf(dice *rand.Rand, b []byte) string {
	if h, err := layout.DecodeHeader(b); err == nil {
		if s, err := layout.DecodeSchema(b, h); err == nil && len(s.Names()) > 0 {
			return one(dice, s.Names()...)
		}
	}
	return "a"
}

// columns are the widths of terminals; 0 is a pipe.
var columns = []int{0, 0, 0, 20, 40, 80, 200}

// lookAt runs some of the commands that look at a damaged object.
func (l *lab) lookAt(dice *rand.Rand, s subject, b []byte) {
	l.pages++
	names := l.names()
	l.width = one(dice, columns...)
	field := fieldOf(dice, s.bytes)
	for range 3 {
		l.look(l.pageLine(dice, s.name, field)...)
	}
	l.look(planLine(dice, s.name, field)...)
	if dice.IntN(4) == 0 {
		l.look(l.placeLine(dice, s.name)...)
	}
	l.unchanged(s.name, b, names)
	l.cleared()
}

// A page with any bytes changed brings every command that looks to a documented end, with
// output of its form, and stays as it is.
func TestPages(t *testing.T) {
	run(t, 200, 1200, newLab, func(l *lab, dice *rand.Rand) {
		s := one(dice, l.subjects...)
		b := l.damage(dice, s)
		l.put(s.name, b)
		l.lookAt(dice, s, b)
		l.put(s.name, s.bytes)
	})
}
