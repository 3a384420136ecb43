package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/mist"
)

// report prints the one line that says what went wrong, and gives the exit code
// for it.
func (e *env) report(ctx context.Context, err error) int {
	var status fail.Status
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, syscall.EPIPE):
		return fail.ExitOK
	case errors.As(err, &status):
		return int(status)
	}
	if e.nagiosErrors {
		return e.reportNagios(err)
	}
	f := fail.Of(err)
	hint := fail.HintOf(err)
	if e.jsonErrors {
		e.reportJSON(f, err, hint)
		return f.Exit
	}
	line := "shmtool: "
	if e.verb != "" {
		line += e.verb + ": "
	}
	fmt.Fprintln(e.stderr, line+e.worded(err))
	return f.Exit
}

// worded returns what the user reads of an error: its text and its hint, without
// secrets.
func (e *env) worded(err error) string {
	line := err.Error()
	if hint := fail.HintOf(err); hint != "" {
		line += "; " + mist.EscapeText(hint) // it may name what others have named
	}
	return e.redacted(err, line)
}

// redacted is a message without secrets: those that may stand in any text, and
// the value that err is about where its field is secret.
func (e *env) redacted(err error, text string) string {
	if e.secrets {
		return text
	}
	if value := fail.Secret(err); value != "" {
		text = strings.ReplaceAll(text, value, mist.Mark)
	}
	return mist.Redact(text)
}

func (e *env) reportJSON(f fail.Class, err error, hint string) {
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
	doc.Error.Code, doc.Error.Command, doc.Error.Page = f.Code, e.verb, cmp.Or(name, e.pageArg)
	doc.Error.Message, doc.Error.Hint = e.redacted(err, message), e.redacted(err, hint)
	b := json.NewEncoder(e.stderr)
	b.SetEscapeHTML(false)
	_ = b.Encode(doc)
}

// warn prints a line on standard error that is no error.
func (e *env) warn(format string, a ...any) {
	fmt.Fprintf(e.stderr, "shmtool: %s: %s\n", e.verb, e.redacted(nil, fmt.Sprintf(format, a...)))
}
