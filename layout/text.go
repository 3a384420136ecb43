package layout

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The text form of a schema, one field a line:
//
//	NAME:TYPE[:SIZE]
//	NAME:nested[N][:SIZE]
//	  NAME:TYPE[:SIZE]        # fields of the nested page, two blanks deeper
//
// TYPE is a name of TypeNames or a type code such as 0x33; a "#" begins a
// comment; a NAME with ":", "#", blanks or non-printing bytes is quoted as in
// Go. shmtool(1), Schema text.

const indentStep = 2

const countWithoutFields = "has a record count, but no fields below it"

// ParseField reads one field, "NAME:TYPE[:SIZE]". A record count is refused: it
// needs the fields of the nested page. Its errors are *SpecError.
func ParseField(text string) (Field, error) {
	f, err := parseField(text, 0)
	if err == nil && f.Shape != nil {
		return Field{}, &SpecError{Text: text, Reason: countWithoutFields}
	}
	return f, err
}

// ParseSchema reads a schema's text form; shmtool(1), Schema text. Its errors are
// *SpecError, with the line.
func ParseSchema(text string) (*Schema, error) {
	lines, err := splitSchema(text)
	if err != nil {
		return nil, err
	}
	p := schemaParser{lines: lines}
	s, err := p.parse(0, 0)
	if err != nil {
		return nil, err
	}
	if len(s.fields) == 0 {
		return nil, &SpecError{Line: 1, Text: "", Reason: "schema has no fields"}
	}
	return s, nil
}

type schemaLine struct {
	number int
	indent int
	text   string
}

func splitSchema(text string) ([]schemaLine, error) {
	var lines []schemaLine
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(stripComment(strings.TrimRight(line, "\r\n")), " \t")
		body := strings.TrimLeft(line, " ")
		if body == "" {
			continue
		}
		indent := len(line) - len(body)
		if body[0] == '\t' {
			return nil, &SpecError{Line: number, Text: body, Reason: "indent with two blanks, not a tab"}
		}
		if indent%indentStep != 0 {
			return nil, &SpecError{Line: number, Text: body, Reason: "indentation is not a multiple of two blanks"}
		}
		lines = append(lines, schemaLine{number, indent, body})
	}
	return lines, nil
}

// stripComment cuts a line at the first # that is not inside a quoted name.
func stripComment(line string) string {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && quoted:
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '#' && !quoted:
			return line[:i]
		}
	}
	return line
}

type schemaParser struct {
	lines []schemaLine
	next  int
}

func (p *schemaParser) parse(indent, depth int) (*Schema, error) {
	s := &Schema{}
	for p.next < len(p.lines) && p.lines[p.next].indent == indent {
		line := p.lines[p.next]
		p.next++
		f, err := parseField(line.text, line.number)
		if err != nil {
			return nil, err
		}
		if err := p.parseNested(&f, line, depth); err != nil {
			return nil, err
		}
		if err := s.add(f); err != nil {
			spec := err.(*SpecError)
			spec.Line = line.number
			return nil, spec
		}
	}
	if p.next < len(p.lines) && p.lines[p.next].indent > indent {
		line := p.lines[p.next]
		return nil, &SpecError{Line: line.number, Text: line.text, Reason: "is indented, but the field above has no fields of its own"}
	}
	return s, nil
}

// parseNested takes the deeper lines below a nested field as its own fields.
func (p *schemaParser) parseNested(f *Field, line schemaLine, depth int) error {
	deeper := p.next < len(p.lines) && p.lines[p.next].indent == line.indent+indentStep
	refuse := func(reason string) error {
		return &SpecError{Line: line.number, Text: line.text, Reason: reason}
	}
	switch {
	case f.Shape == nil && !deeper:
		return nil
	case f.Shape == nil && f.Kind() == Nested:
		return refuse("says no record count; write nested[N]")
	case f.Shape == nil:
		return refuse("only a nested field has fields of its own")
	case !deeper:
		return refuse(countWithoutFields)
	case depth+1 > MaxDepth:
		return refuse(fmt.Sprintf("nests pages deeper than %d", MaxDepth))
	}
	inner, err := p.parse(line.indent+indentStep, depth+1)
	if err != nil {
		return err
	}
	f.Shape.Schema = inner
	if need := f.Shape.Size(); f.Size == 0 {
		if need > math.MaxUint32 {
			return refuse("takes more than 4 GiB")
		}
		f.Size = uint32(need)
	}
	return nil
}

// parseField reads one field; a nested one with a record count comes back with
// a Shape that has no schema yet.
func parseField(text string, line int) (Field, error) {
	refuse := func(reason string) (Field, error) {
		return Field{}, &SpecError{Line: line, Text: text, Reason: reason}
	}
	name, rest, err := cutName(text)
	if err != nil {
		return refuse(err.Error())
	}
	typeText, sizeText, hasSize := strings.Cut(rest, ":")
	f := Field{Name: name}
	typeText, f.Shape, err = cutRecordCount(typeText)
	if err != nil {
		return refuse(err.Error())
	}
	code, byName := codeByName(typeText)
	if !byName {
		if code, err = parseCode(typeText); err != nil {
			return refuse(err.Error())
		}
	}
	f.Code = code
	if hasSize {
		size, err := ParseSize(sizeText)
		if err != nil || size == 0 || size > math.MaxUint32 {
			return refuse(fmt.Sprintf("size %q is not a number of bytes from 1 to 4294967295", sizeText))
		}
		f.Size = uint32(size)
	}
	if f.Shape != nil && code.Kind() != Nested {
		return refuse("only a nested field has a record count")
	}
	return finishField(f, byName, line, text)
}

