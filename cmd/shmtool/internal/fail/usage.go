package fail

import (
	"fmt"
	"slices"
	"strings"
)

// The texts about command lines that cannot be understood: each command says the same
// thing in the same words.

// Required returns the error of a command line that lacks arguments or flags which the
// command needs.
func Required(what ...string) error {
	if len(what) == 1 {
		return Usagef("%s is required", what[0])
	}
	return Usagef("%s are required", all(what))
}

// PageRequired returns the error of a command line without a PAGE.
func PageRequired() error { return Hinted(Required("PAGE"), "run shmtool ls to list pages") }

// Unexpected returns the error of an argument that is one too many. Takes says what the
// command takes.
func Unexpected(arg, takes string) error {
	return Usagef("unexpected argument %q: takes %s", arg, takes)
}

// Invalid returns the error of a flag or an argument with a value that it does not take.
// Use says what it takes.
func Invalid(what string, value any, use string) error {
	if text, ok := value.(string); ok {
		value = fmt.Sprintf("%q", text)
	}
	return Usagef("invalid %s %v: use %s", what, value, use)
}

// InvalidWord returns the error of a value that is none of some words: those that may have been
// meant, and then use, which names all.
func InvalidWord(what, value string, words []string, use string) error {
	hint := DidYouMean(value, words)
	if lower := strings.ToLower(value); slices.Contains(words, lower) {
		hint = "did you mean " + lower + "?"
	}
	if hint == "" {
		return Invalid(what, value, use)
	}
	return Usagef("invalid %s %q: %s use %s", what, value, hint, use)
}

// ExactlyOne returns the error of a command line that has none, or several, of some
// flags.
func ExactlyOne(flags ...string) error { return Usagef("specify exactly one of %s", all(flags)) }

// AtLeastOne returns the error of a command line that has none of some flags.
func AtLeastOne(flags ...string) error { return Usagef("specify at least one of %s", all(flags)) }

// all writes words as a sentence has them: "a, b, and c".
func all(words []string) string {
	last := len(words) - 1
	comma := ""
	if last > 1 {
		comma = ","
	}
	return strings.Join(words[:last], ", ") + comma + " and " + words[last]
}
