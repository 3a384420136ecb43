//go:build !linux || elsewhere

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// Every command that needs the shared memory of Linux says so in one line.
func TestElsewhereRefuses(t *testing.T) {
	for _, c := range commands() {
		lines := [][]string{{c.Name, "x"}}
		switch c.Access {
		case cli.Apart:
			continue
		case cli.Reads:
			lines = append(lines, []string{c.Name, "--pid", "1", "x"})
		}
		for _, args := range lines {
			r := runAs(t, "", args...)
			if r.code != fail.ExitUsage || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "it needs shared memory, which only Linux has") {
				t.Errorf("%q: exit code %d, %s%s", args, r.code, r.stdout, r.stderr)
			}
		}
	}
	if r := runAs(t, "", "ls", "-j"); !strings.Contains(r.stderr, `"code":"unsupported"`) {
		t.Errorf("ls -j: %s", r.stderr)
	}
}

// Evidence is looked at: a page's file, standard input, a folder of pages, and
// what looks at nothing.
func TestElsewhereLooks(t *testing.T) {
	dir := t.TempDir()
	template, _ := mist.KindGlobal.Template()
	page := streamstest.NewPage(t, template).Set(0, "systemBoot", 1_700_000_000).Bytes
	file := filepath.Join(dir, "MstGlobalConfig")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"get", file, "systemBoot"}, "1700000000\n"},
		{string(page), []string{"get", "-", "systemBoot"}, "1700000000\n"},
		{"", []string{"get", "--moment", dir, "MstGlobalConfig", "systemBoot"}, "1700000000\n"},
		{"", []string{"ls", "--names", "--shm-dir", dir}, "MstGlobalConfig\n"},
		{"", []string{"ls", "--names", "--moment", dir}, "MstGlobalConfig\n"},
		{"", []string{"tail", file, "--fields", "systemBoot", "--no-header"}, "1700000000 (1970-01-20T16:13:20Z)\n"},
		{"", []string{"streams", "--moment", dir, "-j", "--jq", ".rows | length"}, "0\n"},
		{"", []string{"explain", "--names", "--where", `.code == "writer_dead"`}, "writer_dead\n"},
		{"", []string{"version", "-j", "--jq", ".commit == null or (.commit | length > 7)"}, "true\n"},
	} {
		if r := runAs(t, c.stdin, c.args...); r.code != fail.ExitOK || r.stdout != c.want {
			t.Errorf("%q: exit code %d, %s%s", c.args, r.code, r.stdout, r.stderr)
		}
	}
	copied := filepath.Join(dir, "copied")
	if r := runAs(t, "", "save", file, copied); r.code != fail.ExitOK {
		t.Errorf("save: exit code %d, %s", r.code, r.stderr)
	}
	if got, err := os.ReadFile(copied); err != nil || string(got) != string(page) {
		t.Errorf("saved %d bytes of %d, %v", len(got), len(page), err)
	}
}

// runAs runs a command inside this process, with no folder named but by its flags.
func runAs(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w := world.New(strings.NewReader(stdin), &stdout, &stderr, func(string) string { return "" })
	code := run(t.Context(), w, args)
	return result{code, stdout.String(), stderr.String()}
}
