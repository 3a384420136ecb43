package faults

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/fail"
)

// Every format, and every way through an expression, has the same records with the same
// values of a page with any bytes changed.
func TestSameValues(t *testing.T) {
	run(t, 150, 3000, newLab, func(l *lab, dice *rand.Rand) {
		s := one(dice, l.subjects...)
		b := l.damage(dice, s)
		l.pages++
		l.put(s.name, b)
		l.sameValues(dice, s.name)
		l.put(s.name, s.bytes)
	})
}

// sameValues dumps the records of a page in many ways.
func (l *lab) sameValues(dice *rand.Rand, name string) {
	part := one(dice, []string{"--records"}, []string{"--records", "--slots"}, []string{"--records", "--last", "3"}, []string{"--records", "--depth", "0"})
	dump := func(more ...string) result {
		return l.look(append(append([]string{"dump", name}, part...), more...)...)
	}
	lines := dump("-o", "ndjson")
	records, ok := members(lines.stdout)
	if !ok {
		return // judged already
	}
	if whole := dump("-j"); whole.code == lines.code {
		l.sameDocument(whole.stdout, records)
	} else {
		l.faultf("-j ends with %d, -o ndjson with %d", whole.code, lines.code)
	}
	for _, way := range [][]string{{"--where", "true"}, {"--jq", "."}, {"--jq", ". as $r | $r"}} {
		if through := dump(append([]string{"-o", "ndjson"}, way...)...); through.code <= fail.ExitFindings && !sameJSON(through.stdout, lines.stdout) {
			l.faultf("%q prints %.400q, without it %.400q", way, through.stdout, lines.stdout)
		}
	}
	if table := dump("-o", "csv"); table.code <= fail.ExitFindings {
		l.sameTable(table.stdout, records)
	}
}

// member is one of an object of JSON.
type member struct {
	name  string
	value json.RawMessage
}

// members returns those of each object of a text, in their order, and whether it has
// objects alone.
func members(text string) (all [][]member, ok bool) {
	for line := range strings.Lines(text) {
		d := json.NewDecoder(strings.NewReader(line))
		if open, err := d.Token(); err != nil || open != json.Delim('{') {
			return nil, false
		}
		var record []member
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, false
			}
			m := member{name: name.(string)}
			if err := d.Decode(&m.value); err != nil {
				return nil, false
			}
			record = append(record, m)
		}
		all = append(all, record)
	}
	return all, true
}

// sameDocument compares the records of a document with those of lines.
func (l *lab) sameDocument(text string, want [][]member) {
	var page struct {
		Records []json.RawMessage `json:"records"`
	}
	if json.Unmarshal([]byte(text), &page) != nil {
		return // judged already
	}
	var lines bytes.Buffer
	for _, r := range page.Records {
		lines.Write(append(r, '\n'))
	}
	got, ok := members(lines.String())
	if !ok || len(got) != len(want) {
		l.faultf("-j has %d records, -o ndjson %d", len(page.Records), len(want))
		return
	}
	for i := range got {
		for k := range got[i] {
			if k >= len(want[i]) || got[i][k].name != want[i][k].name || !bytes.Equal(got[i][k].value, want[i][k].value) {
				l.faultf("record %d is %.400s in -j, %.400s in -o ndjson", i, got[i], want[i])
				return
			}
		}
	}
}

// sameTable compares the cells of CSV with the values of lines.
func (l *lab) sameTable(text string, want [][]member) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || max(len(rows)-1, 0) != len(want) {
		l.faultf("-o csv has %d rows (%v), -o ndjson %d records", len(rows)-1, err, len(want))
		return
	}
	for i, record := range want {
		head, row := slices.Clone(rows[0]), rows[i+1]
		for _, m := range record {
			if m.name == "#decoded" || m.name == "#error" { // for readers of JSON alone
				continue
			}
			at := slices.Index(head, m.name)
			if at < 0 || row[at] != cellText(m.value) && row[at] != lossyText(string(m.value)) && !sameNested(row[at], m.value) {
				l.faultf("record %d: field %q: %s", i, m.name, firstDifference(string(m.value), strings.Join(row[max(at, 0):max(at, 0)+1], "")))
				return
			}
			head[at] = "\x00 seen" // a page may have two fields of one name
		}
	}
}

// sameNested reports whether a cell has a nested page as JSON has it, but for what the
// numbers mean.
func sameNested(text string, value json.RawMessage) bool {
	return value[0] == '{' && sameJSON(text, decoded.ReplaceAllString(string(value), ""))
}

var decoded = regexp.MustCompile(`,"#decoded":\{[^{}]*\}`)

// firstDifference shows where two texts begin to differ.
func firstDifference(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	from := max(at-100, 0)
	return fmt.Sprintf("%.300q is in -o ndjson, %.300q in -o csv", a[from:], b[from:])
}

// cellText returns how a value is written into a cell: a string as it is, bytes as hex:…,
// and everything else as in JSON.
func cellText(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	var raw map[string]string
	if json.Unmarshal(v, &raw) == nil && len(raw) == 1 && strings.HasPrefix(string(v), `{"hex":`) {
		return "hex:" + raw["hex"]
	}
	return string(v)
}

// bytesValue is how JSON has bytes, and a string that is not UTF-8.
var bytesValue = regexp.MustCompile(`\{"hex":"([0-9a-f]*)"\}`)

// lossyText returns the text that expressions and CSV see of a string that is not UTF-8, or
// "\x00" for another value.
func lossyText(v string) string {
	m := bytesValue.FindStringSubmatch(v)
	if m == nil || m[0] != v {
		return "\x00"
	}
	text, err := hex.DecodeString(m[1])
	if err != nil || utf8.Valid(text) {
		return "\x00"
	}
	return string(bytes.Map(func(r rune) rune { return r }, text))
}

// sameJSON reports whether what an expression printed has the values of a text.
func sameJSON(through, text string) bool {
	got, want := jsonValues(through), jsonValues(text)
	return got != nil && want != nil && sameValue(got, want)
}

// jsonValues returns the values of a text, or nil if it is no JSON.
func jsonValues(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	values := []any{}
	for d.More() {
		var v any
		if d.Decode(&v) != nil {
			return nil
		}
		values = append(values, v)
	}
	return values
}

// sameValue compares values of JSON; what an expression prints has lossy text.
func sameValue(got, want any) bool {
	switch want := want.(type) {
	case []any:
		all, ok := got.([]any)
		return ok && slices.EqualFunc(all, want, sameValue)
	case map[string]any:
		if text, ok := got.(string); ok {
			value, err := json.Marshal(want)
			return err == nil && lossyText(string(value)) == text
		}
		all, ok := got.(map[string]any)
		return ok && maps.EqualFunc(all, want, sameValue)
	default:
		return got == want
	}
}
