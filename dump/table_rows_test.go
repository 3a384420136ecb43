package dump

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Rows that are written directly have the same bytes as those that tablewriter prints.
func TestRowsAsTablewriter(t *testing.T) {
	t.Parallel()
	texts := []string{"", "a", " a", "b  ", "  ", "12345", "wide 世界", "é", "e\u0301", "📺", "👨‍👩‍👧", "a longer text of a cell", "…", "🇩🇪", "\u200b", "☺️", "ｱ"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		l := &Listing{}
		for i := range 1 + random.IntN(5) {
			l.Columns = append(l.Columns, Column{Name: fmt.Sprint("C", i), Right: random.IntN(2) == 0})
		}
		rows, tones := make([][]string, 1+random.IntN(6)), [][]Tone{}
		for i := range rows {
			var row []Tone
			for range l.Columns {
				rows[i] = append(rows[i], texts[random.IntN(len(texts))])
				row = append(row, []Tone{Plain, Good, Marked}[random.IntN(3)])
			}
			tones = append(tones, row)
		}
		for _, colored := range []bool{false, true} {
			var want, got bytes.Buffer
			if err := l.borderless(&want, rows, tones, colored); err != nil {
				t.Fatal(err)
			}
			if err := l.writeRows(&got, rows, tones, colored); err != nil {
				t.Fatal(err)
			}
			if seen(want.String()) != seen(got.String()) || !strings.Contains(want.String(), "\x1b") && want.String() != got.String() {
				t.Fatalf("%q %v:\ntablewriter %q\nis          %q", rows, tones, want.String(), got.String())
			}
		}
	}
}

var blanksAtEnd = regexp.MustCompile("(\x1b\\[32m *(\x1b\\[22m)? *)+\n")

// seen returns a table without the escape sequences that change nothing: tablewriter ends
// colors twice, and colors blanks at the end of a line.
func seen(table string) string {
	table = strings.ReplaceAll(table, "\x1b[0m", "")
	table = blanksAtEnd.ReplaceAllString(table, "\n")
	lines := strings.Split(table, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
