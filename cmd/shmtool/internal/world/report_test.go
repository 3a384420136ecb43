package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/relaccx"
)

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
		{"findings", t.Context(), fail.Status(4), 4, "", ""},
		{
			"an error about a page", t.Context(), fail.Hinted(fail.OnPage("a<b", &relaccx.PageError{Op: "open", Page: "x", Err: syscall.ENOENT}), "look"), 3,
			`shmtool: dump: page "a<b": no such page; look`,
			`{"error":{"code":"page_not_found","command":"dump","message":"no such page","page":"a<b","hint":"look"}}`,
		},
		{
			"an error of its own", t.Context(), fail.Usagef("needs a PAGE"), 2,
			`shmtool: dump: needs a PAGE`,
			`{"error":{"code":"usage","command":"dump","message":"needs a PAGE"}}`,
		},
		{
			"a name that no JSON has as Go writes it", t.Context(), fail.OnPage("a\x7f\u202e", &relaccx.PageError{Op: "open", Page: "x", Err: syscall.ENOENT}), 3,
			`shmtool: dump: page "a\x7f\u202e": no such page`,
			`{"error":{"code":"page_not_found","command":"dump","message":"no such page","page":"a\u007f\u202e"}}`,
		},
		{
			"a joined error", t.Context(), fail.OnPage("x", errors.Join(&layout.FormatError{Offset: 3, What: "bad"}, nil)), 4,
			`shmtool: dump: page "x": not a valid RelAccX page: byte 3: bad`,
			`{"error":{"code":"invalid_page","command":"dump","message":"not a valid RelAccX page: byte 3: bad","page":"x"}}`,
		},
	}
	for _, tt := range tests {
		for _, asJSON := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				e := New(nil, &stdout, &stderr, os.Getenv)
				e.Verb = "dump"
				if asJSON {
					e.Errors = JSON
				}
				want := map[bool]string{false: tt.text, true: tt.json}[asJSON]
				if code := e.Report(tt.ctx, tt.err); code != tt.code || strings.TrimSuffix(stderr.String(), "\n") != want || stdout.Len() > 0 {
					t.Errorf("code %d, want %d\n%s%s\nwant\n%s", code, tt.code, stdout.String(), stderr.String(), want)
				}
			})
		}
	}
}

// A field's name that has a line feed in it broke a warning into two lines.
func TestWarnIsOneLine(t *testing.T) {
	var stderr bytes.Buffer
	w := New(nil, nil, &stderr, os.Getenv)
	w.Verb = "dump"
	w.Warn("did you mean %s?", "st\natus\x1b")
	if want := `shmtool: dump: did you mean st\natus\x1b?` + "\n"; stderr.String() != want {
		t.Errorf("%q, want %q", stderr.String(), want)
	}
}
