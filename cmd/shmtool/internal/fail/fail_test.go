package fail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx"
)

// The exit codes and the names of errors in JSON are a contract.
func TestClassify(t *testing.T) {
	page := func(err error) error { return &relaccx.PageError{Op: "open", Page: "x", Err: err} }
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	tests := []struct {
		err  error
		code string
		exit int
	}{
		{Usagef("needs a PAGE"), "usage", 2},
		{As(BadInput, errors.New("line 3")), "bad_input", 2},
		{As(BadInput, path(syscall.ENOENT)), "bad_input", 2},
		{As(BadInput, path(syscall.EACCES)), "permission_denied", 7},
		{&layout.ValueError{Field: "a"}, "bad_input", 2},
		{page(&layout.SpecError{Text: "a"}), "bad_input", 2},
		{Refusef("no"), "refused", 5},
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
		{Timeout("after 1s"), "timeout", 6},
		{context.DeadlineExceeded, "timeout", 6},
		{Lost(2), "records_lost", 8},
		{As(LinesSkipped, errors.New("2 lines were skipped")), "lines_skipped", 8},
		{errors.New("whatever"), "internal", 70},
		{path(syscall.EIO), "internal", 70},
		{As(BadInput, path(syscall.EMFILE)), "internal", 70},
		{OnFile("x", path(syscall.EMFILE)), "write_failed", 70},
		{OnFile("x", path(syscall.ENOENT)), "bad_input", 2},
	}
	for _, tt := range tests {
		for _, err := range []error{tt.err, OnPage("x", tt.err), Hinted(tt.err, "do this"), errors.Join(tt.err, nil), fmt.Errorf("more: %w", tt.err)} {
			if got := Of(err); got != (Class{tt.code, tt.exit}) {
				t.Errorf("%v is %+v, want %s, exit %d", err, got, tt.code, tt.exit)
			}
		}
	}
}

// What was joined from one error reads as that error; page and hint stay.
func TestOnPage(t *testing.T) {
	cause := &relaccx.PageError{Op: "open", Page: "x", Err: syscall.EEXIST}
	err := OnPage("x", Hinted(errors.Join(cause), "do this"))
	if err.Error() != `page "x": page exists` || HintOf(err) != "do this" {
		t.Errorf("%v, hint %q", err, HintOf(err))
	}
	if again := OnPage("y", err); again.Error() != err.Error() || HintOf(again) != "do this" {
		t.Errorf("said twice: %v, hint %q", again, HintOf(again))
	}
	if usage := OnPage("x", Hinted(Usagef("no"), "so")); usage.Error() != "no" || HintOf(usage) != "so" {
		t.Errorf("usage: %v, hint %q", usage, HintOf(usage))
	}
	if OnPage("x", nil) != nil {
		t.Error("nothing is something")
	}
}

func TestClosest(t *testing.T) {
	tests := []struct {
		typed string
		names []string
		want  []string
	}{
		{"dmp", []string{"dump", "ls", "get"}, []string{"dump"}},
		{"live", []string{"alive", "love", "live2", "xlive"}, []string{"alive", "live2", "love"}},
		{"live", []string{"live"}, nil}, // what was typed is no news
		{"live", []string{"livexx", "livex"}, []string{"livex"}},
		{"ab", []string{"cd", "abcd"}, nil},
		{"a", []string{"b"}, nil},
		{"", []string{"a"}, nil},
		{"MstMetaliv", []string{"MstMetalive", "MstMetalive", "MstMetavod"}, []string{"MstMetalive"}},
		{"time", nil, nil},
		{"abcdef", []string{"abcxyz"}, nil},
		{"aaaa", []string{"aaab", "aaac", "aaad", "aaae"}, []string{"aaab", "aaac", "aaad"}},
	}
	for _, tt := range tests {
		if got := Closest(tt.typed, tt.names); !slices.Equal(got, tt.want) {
			t.Errorf("closest to %q of %q is %q, want %q", tt.typed, tt.names, got, tt.want)
		}
	}
}
