// Package safe makes text that was written by others fit for a terminal and for
// a shell: names of streams, pages, fields and processes may hold any byte.
package safe

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"shmtool/layout/mist"
)

// Word returns a word as a POSIX shell takes it, fit for a terminal. A word that
// has anything but printable text in it is written with escapes in $'…', which
// bash, zsh, ksh and busybox understand.
func Word(word string) string {
	switch {
	case word != "" && strings.IndexFunc(word, func(r rune) bool { return !bare(r) }) < 0:
		return word
	case mist.EscapeText(word) == word:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(word); {
		r, size := utf8.DecodeRuneInString(word[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		case strconv.IsPrint(r) && (r != utf8.RuneError || size > 1):
			b.WriteRune(r)
		default:
			for _, c := range []byte(word[i : i+size]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		i += size
	}
	b.WriteString("'")
	return b.String()
}

// Flag returns a flag with a value as a shell takes it. A value that begins with
// a dash is joined to the flag, because it looks like another flag.
func Flag(flag, value string) string {
	if strings.HasPrefix(value, "-") {
		return flag + "=" + Word(value)
	}
	return flag + " " + Word(value)
}

// bare reports whether a shell takes a character in a word for nothing but
// itself.
func bare(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-@:/", r)
}
