package out

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"shmtool/cmd/shmtool/internal/fail"
)

// Template prints each record or row by the text of --format, a template of Go.
type Template struct{ text *template.Template }

// templateName stands in errors in place of the name of a file.
const templateName = "--format"

// NewTemplate returns the template of a text. Outside of {{ }}, \t and \n stand for a tab and
// a new line, because shells make it hard to type them.
func NewTemplate(text string) (*Template, error) {
	t, err := template.New(templateName).Option("missingkey=error").Funcs(template.FuncMap{"json": jsonText, "join": joined}).Parse(unescaped(text))
	if err != nil {
		return nil, templateError(err, nil)
	}
	return &Template{t}, nil
}

// unescaped replaces \t and \n outside of actions.
func unescaped(text string) string {
	escapes := strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n")
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(escapes.Replace(before))
		if !found {
			return b.String()
		}
		action, after, _ := strings.Cut(rest, "}}")
		b.WriteString("{{" + action + rest[len(action):len(rest)-len(after)])
		text = after
	}
}

// jsonText returns a value as JSON.
func jsonText(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// joined returns the values of a list with a text between them.
func joined(between string, list any) (string, error) {
	values, isList := list.([]any)
	if !isList && list != any((*null)(nil)) {
		return "", errors.New("join takes a text and a list")
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, between), nil
}

// null is what JSON calls null: it prints as nothing, and is false.
type null struct{}

func (*null) String() string               { return "" }
func (*null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// append appends what the template makes of a line of JSON, and ends the line.
func (t *Template) append(b *bytes.Buffer, line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return err
	}
	value = plainValue(value)
	if err := t.text.Execute(b, value); err != nil {
		return templateError(err, value)
	}
	return b.WriteByte('\n')
}

// plainValue returns a value of JSON as templates compare it: whole numbers are exact.
func plainValue(value any) any {
	switch v := value.(type) {
	case nil:
		return (*null)(nil)
	case json.Number:
		return plainNumber(v)
	case []any:
		for i := range v {
			v[i] = plainValue(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainValue(v[key])
		}
	}
	return value
}

func plainNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String()
}

// templateError returns an error of package template in our words. It names the members
// that there are when the text asks for another one.
func templateError(err error, of any) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "template: "), templateName+":")
	_, key, missing := strings.Cut(text, "map has no entry for key ")
	if name, quoted := strconv.Unquote(key); missing && quoted == nil {
		members, _ := of.(map[string]any)
		return fail.Hinted(fail.Usagef("--format: no member %q", name), fail.NearestOrAll(name, slices.Sorted(maps.Keys(members))))
	}
	if place, after, found := strings.Cut(text, ": "); found && strings.Trim(place, "0123456789:") == "" {
		text = after
	}
	if _, after, found := strings.Cut(text, `executing "`+templateName+`" `); found {
		text = after
	}
	return fail.Usagef("--format: %s", text)
}

// formatLines writes what --format makes of lines of JSON.
func (p *Printer) formatLines(lines []byte) error {
	var b bytes.Buffer
	for line := range bytes.Lines(lines) {
		if err := p.Template.append(&b, line); err != nil {
			return errors.Join(err, p.Flush())
		}
	}
	_, err := p.Write(b.Bytes())
	return err
}

// lineFormat puts whole lines through --format. Renderers write whole lines.
type lineFormat struct{ p *Printer }

func (f lineFormat) Write(lines []byte) (int, error) {
	if err := f.p.formatLines(lines); err != nil {
		return 0, err
	}
	return len(lines), nil
}

var _ io.Writer = lineFormat{}
