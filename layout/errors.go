package layout

import "fmt"

// FormatError reports the byte at which a page stops being RelAccX, or bytes
// that a field cannot hold the way its descriptor says.
type FormatError struct {
	Offset int64  // byte position, counted from the start of the page
	What   string // the rule that is broken, in lower case
	Value  any    // the offending value; nil when What says it all
}

// Error gives one line: the byte, the rule and the value.
func (e *FormatError) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("byte %d: %s", e.Offset, e.What)
	}
	return fmt.Sprintf("byte %d: %s: %v", e.Offset, e.What, e.Value)
}

func formatErrorf(offset int, what string, value any) *FormatError {
	return &FormatError{Offset: int64(offset), What: what, Value: value}
}

// ValueError reports a value that a field cannot hold. Nothing was written.
type ValueError struct {
	Field  string // the field's name
	Value  string // the value as it was given, shortened to 64 bytes
	Reason string // why it does not fit, in lower case
}

// Error gives one line: the field, the value and the reason.
func (e *ValueError) Error() string {
	return fmt.Sprintf("field %q: value %s %s", e.Field, e.Value, e.Reason)
}

// SpecError reports a field or schema that cannot be made into a page.
type SpecError struct {
	Line   int    // line of the schema text, from 1; 0 outside a text
	Text   string // the field or line as it was given
	Reason string // what is wrong with it, in lower case
}

// Error gives one line: where, what was given, and the reason.
func (e *SpecError) Error() string {
	where := fmt.Sprintf("field %q", e.Text)
	if e.Line > 0 {
		where = fmt.Sprintf("line %d: %s", e.Line, where)
	}
	return where + ": " + e.Reason
}

const maxShownValue = 64

// cut shortens a number for an error, where its digits go on and on.
func cut(v string) string {
	if len(v) > maxShownValue {
		return v[:maxShownValue] + "…"
	}
	return v
}

// shown quotes a value for an error, cut so that the message stays one line.
func shown(v string) string {
	if len(v) > maxShownValue {
		return fmt.Sprintf("%q… (%d bytes)", v[:maxShownValue], len(v))
	}
	return fmt.Sprintf("%q", v)
}
