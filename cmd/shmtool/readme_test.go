package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

// readmeLines returns the command lines of README, in their order: those behind a "$".
func readmeLines(t *testing.T) (lines []string) {
	t.Helper()
	for line := range strings.Lines(readFile(t, "README.md")) {
		if command, ok := strings.CutPrefix(line, "    $ "); ok {
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	if len(lines) < 30 {
		t.Fatalf("only %d command lines were found; this test has gone blind", len(lines))
	}
	return lines
}

// readmeShell runs command lines as README has them, beside a simulated stream.
type readmeShell struct {
	t    *testing.T
	work string // where they run
	shm  string
	runs []*exec.Cmd // what runs on behind them
}

var trackName = regexp.MustCompile(`MstTraklive@\d+-(\d)`)

// adapt returns the line with the names that pages have here, and with shorter times.
func (s *readmeShell) adapt(line string) string {
	line = trackName.ReplaceAllStringFunc(line, func(name string) string {
		pages, _ := filepath.Glob(filepath.Join(s.shm, "MstTraklive@*-"+trackName.FindStringSubmatch(name)[1]))
		if len(pages) == 0 {
			s.t.Fatalf("%s: no such page here", line)
		}
		return filepath.Base(pages[0])
	})
	return strings.NewReplacer("--for 10m", "--for 1s", "127.0.0.1:9424", "127.0.0.1:0", relaccx.ShmDir, s.shm).Replace(line)
}

func (s *readmeShell) command(line, shm string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", "exec 2>&1; "+line)
	cmd.Dir = s.work
	cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+shm, cli.ProcDirVariable+"="+s.work, "PATH="+s.work+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// endless matches a line that goes on until it is told to stop.
var endless = regexp.MustCompile(`&$| -f( |$)|^shmtool (top|watch|serve)\b|--watch\b`)

// run runs a line to its end, or starts it when it has none.
func (s *readmeShell) run(line string) {
	shm := s.shm
	if line == "shmtool simulate" {
		shm = s.t.TempDir() // the stream of that name runs here already
	}
	if endless.MatchString(line) {
		cmd := s.command(strings.TrimSuffix(s.adapt(line), "&"), shm)
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		s.runs = append(s.runs, cmd)
		return
	}
	var said []byte
	var err error
	var exit *exec.ExitError
	// What runs on may not have made its page yet.
	eventually(s.t, func() bool {
		said, err = s.command(s.adapt(line), shm).CombinedOutput()
		return len(s.runs) == 0 || !errors.As(err, &exit) || exit.ExitCode() != fail.ExitNotFound
	}, func() string { return line + ": " + string(said) })
	finds := regexp.MustCompile(`^shmtool (doctor|check|diff|bench --compare)\b`).MatchString(line)
	if err != nil && !(finds && errors.As(err, &exit) && exit.ExitCode() == 1) {
		s.t.Errorf("%s: %v\n%s", line, err, said)
	}
}

// end stops what runs on. None of it may have gone by itself for what its line says.
func (s *readmeShell) end() {
	for _, cmd := range s.runs {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code > 0 {
			s.t.Errorf("%v: exit code %d", cmd.Args, code)
		}
	}
}

// Every command line in README does what it says, in the order in which they stand there.
func TestREADMELines(t *testing.T) {
	skipShort(t)
	t.Parallel()
	s := &readmeShell{t: t, work: t.TempDir(), shm: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.work, "ssh"), []byte("#!/bin/sh\nshift\nexec sh -c \"$*\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	stream := launch(t, s.shm, "simulate", "--for", "0")
	stream.until("the stream", func() bool { return allThere(s.shm, "MstTraklive@*-2", "MstUserlive") })
	_, noJQ := exec.LookPath("jq")
	for _, line := range readmeLines(t) {
		switch {
		case strings.Contains(line, "jq -c") && noJQ != nil:
		case strings.Contains(line, "| nats") || strings.Contains(line, "| logger"): // they need a server, which may not be here
			line, _, _ = strings.Cut(line, " |")
			checkExample(t, "README.md", strings.Fields(line)[1:])
			s.run(line)
		case strings.HasPrefix(line, "shmtool bench"):
			line, _, _ = strings.Cut(line, " #")
			line, _, _ = strings.Cut(line, ">")
			if strings.Contains(line, "--against") { // whose words are another program's
				s.run(line + " --time 1ms")
				continue
			}
			checkExample(t, "README.md", strings.Fields(line)[1:]) // it takes a minute: bench has its own tests
		default:
			s.run(line)
		}
	}
	s.end()
	stream.signal(syscall.SIGTERM)
	_ = stream.cmd.Wait()
}

var quotedWord = regexp.MustCompile("`([a-z]+)`")

// README lists the commands for the same tasks as the help, and every exit code.
func TestREADMETables(t *testing.T) {
	readme := readFile(t, "README.md")
	_, table, _ := strings.Cut(readme, "## Commands\n")
	table, codes, found := strings.Cut(table, "| exit code |")
	if !found {
		t.Fatal("README has no tables of commands and exit codes")
	}
	named := map[string][]string{}
	for row := range strings.Lines(table) {
		if cells := strings.Split(row, "|"); len(cells) > 2 {
			for _, m := range quotedWord.FindAllStringSubmatch(cells[2], -1) {
				task := strings.TrimSpace(cells[1])
				named[task] = append(named[task], m[1])
			}
		}
	}
	all := map[string][]string{"get help": {"help"}}
	for _, c := range commands() {
		all[c.Task] = append(all[c.Task], c.Name)
	}
	if diff := cmp.Diff(all, named); diff != "" {
		t.Errorf("the help (-) and README (+) list the commands for a task differently:\n%s", diff)
	}
	for _, m := range regexp.MustCompile(`(?m)^  (\d+) |  (\d+) `).FindAllStringSubmatch(shmtool(t, t.TempDir(), "--help"), -1) {
		if code := m[1] + m[2]; !strings.Contains(codes, "\n| "+code+" | ") {
			t.Errorf("README does not say what exit code %s is", code)
		}
	}
}
