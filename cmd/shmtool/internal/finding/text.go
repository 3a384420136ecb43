package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"shmtool/layout/mist"
)

// Value is a value that proves a finding, as people read it. Its text is fit for a
// terminal.
type Value struct{ Name, Text string }

// Values returns the evidence in the order of its names.
func (f *Finding) Values() []Value {
	var all []Value
	for _, name := range slices.Sorted(maps.Keys(f.Evidence)) {
		all = append(all, Value{name, valueText(f.Evidence[name])})
	}
	return all
}

// EvidenceText returns the evidence in one line.
func (f *Finding) EvidenceText() string {
	var parts []string
	for _, v := range f.Values() {
		parts = append(parts, v.Name+" "+v.Text)
	}
	return strings.Join(parts, ", ")
}

const fewValues = 4

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return mist.EscapeName(v)
	case []string:
		if more := len(v) - fewValues; more > 0 {
			return mist.EscapeName(strings.Join(v[:fewValues], " ")) + fmt.Sprintf(" and %d more", more)
		}
		return mist.EscapeName(strings.Join(v, " "))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if text, ok := rowsText(b); ok {
		return text
	}
	return strings.Trim(string(b), "[]")
}

// rowsText returns a JSON array of objects as their values: "MstCapa 57344, MstCnns 4096".
func rowsText(array []byte) (text string, ok bool) {
	if !bytes.HasPrefix(array, []byte("[{")) {
		return "", false
	}
	d := json.NewDecoder(bytes.NewReader(array))
	d.UseNumber()
	var rows, row []string
	for isName := false; ; {
		switch token, err := d.Token(); {
		case err != nil:
			return strings.Join(rows, ", "), true
		case token == json.Delim('{'):
			row, isName = nil, true
		case token == json.Delim('}'):
			rows = append(rows, strings.Join(row, " "))
		case isName:
			isName = false
		case token != json.Delim('[') && token != json.Delim(']'):
			row, isName = append(row, mist.EscapeName(fmt.Sprint(token))), true
		}
	}
}

// Follows reports whether a finding follows from a cause; nil: from none that is found.
func (f *Finding) Follows(cause *Finding, found []Finding) bool {
	switch {
	case cause != nil:
		return f.Cause != nil && f.Cause.Code == cause.Code && f.Cause.Object == cause.Object
	case f.Cause == nil:
		return true
	}
	return !slices.ContainsFunc(found, func(c Finding) bool { // it is the server's
		return c.Code == f.Cause.Code && c.Object == f.Cause.Object
	})
}
