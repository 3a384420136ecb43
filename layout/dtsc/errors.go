package dtsc

import "fmt"

// FormatError reports the byte at which bytes stop being what they should be.
type FormatError struct {
	Offset int64  // byte position, counted from the start of what was given
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

func formatError(offset int, what string, value any) *FormatError {
	return &FormatError{Offset: int64(offset), What: what, Value: value}
}

// JSONError reports JSON that cannot be packed.
type JSONError struct {
	Offset int64  // byte position in the text
	Path   string // of the value, as a JSON pointer: /processes/0/rate; empty for the text as a whole
	Reason string // what is wrong, in lower case
}

// Error gives one line: the byte, the place in the value and the reason.
func (e *JSONError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("byte %d, %s: %s", e.Offset, e.Path, e.Reason)
}

// under puts what the value lies in before its path.
func (e *JSONError) under(name string) *JSONError {
	e.Path = "/" + name + e.Path
	return e
}

const maxShown = 64

// cut shortens text for an error, so that the message stays one line.
func cut(text string) string {
	if len(text) > maxShown {
		return text[:maxShown] + "…"
	}
	return text
}
