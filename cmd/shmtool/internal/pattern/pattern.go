// Package pattern chooses names: one by itself, or all that match a shell pattern.
package pattern

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// ErrMalformed is a text that is no shell pattern.
var ErrMalformed = errors.New("not a pattern")

// Pattern is a name or a shell pattern.
type Pattern struct {
	Text  string
	Exact bool // Text is a name, even if it has the signs of a pattern
}

// New returns the pattern of a text. It returns ErrMalformed if the text is no shell
// pattern, unless exact says that it is a name.
func New(text string, exact bool) (Pattern, error) {
	if _, err := path.Match(text, ""); err != nil && !exact {
		return Pattern{}, ErrMalformed
	}
	return Pattern{text, exact}, nil
}

// Is reports whether a text has the signs of a pattern.
func Is(text string) bool { return strings.ContainsAny(text, `*?[`) }

// Matches reports whether p chooses a name. A name chooses itself, also if it looks
// like a pattern that does not match it.
func (p Pattern) Matches(name string) bool {
	if p.Text == name || p.Exact {
		return p.Text == name
	}
	ok, _ := path.Match(p.Text, name)
	return ok
}

// Any reports whether one of the patterns chooses a name.
func Any(patterns []Pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Matches(name) })
}
