package dump

import "github.com/mattn/go-runewidth"

// plain reports whether a text has printable ASCII alone: each byte is a column wide, and
// safe on a terminal.
func plain[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// textWidth returns how many columns of a terminal a text takes. Most texts are plain.
func textWidth(text string) int {
	if plain(text) {
		return len(text)
	}
	return runewidth.StringWidth(text)
}
