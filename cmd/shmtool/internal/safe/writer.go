package safe

import (
	"io"
	"unicode/utf8"

	"shmtool/layout/mist"
)

// Writer writes text to a terminal, with everything in it that would act on the
// terminal as an escape. Line ends and tabs stay.
type Writer struct {
	To   io.Writer
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
	from := 0
	for i := range whole {
		if c := text[i]; c == '\n' || c == '\t' {
			safe = append(append(safe, mist.EscapeText(string(text[from:i]))...), c)
			from = i + 1
		}
	}
	safe = append(safe, mist.EscapeText(string(text[from:whole]))...)
	w.part = append(w.part[:0:0], text[whole:]...)
	if _, err := w.To.Write(safe); err != nil {
		return 0, err
	}
	return len(b), nil
}
