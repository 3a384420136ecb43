package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/verb/server"
)

// bookServer is a snapshot of a simulated server: the source of video was killed, and the
// buffer stopped.
const bookServer = "testdata/cheat.tar.gz"

// bookCodes are the exit codes of those lines of the cook-book that find something.
var bookCodes = map[string]int{
	"shmtool doctor live":                  1,
	"shmtool doctor --moment night.tar.gz": 1,
	"ssh a shmtool doctor live":            1,
	"shmtool doctor live -o nagios":        2,
}

// Each line of the cook-book does on a server what is said of it: it prints something, or
// writes its file. ssh leads to the same server, and watch looks once.
func TestCookBook(t *testing.T) {
	skipShort(t)
	t.Parallel()
	for _, program := range []string{"bash", "jq", "xargs"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	all := server.Recipes()
	if len(all) < 30 {
		t.Errorf("there are only %d lines", len(all))
	}
	dir := t.TempDir()
	m := unpackTo(t, bookServer, dir)
	bin := filepath.Join(dir, "bin")
	writeScript(t, filepath.Join(bin, "ssh"), "shift; exec sh -c \"$*\"")
	writeScript(t, filepath.Join(bin, "watch"), "shift 2; exec \"$@\"")
	here := strings.NewReplacer("/tmp/", dir+"/", "/dev/shm", filepath.Join(m.dir, "shm"), "--for 10m", "--for 50ms", "--for 10s", "--for 50ms")
	for _, r := range all {
		before := countFiles(t, dir)
		cmd := exec.Command("bash", "-c", here.Replace(r.Command))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), cli.ShmDirVariable+"="+filepath.Join(m.dir, "shm"), cli.ProcDirVariable+"="+filepath.Join(m.dir, "proc"))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // its exit code says more
		if code := cmd.ProcessState.ExitCode(); code != bookCodes[r.Command] {
			t.Errorf("%s: exit code %d, not %d\n%s", r.Command, code, bookCodes[r.Command], &stderr)
		}
		if stdout.Len() == 0 && countFiles(t, dir) == before {
			t.Errorf("%s: prints nothing and writes no file\n%s", r.Command, &stderr)
		}
	}
}

func writeScript(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
}

func countFiles(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// The manual has the cook-book, made of the same text. UPDATE_MANUAL=1 writes it there.
func TestManualCookBook(t *testing.T) {
	const page, begin = "man/shmtool.1", ".Sh COOK-BOOK\n"
	text := readFile(t, page)
	before, rest, found := strings.Cut(text, begin)
	i := strings.Index(rest, ".Sh ")
	if !found || i < 0 {
		t.Fatalf("%s has no section COOK-BOOK", page)
	}
	switch want := manualRecipes(); {
	case rest[:i] == want:
	case os.Getenv("UPDATE_MANUAL") != "":
		if err := os.WriteFile(moduleRoot+page, []byte(before+begin+want+rest[i:]), 0o666); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the section COOK-BOOK of %s is not verb/server/cheat.txt: run UPDATE_MANUAL=1 go test ./cmd/shmtool -run TestManualCookBook", page)
	}
}

// manualRecipes returns the cook-book as the manual has it.
func manualRecipes() string {
	var b strings.Builder
	b.WriteString("These are the lines that\n.Cm cheat\nprints.\n.Ql live\nstands for the name of your stream, and\n.Ql a\nfor another server.\n")
	title := ""
	for _, r := range server.Recipes() {
		if r.Title != title {
			title = r.Title
			b.WriteString(".Ss " + title[:1] + strings.ToLower(title[1:]) + "\n")
		} else {
			b.WriteString(".Pp\n")
		}
		command := strings.ReplaceAll(r.Command, `\`, `\e`)
		b.WriteString(r.Use + "\n.Bd -literal -offset 2n\n" + command + "\n.Ed\n")
	}
	return b.String()
}