func finishField(f Field, byName bool, line int, text string) (Field, error) {
	if f.Size == 0 {
		f.Size = f.Code.DefaultSize()
	}
	if byName {
		f.Code = sizedCode(f.Code, f.Size)
	}
	if f.Shape != nil {
		return f, nil
	}
	if err := (&Schema{}).checkNew(&f); err != nil {
		spec := err.(*SpecError)
		spec.Line, spec.Text = line, text
		return Field{}, spec
	}
	return f, nil
}

// cutName splits a field's text behind its name, which may be quoted.
func cutName(text string) (name, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		name, rest, found := strings.Cut(text, ":")
		switch {
		case !found:
			return "", "", fmt.Errorf("is not NAME:TYPE[:SIZE]")
		case needsQuotes(name):
			return "", "", fmt.Errorf("name %q must be quoted", name)
		}
		return name, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", fmt.Errorf("name has no closing quote")
	}
	if name, err = strconv.Unquote(quoted); err != nil {
		return "", "", fmt.Errorf("name %s is not quoted as in Go", quoted)
	}
	rest, found := strings.CutPrefix(text[len(quoted):], ":")
	if !found {
		return "", "", fmt.Errorf("is not NAME:TYPE[:SIZE]")
	}
	return name, rest, nil
}

func needsQuotes(name string) bool {
	for _, r := range name {
		if r == ':' || r == '#' || r == '"' || r == ' ' || !strconv.IsPrint(r) || r == '\uFFFD' {
			return true
		}
	}
	return name == ""
}

// cutRecordCount takes "[N]" off the end of a type.
func cutRecordCount(typeText string) (string, *Shape, error) {
	open := strings.IndexByte(typeText, '[')
	if open < 0 {
		return typeText, nil, nil
	}
	digits, closed := strings.CutSuffix(typeText[open+1:], "]")
	count, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || !closed {
		return "", nil, fmt.Errorf("record count %q is not [N]", typeText[open:])
	}
	return typeText[:open], &Shape{RecordCount: uint32(count)}, nil
}

func parseCode(text string) (Code, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	code, err := strconv.ParseUint(digits, 16, 8)
	if !ok || err != nil {
		return 0, fmt.Errorf("type %q is none of %s, nor a type code such as 0x33", text, strings.Join(TypeNames(), " "))
	}
	return Code(code), nil
}

// ParseSize reads a number of bytes: decimal, with an optional k, M, or G for powers of
// 1024.
func ParseSize(text string) (uint64, error) {
	digits, shift := text, 0
	for i, unit := range []string{"k", "M", "G"} {
		if d, ok := strings.CutSuffix(text, unit); ok {
			digits, shift = d, 10*(i+1)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > math.MaxUint64>>shift {
		return 0, fmt.Errorf("size %q is not a number of bytes, with k, M or G behind it if need be", text)
	}
	return n << shift, nil
}

// String returns the field in the schema's text form, without the lines of the nested
// page below it. The type's name stands only where name and size make the very same
// field; else the code does.
func (f *Field) String() string {
	name := f.Name
	if needsQuotes(name) {
		name = strconv.Quote(name)
	}
	text := name + ":" + f.typeText()
	if f.Shape != nil {
		text += fmt.Sprintf("[%d]", f.Shape.RecordCount)
		if f.Shape.Size() == uint64(f.Size) {
			return text
		}
	}
	if f.Size != f.implicitSize() {
		text += fmt.Sprintf(":%d", f.Size)
	}
	return text
}

// TypeName returns the field's type for people: the kind and, for integers, the bits that
// it really has: "uint32", "int24", "string", "nested". A family that is not known gives
// its code.
func (f *Field) TypeName() string {
	switch f.Kind() {
	case Uint, Int:
		return fmt.Sprintf("%v%d", f.Kind(), 8*f.Size)
	case Unknown:
		return f.Code.String()
	}
	return f.Kind().String()
}

func (f *Field) typeText() string {
	for _, t := range typeNames {
		if t.code.Kind() == f.Kind() && sizedCode(t.code, f.Size) == f.Code {
			return t.name
		}
	}
	return f.Code.String()
}

// implicitSize returns the size that the text stands for when it names none: the default
// of the code, or of the first code of a type given by name.
func (f *Field) implicitSize() uint32 {
	if code, ok := codeByName(f.typeText()); ok {
		return code.DefaultSize()
	}
	return f.Code.DefaultSize()
}

// String returns the schema's text form, each line with its newline. ParseSchema of it
// makes the same schema.
func (s *Schema) String() string {
	var b strings.Builder
	s.write(&b, "")
	return b.String()
}

func (s *Schema) write(b *strings.Builder, indent string) {
	for i := range s.fields {
		f := &s.fields[i]
		b.WriteString(indent + f.String() + "\n")
		if f.Shape != nil {
			f.Shape.Schema.write(b, indent+strings.Repeat(" ", indentStep))
		}
	}
}
