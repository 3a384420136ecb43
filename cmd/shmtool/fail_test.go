package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/relaccx"
)

func secondsOf(n int) time.Duration { return time.Duration(n) * time.Second }

// The exit codes and the names of errors in JSON are a contract.
func TestClassify(t *testing.T) {
	page := func(err error) error { return &relaccx.PageError{Op: "open", Page: "x", Err: err} }
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	tests := []struct {
		err  error
		code string
		exit int
	}{
		{usagef("needs a PAGE"), "usage", 2},
		{inputError{errors.New("line 3")}, "bad_input", 2},
		{inputError{path(syscall.ENOENT)}, "bad_input", 2},
		{inputError{path(syscall.EACCES)}, "permission_denied", 7},
		{&layout.ValueError{Field: "a"}, "bad_input", 2},
		{page(&layout.SpecError{Text: "a"}), "bad_input", 2},
		{refusef("no"), "refused", 5},
		{&relaccx.FieldError{Field: "a", Have: &layout.Schema{}}, "field_not_found", 3},
		{page(relaccx.ErrNotNested), "field_not_found", 3},
		{page(relaccx.ErrNoRecord), "record_not_found", 3},
		{page(relaccx.ErrWithdrawn), "record_not_found", 3},
		{relaccx.ErrOverdraw, "record_not_found", 3},
		{page(syscall.ENOENT), "page_not_found", 3},
		{path(fs.ErrNotExist), "page_not_found", 3},
		{page(syscall.ENOTDIR), "page_not_found", 3},
		{page(syscall.ENAMETOOLONG), "page_not_found", 3},
		{page(syscall.EACCES), "permission_denied", 7},
		{page(syscall.EPERM), "permission_denied", 7},
		{path(syscall.EROFS), "permission_denied", 7},
		{page(&layout.FormatError{What: "x"}), "invalid_page", 4},
		{page(fmt.Errorf("is a directory, %w", relaccx.ErrNotPage)), "invalid_page", 4},
		{page(syscall.EISDIR), "invalid_page", 4},
		{page(syscall.ENXIO), "invalid_page", 4},
		{page(syscall.ELOOP), "invalid_page", 4},
		{page(relaccx.ErrTruncated), "page_truncated", 4},
		{page(relaccx.ErrNotReady), "page_not_ready", 5},
		{page(&relaccx.LockedError{PID: 7}), "page_locked", 5},
		{page(relaccx.ErrReplaced), "page_replaced", 5},
		{page(relaccx.ErrEnded), "page_ended", 5},
		{page(relaccx.ErrFull), "page_full", 5},
		{page(relaccx.ErrReady), "page_ready", 5},
		{page(syscall.EEXIST), "page_exists", 5},
		{page(syscall.ENOSPC), "no_space", 5},
		{page(syscall.EFBIG), "no_space", 5},
		{timeoutError{"after 1s"}, "timeout", 6},
		{context.DeadlineExceeded, "timeout", 6},
		{lossError{2}, "records_lost", 8},
		{skippedError{2}, "lines_skipped", 8},
		{errors.New("whatever"), "internal", 70},
		{path(syscall.EIO), "internal", 70},
	}
	for _, tt := range tests {
		for _, err := range []error{tt.err, onPage("x", tt.err), hinted(tt.err, "do this"), errors.Join(tt.err, nil), fmt.Errorf("more: %w", tt.err)} {
			if got := classify(err); got != (failure{tt.code, tt.exit}) {
				t.Errorf("%v is %+v, want %s, exit %d", err, got, tt.code, tt.exit)
			}
		}
	}
}

func TestReport(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		err  error
		code int
		text string
		json string
	}{
		{"nothing", t.Context(), nil, 0, "", ""},
		{"a closed pipe", t.Context(), fmt.Errorf("write: %w", syscall.EPIPE), 0, "", ""},
		{"an interrupt", cancelled, errors.New("whatever"), 0, "", ""},
		{"findings", t.Context(), exitStatus(4), 4, "", ""},
		{
			"an error about a page", t.Context(), hinted(onPage("a<b", &relaccx.PageError{Op: "open", Page: "x", Err: syscall.ENOENT}), "look"), 3,
			`shmtool: dump: page "a<b": no such page; look`,
			`{"error":{"code":"page_not_found","command":"dump","message":"no such page","page":"a<b","hint":"look"}}`,
		},
		{
			"an error of its own", t.Context(), usagef("needs a PAGE"), 2,
			`shmtool: dump: needs a PAGE`,
			`{"error":{"code":"usage","command":"dump","message":"needs a PAGE"}}`,
		},
		{
			"a joined error", t.Context(), onPage("x", errors.Join(&layout.FormatError{Offset: 3, What: "bad"}, nil)), 4,
			`shmtool: dump: page "x": not a valid RelAccX page: byte 3: bad`,
			`{"error":{"code":"invalid_page","command":"dump","message":"not a valid RelAccX page: byte 3: bad","page":"x"}}`,
		},
	}
	for _, tt := range tests {
		for _, asJSON := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				e := newEnv(nil, &stdout, &stderr, os.Getenv)
				e.verb, e.jsonErrors = "dump", asJSON
				want := map[bool]string{false: tt.text, true: tt.json}[asJSON]
				if code := e.report(tt.ctx, tt.err); code != tt.code || strings.TrimSuffix(stderr.String(), "\n") != want || stdout.Len() > 0 {
					t.Errorf("code %d, want %d\n%s%s\nwant\n%s", code, tt.code, stdout.String(), stderr.String(), want)
				}
			})
		}
	}
}

// What was joined from one error reads as that error; page and hint stay.
func TestOnPage(t *testing.T) {
	cause := &relaccx.PageError{Op: "open", Page: "x", Err: syscall.EEXIST}
	err := onPage("x", hinted(errors.Join(cause), "do this"))
	if err.Error() != `page "x": page exists` || hintOf(err) != "do this" {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
	if again := onPage("y", err); again.Error() != err.Error() || hintOf(again) != "do this" {
		t.Errorf("said twice: %v, hint %q", again, hintOf(again))
	}
	if usage := onPage("x", hinted(usagef("no"), "so")); usage.Error() != "no" || hintOf(usage) != "so" {
		t.Errorf("usage: %v, hint %q", usage, hintOf(usage))
	}
	if onPage("x", nil) != nil {
		t.Error("nothing is something")
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 records", 1: "1 record", 2: "2 records"} {
		if got := counted(n, "record", "records"); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}
