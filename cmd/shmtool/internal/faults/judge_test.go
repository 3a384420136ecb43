package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/fail"
)

// judge reports as faults what no command may do, whatever it looks at.
func (l *lab) judge(r result) {
	if r.code < fail.ExitOK || r.code > fail.ExitLoss && (r.code != fail.ExitInternal || !l.fails) {
		l.faultf("exit code %d\n%s", r.code, r.stderr)
	}
	if r.code > fail.ExitFindings && r.stderr == "" && r.stdout == "" {
		l.faultf("exit code %d without a word", r.code)
	}
	for _, sign := range []string{"runtime error", "panic", "goroutine ", "%!"} {
		if strings.Contains(r.stderr, sign) {
			l.faultf("says %q", r.stderr)
		}
	}
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, "shmtool") && !strings.HasPrefix(line, `{"error":`) && !strings.HasPrefix(line, " ") {
			l.faultf("a line of its own on standard error: %q", line)
		}
	}
	l.judgeJSON(r)
	if line := whatActs(r.stderr, false); line != "" { // standard error may be a terminal at any time
		l.faultf("the error acts on a terminal: %q", line)
	}
	if l.width > 0 {
		l.judgeTerminal(r)
	}
}

func (l *lab) judgeJSON(r result) {
	switch {
	case slices.Contains(r.args, "--jq"):
	case slices.Contains(r.args, "-j"):
		if r.code <= fail.ExitFindings || r.stdout != "" {
			if !json.Valid([]byte(r.stdout)) {
				l.faultf("exit code %d, no JSON: %s", r.code, brokenJSON(r.stdout))
			}
		}
		if r.code > fail.ExitFindings && !hasError(r.stderr) && r.stdout == "" {
			l.faultf("the error is no JSON: %s", r.stderr)
		}
	case slices.Contains(r.args, "ndjson"):
		for line := range strings.Lines(r.stdout) {
			if !json.Valid([]byte(line)) || !strings.HasSuffix(line, "\n") {
				l.faultf("no JSON: %.400q", line)
				return
			}
		}
	}
}

// hasError reports whether standard error has an error in JSON.
func hasError(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, `{"error":`) {
			return json.Valid([]byte(line))
		}
	}
	return false
}

func (l *lab) judgeTerminal(r result) {
	if line := whatActs(r.stdout, r.args[0] == "watch"); line != "" {
		l.faultf("the output acts on a terminal: %.400q", line)
	}
	if slices.ContainsFunc([]string{"-j", "-o", "--jq", "--names", "get", "--wide", "explain", "save", "record", "resize", "rm", "delete"}, func(s string) bool { return slices.Contains(r.args, s) }) {
		return // these are no tables
	}
	for line := range strings.Lines(r.stdout) {
		line = strings.TrimSuffix(line, "\n")
		if w := ansi.StringWidth(line); w > l.width && !strings.Contains(line, "try:   ") {
			l.faultf("%d columns: %.400q", w, line)
			return
		}
	}
}

var (
	colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	moves  = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`) // of a screen that is drawn again
)

// whatActs returns the first line of a text that would act on a terminal by more than its
// colors, or "".
func whatActs(text string, redrawn bool) string {
	text = colors.ReplaceAllString(text, "")
	if redrawn {
		text = moves.ReplaceAllString(text, "")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }) {
			return line
		}
	}
	return ""
}

// brokenJSON returns why a text is no JSON, and the text around the place.
func brokenJSON(text string) string {
	var v any
	err := json.Unmarshal([]byte(text), &v)
	at := len(text)
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		at = int(e.Offset)
	}
	return fmt.Sprintf("%v: %q, %q", err, text[max(0, at-200):at], text[at:min(len(text), at+100)])
}
