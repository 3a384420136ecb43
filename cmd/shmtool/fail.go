package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// The exit codes, a contract that scripts rely on.
const (
	exitOK         = 0
	exitFindings   = 1
	exitUsage      = 2
	exitNotFound   = 3
	exitInvalid    = 4
	exitRefused    = 5
	exitTimeout    = 6
	exitPermission = 7
	exitLoss       = 8
	exitInternal   = 70
)

// exitStatus ends the program with a code and no message: what there was to say
// has been printed.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// refusedError is a page whose state does not allow what was asked.
type refusedError struct{ error }

func (r refusedError) Unwrap() error { return r.error }

func refusef(format string, a ...any) error { return refusedError{fmt.Errorf(format, a...)} }

// inputError is input that is wrong: a record, a value, a schema.
type inputError struct{ error }

func (i inputError) Unwrap() error { return i.error }

// pageError says which page an error is about, as the user named it.
type pageError struct {
	page string
	err  error
}

func (p pageError) Error() string { return fmt.Sprintf("page %q: %v", p.page, p.err) }
func (p pageError) Unwrap() error { return p.err }

// onPage makes an error one about the page that the user named. What a library
// says of file and operation is dropped: the line says it already.
func onPage(page string, err error) error {
	var already pageError
	if err == nil || errors.As(err, &already) || as[unwrittenError](err) {
		return err
	}
	var usage usageError
	if errors.As(err, &usage) {
		return hinted(usage, hintOf(err))
	}
	hint := hintOf(err)
	if hint == "" {
		hint = fieldHint(err)
	}
	return hinted(pageError{page, said(bare(err))}, hint)
}

// saidError says an error in our words.
type saidError struct {
	error
	text string
}

func (s saidError) Error() string { return s.text }
func (s saidError) Unwrap() error { return s.error }

// said puts causes whose own words are those of files into those of pages.
func said(err error) error {
	var format *layout.FormatError
	switch {
	case err == error(syscall.ENOENT):
		return saidError{err, "no such page"}
	case err == error(syscall.EEXIST):
		return saidError{err, "page exists"}
	case err == error(syscall.EISDIR):
		return saidError{err, "is a directory, not a page"}
	case errors.As(err, &format) && err == error(format):
		return saidError{err, "not a valid RelAccX page: " + err.Error()}
	}
	return err
}

// fieldHint names the fields that may have been meant, or all that there are.
func fieldHint(err error) string {
	var field *relaccx.FieldError
	if !errors.As(err, &field) {
		return ""
	}
	names := fieldNames(field.Have)
	all := "it has " + strings.Join(names, ", ")
	if near := closest(field.Field, names); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return all
}

// bare is the cause inside the names that libraries put around it.
func bare(err error) error {
	switch e := err.(type) { // no deeper than that: what else is around it says something
	case hintedError:
		return bare(e.error)
	case *relaccx.PageError:
		return bare(e.Err)
	case *fs.PathError:
		return e.Err
	case interface{ Unwrap() []error }:
		if len(e.Unwrap()) == 1 {
			return bare(e.Unwrap()[0])
		}
	}
	return err
}

// failure is a class of errors: its name in JSON and its exit code.
type failure struct {
	code string
	exit int
}

