//go:build linux && amd64 && !elsewhere

package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A ring is what a user knows of a page: its fields, and its records as they are printed.
// The commands that change a page are told again for rings, so that it is known what each
// of their stores may leave.
type ring struct {
	gone    bool
	exit    bool
	columns []column
	slots   int
	first   int
	records [][]string // all that there ever were, by number, as JSON has their values
}

// column is a field: a string of size bytes, or a number of a type.
type column struct {
	name, kind string
	size       int // of a string
}

func (c column) String() string {
	if c.size > 0 {
		return fmt.Sprintf("%s:%s:%d", c.name, c.kind, c.size)
	}
	return c.name + ":" + c.kind
}

// value returns what a field has in a record of some content, as JSON has it.
func (c column) value(content int) string {
	switch c.kind {
	case "uint8":
		return strconv.Itoa(content % 256)
	case "int16":
		return strconv.Itoa(-(content % 30000))
	case "uint64":
		return strconv.Itoa(content * 1000003)
	}
	text := strings.Repeat(fmt.Sprintf("%d.", content), c.size)
	return strconv.Quote(text[:c.size-1])
}

// zero returns what a field has that was added.
func (c column) zero() string {
	if c.kind == "string" {
		return `""`
	}
	return "0"
}

// text tells all of a ring, as seen does of a page.
func (r ring) text() string {
	if r.gone {
		return "gone"
	}
	var lines []string
	for n := r.first; n < len(r.records); n++ {
		line := fmt.Sprintf(`{"#":%d`, n)
		for i, c := range r.columns {
			line += fmt.Sprintf(`,%q:%s`, c.name, r.records[n][i])
		}
		lines = append(lines, line+"}")
	}
	return fmt.Sprintf("%d slots, exit %v, end %d\n%s", r.slots, r.exit, len(r.records), strings.Join(lines, "\n"))
}

// seen tells all of a page that was dumped as JSON.
func seen(document string) (text string, consistent bool, err error) {
	var page struct {
		Status  struct{ Exit bool }
		Header  struct{ Rcount, Deleted, Present, Endpos int }
		Records []json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &page); err != nil {
		return "", false, err
	}
	var lines []string
	for _, line := range page.Records {
		lines = append(lines, string(line))
	}
	h := page.Header
	text = fmt.Sprintf("%d slots, exit %v, end %d\n%s", h.Rcount, page.Status.Exit, h.Endpos, strings.Join(lines, "\n"))
	return text, h.Present == h.Endpos-h.Deleted, nil
}

// newRing returns one that has had some records.
func newRing(dice *rand.Rand) ring {
	r := ring{columns: newColumns(dice), slots: 1 + dice.IntN(8)}
	for content := range dice.IntN(2*r.slots + 2) {
		r = last(r.append(content + 1))
	}
	return r
}

func newColumns(dice *rand.Rand) []column {
	columns := []column{{name: "n", kind: "uint64"}}
	for i := range dice.IntN(3) {
		kind := one(dice, "uint8", "int16", "uint64", "string", "string")
		c := column{name: fmt.Sprint(kind[:1], i), kind: kind}
		if kind == "string" {
			c.size = 2 + dice.IntN(30)
		}
		columns = append(columns, c)
	}
	return columns
}

// make returns the command that makes such a ring without records.
func (r ring) make() []string {
	line := []string{"create", "page", "--records", strconv.Itoa(r.slots)}
	for _, c := range r.columns {
		line = append(line, "--field", c.String())
	}
	return line
}

func last(all []ring) ring { return all[len(all)-1] }

// append returns what may be seen while a record comes: where the ring is full, its oldest
// record goes first.
func (r ring) append(content int) (all []ring) {
	if len(r.records)-r.first == r.slots {
		r.first++
		all = append(all, r)
	}
	var record []string
	for _, c := range r.columns {
		record = append(record, c.value(content))
	}
	r.records = append(slices.Clip(r.records), record)
	return append(all, r)
}

// set returns what may be seen while all fields of a record change: one after the other,
// and a string byte by byte.
func (r ring) set(number, content int) (all []ring) {
	for i, c := range r.columns {
		was, is := r.records[number][i], c.value(content)
		if c.kind == "string" {
			from, to := padded(was, c.size), padded(is, c.size)
			for n := range c.size {
				mixed := strings.TrimRight(to[:n]+from[n:], "\x00")
				mixed, _, _ = strings.Cut(mixed, "\x00")
				all = append(all, r.with(number, i, strconv.Quote(mixed)))
			}
		}
		r = r.with(number, i, is)
		all = append(all, r)
	}
	return all
}

// padded returns the bytes of a string as they lie in its field.
func padded(quoted string, size int) string {
	text, err := strconv.Unquote(quoted)
	if err != nil {
		panic(err)
	}
	return text + strings.Repeat("\x00", size-len(text))
}

// with returns a ring with another value in a record.
func (r ring) with(number, field int, value string) ring {
	r.records = slices.Clone(r.records)
	r.records[number] = slices.Clone(r.records[number])
	r.records[number][field] = value
	return r
}

// resize returns a ring with as many slots, without a field, or with another one.
func (r ring) resize(slots, drop int, add *column) ring {
	r.slots, r.first = slots, max(r.first, len(r.records)-slots)
	r.records, r.columns = slices.Clone(r.records), slices.Clone(r.columns)
	if drop > 0 {
		r.columns = slices.Delete(r.columns, drop, drop+1)
	}
	if add != nil {
		r.columns = append(r.columns, *add)
	}
	for n, record := range r.records {
		record = slices.Clone(record)
		if drop > 0 {
			record = slices.Delete(record, drop, drop+1)
		}
		if add != nil {
			record = append(record, add.zero())
		}
		r.records[n] = record
	}
	return r
}

// deed is a command, and what may be seen of a ring from its begin to its end.
type deed struct {
	line  []string
	input string // its standard input, or what it reads as $IN
	does  func(r ring) []ring
	again []int // how the same line may end when it was done already, besides 0
}
