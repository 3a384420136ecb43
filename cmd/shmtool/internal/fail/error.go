// Package fail has the classes of errors that a command can end with: their exit
// codes, their names in JSON, how they are worded, and the hints that go with
// them. It prints nothing.
package fail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// classified is an error whose class is known where it is made.
type classified struct {
	class Class
	error
}

func (c classified) Unwrap() error { return c.error }

// As returns err as an error of a class.
func As(class Class, err error) error {
	if err == nil {
		return nil
	}
	return classified{class, err}
}

// Is reports whether err was made an error of a class by As.
func Is(err error, class Class) bool {
	var c classified
	return errors.As(err, &c) && c.class == class
}

// Usagef returns an error about a command line that cannot be understood.
func Usagef(format string, a ...any) error { return As(Usage, fmt.Errorf(format, a...)) }

// Refusef returns an error about an object whose state does not allow what was asked.
func Refusef(format string, a ...any) error { return As(Refused, fmt.Errorf(format, a...)) }

// Lost returns the error about n records that were withdrawn before they were read.
func Lost(n uint64) error {
	return As(RecordsLost, errors.New(units.Counted(n, "record was", "records were")+" lost"))
}

// Timeout returns the error about something that did not happen in time. The text what
// follows the word "timeout".
func Timeout(what string) error { return As(TimedOut, errors.New("timeout "+what)) }

// Status is an exit code with no message: what there was to say has been printed.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// worded is an error in words of ours.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// Worded returns err with another text. errors.Is finds err in it.
func Worded(err error, text string) error { return worded{err, text} }

// hinted is an error with a line that says what to do.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hinted returns err with a line that says what to do about it. Without a hint it
// returns err itself.
func Hinted(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return hinted{err, hint}
}

// HintOf returns the outermost hint of err, "" when it has none.
func HintOf(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

// secretive is an error whose text may show the value of a secret field.
type secretive struct {
	error
	page *mist.PageInfo
}

func (s secretive) Unwrap() error { return s.error }

// Secretive returns err with what is known of the page whose values it may show. A
// report leaves out those of secret fields, also of fields of a page that nothing is known
// of which are called as a secret is.
func Secretive(page *mist.PageInfo, err error) error {
	var value *layout.ValueError
	if err == nil || page == nil && !errors.As(err, &value) {
		return err
	}
	return secretive{err, page}
}

// Secret returns the value that err shows of a secret field, "" when there is none.
func Secret(err error) string {
	var s secretive
	var value *layout.ValueError
	if errors.As(err, &s) && errors.As(err, &value) && (s.page.Hides(value.Field) || mist.Member(value.Field).Secret == mist.SecretAll) {
		return value.Value
	}
	return ""
}

// pageError is an error about a page.
type pageError struct {
	page string
	err  error
}

func (p pageError) Error() string { return fmt.Sprintf("page %q: %v", p.page, p.err) }
func (p pageError) Unwrap() error { return p.err }

// OnPage returns err as an error about the page that the user named. It drops the
// file and operation that libraries put before it, because the line says it already.
// An error that is about a page, the command line or the output stays what it is.
func OnPage(page string, err error) error {
	var already pageError
	switch {
	case err == nil, errors.As(err, &already), Is(err, WriteFailed):
		return err
	case Is(err, Usage):
		var usage classified
		errors.As(err, &usage)
		return Hinted(usage, HintOf(err))
	}
	hint := HintOf(err)
	if hint == "" {
		hint = fieldHint(err)
	}
	return Hinted(pageError{page, Cause(err)}, hint)
}

// Page returns the page that err is about, "" for none, and what is wrong with it.
func Page(err error) (page, message string) {
	var p pageError
	if errors.As(err, &p) {
		return p.page, p.err.Error()
	}
	return "", err.Error()
}

// Cause returns the cause inside err, in the words of pages where its own words are
// those of files.
func Cause(err error) error {
	err = Bare(err)
	_, isNumber := err.(syscall.Errno)
	var format *layout.FormatError
	switch {
	case isNumber && errors.Is(err, fs.ErrNotExist):
		return worded{err, "no such page"}
	case isNumber && errors.Is(err, fs.ErrExist):
		return worded{err, "page exists"}
	case err == error(syscall.EISDIR):
		return worded{err, "is a directory, not a page"}
	case errors.As(err, &format) && err == error(format):
		return worded{err, "not a valid RelAccX page: " + err.Error()}
	}
	return err
}

// Bare returns the cause inside the file names and hints that libraries, and this
// package, put around it.
func Bare(err error) error {
	switch e := err.(type) {
	case hinted:
		return Bare(e.error)
	case secretive:
		return Secretive(e.page, Bare(e.error))
	}
	return cause.Of(err)
}

// ExceptEnd returns err unless it is io.EOF, the end of what was read.
func ExceptEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
