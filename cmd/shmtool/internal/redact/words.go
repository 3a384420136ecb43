package redact

import (
	"bytes"
	_ "embed"
	"iter"
	"strings"
	"sync"
)

// The words that a text may keep: those of MistServer's settings and messages, and plain
// English. None of them says whose server it is.
//
//go:embed vocabulary.txt
var vocabularyText string

var vocabulary = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.Lines(vocabularyText) {
		words[strings.TrimSpace(word)] = true
	}
	return words
})

// mostDigits is how many digits a number may have that is kept: a PID has 7.
const mostDigits = 7

// isWord reports whether a word may stay: it is of the vocabulary, is a short number, has
// no more than two letters, or names a program of MistServer.
func isWord(word []byte) bool {
	if len(word) <= 2 || isShortNumber(word) || isProgram(string(word)) {
		return true
	}
	return len(word) <= 24 && vocabulary()[strings.ToLower(string(word))]
}

func isShortNumber(word []byte) bool {
	return len(word) <= mostDigits && len(bytes.Trim(word, "0123456789")) == 0
}

// isProgram reports whether a word is the name of a program of MistServer's: MistOutHTTP.
func isProgram(word string) bool {
	for _, group := range []string{"MistIn", "MistOut", "MistProc", "MistUtil", "MistAnalyser"} {
		if rest, ok := strings.CutPrefix(word, group); ok {
			return len(rest) <= 16 && strings.Trim(rest, letters+"0123456789") == ""
		}
	}
	return word == "MistController" || word == "MistSession" || word == "MistServer"
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// runs gives the words of a text: letters, digits, and bytes beyond ASCII.
func runs(text []byte) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for at := 0; at < len(text); at++ {
			if !isWordByte(text[at]) {
				continue
			}
			end := wordEnd(text, at)
			if !yield(at, end) {
				return
			}
			at = end
		}
	}
}

// wordEnd returns where the word ends that begins at a byte.
func wordEnd(text []byte, at int) int {
	for at < len(text) && isWordByte(text[at]) {
		at++
	}
	return at
}

func isWordByte(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// isBinary reports whether bytes are no text: a control character stands in them.
func isBinary(text []byte) bool {
	return bytes.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' })
}