// classify finds the class of an error, by the first that fits.
func classify(err error) failure {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	switch {
	case as[usageError](err):
		return failure{"usage", exitUsage}
	case unwritten(err):
		return failure{"write_failed", exitInternal}
	case as[inputError](err) && is(fs.ErrPermission, syscall.EROFS):
		return failure{"permission_denied", exitPermission}
	case as[inputError](err), as[*layout.ValueError](err), as[*layout.SpecError](err):
		return failure{"bad_input", exitUsage}
	case as[refusedError](err):
		return failure{"refused", exitRefused}
	case is(relaccx.ErrNoField, relaccx.ErrNotNested):
		return failure{"field_not_found", exitNotFound}
	case is(relaccx.ErrNoRecord, relaccx.ErrWithdrawn, relaccx.ErrOverdraw):
		return failure{"record_not_found", exitNotFound}
	case as[unknownCodeError](err):
		return failure{"code_not_found", exitNotFound}
	case is(fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG):
		return failure{"page_not_found", exitNotFound}
	case is(fs.ErrPermission, syscall.EROFS):
		return failure{"permission_denied", exitPermission}
	case as[*layout.FormatError](err), as[*dtsc.FormatError](err):
		return failure{"invalid_page", exitInvalid}
	case as[*recording.DamageError](err), is(recording.ErrNotRecording):
		return failure{"invalid_recording", exitInvalid}
	case as[*recording.NameError](err):
		return failure{"bad_input", exitUsage}
	case is(relaccx.ErrNotPage, objectfile.ErrIrregular, syscall.EISDIR, syscall.ENXIO, syscall.ELOOP):
		return failure{"invalid_page", exitInvalid}
	case is(relaccx.ErrTruncated):
		return failure{"page_truncated", exitInvalid}
	case is(relaccx.ErrNotReady):
		return failure{"page_not_ready", exitRefused}
	case is(relaccx.ErrLocked):
		return failure{"page_locked", exitRefused}
	case is(relaccx.ErrReplaced):
		return failure{"page_replaced", exitRefused}
	case is(relaccx.ErrEnded):
		return failure{"page_ended", exitRefused}
	case is(relaccx.ErrReloading):
		return failure{"page_not_ready", exitRefused}
	case is(relaccx.ErrFull):
		return failure{"page_full", exitRefused}
	case is(relaccx.ErrReady):
		return failure{"page_ready", exitRefused}
	case is(fs.ErrExist):
		return failure{"page_exists", exitRefused}
	case is(syscall.ENOSPC, syscall.EFBIG, syscall.ENOMEM):
		return failure{"no_space", exitRefused}
	case is(os.ErrDeadlineExceeded, context.DeadlineExceeded):
		return failure{"timeout", exitTimeout}
	case as[lossError](err):
		return failure{"records_lost", exitLoss}
	case as[skippedError](err):
		return failure{"lines_skipped", exitLoss}
	}
	return failure{"internal", exitInternal}
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// report prints the one line that says what went wrong, and gives the exit code
// for it.
func (e *env) report(ctx context.Context, err error) int {
	var status exitStatus
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, syscall.EPIPE):
		return exitOK
	case errors.As(err, &status):
		return int(status)
	}
	if e.nagiosErrors {
		return e.reportNagios(err)
	}
	f := classify(err)
	hint := hintOf(err)
	if e.jsonErrors {
		e.reportJSON(f, err, hint)
		return f.exit
	}
	line := "shmtool: "
	if e.verb != "" {
		line += e.verb + ": "
	}
	fmt.Fprintln(e.stderr, line+e.worded(err))
	return f.exit
}

// worded returns what the user reads of an error: its text and its hint, without
// secrets.
func (e *env) worded(err error) string {
	line := err.Error()
	if hint := hintOf(err); hint != "" {
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
	var value *layout.ValueError
	if errors.As(err, &value) && value.Value != "" && e.known.Hides(value.Field) {
		text = strings.ReplaceAll(text, value.Value, mist.Mark)
	}
	return mist.Redact(text)
}

func (e *env) reportJSON(f failure, err error, hint string) {
	var page pageError
	name := e.page
	message := err.Error()
	if errors.As(err, &page) {
		name, message = page.page, page.err.Error()
	}
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Command string `json:"command,omitempty"`
			Message string `json:"message"`
			Page    string `json:"page,omitempty"`
			Hint    string `json:"hint,omitempty"`
		} `json:"error"`
	}
	doc.Error.Code, doc.Error.Command, doc.Error.Page = f.code, e.verb, name
	doc.Error.Message, doc.Error.Hint = e.redacted(err, message), e.redacted(err, hint)
	b := json.NewEncoder(e.stderr)
	b.SetEscapeHTML(false)
	_ = b.Encode(doc)
}

// warn prints a line on standard error that is no error.
func (e *env) warn(format string, a ...any) {
	fmt.Fprintf(e.stderr, "shmtool: %s: %s\n", e.verb, e.redacted(nil, fmt.Sprintf(format, a...)))
}

// permissionHint says whose page it is, and who asks.
func permissionHint(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("it belongs to uid %d, gid %d, mode %04o; you are uid %d", st.Uid, st.Gid, st.Mode&0o7777, os.Getuid())
}

// notFoundHint names what there is in the directory that is nearest to what was
// asked for.
func (e *env) notFoundHint(path string) string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return fmt.Sprintf("directory %q: %v", filepath.Clean(dir), bare(err))
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() == name {
			return "it is a symbolic link that leads nowhere"
		}
		names = append(names, entry.Name())
	}
	if near := closest(name, names); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if filepath.Clean(dir) == filepath.Clean(e.shmDir) {
		return "shmtool ls lists the pages in " + e.shmDir
	}
	return ""
}
