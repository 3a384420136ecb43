package safe

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"shmtool/layout/mist"
)

// Writer writes text to a terminal, with everything in it that would act on the
// terminal as an escape. Line ends and tabs stay.
type Writer struct {
	To   io.Writer
	JSON bool   // the text is JSON, and stays so
	part []byte // of a character that has begun, and not ended
}

// Write writes b, but for the beginning of a character at its end, which waits for
// the rest.
func (w *Writer) Write(b []byte) (int, error) {
	text := append(w.part, b...)
	whole := len(text)
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := len(text) - n; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				whole = at
			}
			break
		}
	}
	var safe []byte
	escape := mist.EscapeText
	if w.JSON {
		escape = JSON
	}
	from := 0
	for i := range whole {
		if c := text[i]; c == '\n' || c == '\t' {
			safe = append(append(safe, escape(string(text[from:i]))...), c)
			from = i + 1
		}
	}
	safe = append(safe, escape(string(text[from:whole]))...)
	w.part = append(w.part[:0:0], text[whole:]...)
	if _, err := w.To.Write(safe); err != nil {
		return 0, err
	}
	return len(b), nil
}

// JSON returns a text of JSON in which nothing acts on a terminal. Escapes are those that
// JSON has, so the value stays the same.
func JSON(text string) string {
	if mist.EscapeText(text) == text {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || r == '\t' || strconv.IsPrint(r) {
			b.WriteRune(r)
		} else if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
