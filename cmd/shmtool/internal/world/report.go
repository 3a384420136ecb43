package world

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/layout/mist"
)

// Style is how errors are told.
type Style int

// The styles: a line for people, an object for scripts, a line for a monitor.
const (
	Plain Style = iota
	JSON
	Nagios
)

// Report prints the one line that says what went wrong, and gives the exit code
// for it.
func (w *World) Report(ctx context.Context, err error) int {
	var status fail.Status
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, syscall.EPIPE):
		return fail.ExitOK
	case errors.As(err, &status):
		return int(status)
	}
	if w.Errors == Nagios {
		return w.reportNagios(err)
	}
	f := fail.Of(err)
	hint := fail.HintOf(err)
	if w.Errors == JSON {
		w.reportJSON(f, err, hint)
		return f.Exit
	}
	line := "shmtool: "
	if w.Verb != "" {
		line += w.Verb + ": "
	}
	fmt.Fprintln(w.Stderr, line+w.Worded(err))
	return f.Exit
}

// Worded returns what the user reads of an error: its text and its hint, without
// secrets.
func (w *World) Worded(err error) string {
	line := err.Error()
	if hint := fail.HintOf(err); hint != "" {
		line += "; " + mist.EscapeText(hint) // it may name what others have named
	}
	return w.Redacted(err, line)
}

// Redacted returns a message without secrets: those that may stand in any text, and
// the value that err is about where its field is secret.
func (w *World) Redacted(err error, text string) string {
	if w.Secrets {
		return text
	}
	if value := fail.Secret(err); value != "" {
		text = strings.ReplaceAll(text, value, mist.Mark)
	}
	return mist.Redact(text)
}

func (w *World) reportJSON(f fail.Class, err error, hint string) {
	name, message := fail.Page(err)
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Command string `json:"command,omitempty"`
			Message string `json:"message"`
			Page    string `json:"page,omitempty"`
			Hint    string `json:"hint,omitempty"`
		} `json:"error"`
	}
	doc.Error.Code, doc.Error.Command, doc.Error.Page = f.Code, w.Verb, cmp.Or(name, w.Page)
	doc.Error.Message, doc.Error.Hint = w.Redacted(err, message), w.Redacted(err, hint)
	var text strings.Builder
	b := json.NewEncoder(&text)
	b.SetEscapeHTML(false)
	_ = b.Encode(doc)
	_, _ = io.WriteString(w.Stderr, safe.JSON(text.String())) // which leaves Stderr nothing to escape
}

// Warn prints a line on standard error that is no error. Names in it may hold any byte, and
// end no line.
func (w *World) Warn(format string, a ...any) {
	fmt.Fprintf(w.Stderr, "shmtool: %s: %s\n", w.Verb, mist.EscapeText(w.Redacted(nil, fmt.Sprintf(format, a...))))
}

// nagiosUnknown is the exit code of a monitoring plugin that could not tell.
const nagiosUnknown = 3

// reportNagios tells an error to a monitor: on standard output, where it looks.
func (w *World) reportNagios(err error) int {
	text := err.Error()
	if hint := fail.HintOf(err); hint != "" {
		text += "; " + hint
	}
	fmt.Fprintf(w.Stdout, "%s: %s\n", "UNKNOWN", OneLine(w.Redacted(err, text)))
	return nagiosUnknown
}

// OneLine returns a text in which nothing ends the line, or begins the figures.
func OneLine(text string) string {
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}
