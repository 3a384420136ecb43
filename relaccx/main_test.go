package relaccx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/layout"
)

// The test binary is its own other process: with roleVariable set it takes no
// tests but does as a script on its standard input says.
const roleVariable = "RELACCX_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(roleVariable); path != "" {
		os.Exit(runWriter(path, os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// runWriter does what each line says and answers it with "ok" or the error.
func runWriter(path string, script io.Reader, answers io.Writer) int {
	s := scriptWriter{path: path}
	lines := bufio.NewScanner(script)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if err := s.do(words[0], words[1:]); err != nil {
			fmt.Fprintln(answers, err)
			continue
		}
		fmt.Fprintln(answers, "ok")
	}
	return 0
}

type scriptWriter struct {
	path string
	w    *Writer
}

func (s *scriptWriter) do(verb string, words []string) error {
	numbers := make([]int, len(words))
	for i, word := range words {
		numbers[i], _ = strconv.Atoi(word)
	}
	switch verb {
	case "create", "replace":
		return s.create(numbers[0], numbers[1], verb == "replace")
	case "open":
		return s.open()
	case "push":
		return s.push(numbers[0], numbers[1])
	case "pushforever":
		return s.push(math.MaxInt32, numbers[0])
	case "reload":
		return s.w.Reload(sealedShape(numbers[0], numbers[1], len(words) > 2), ReloadOptions{})
	case "dieat":
		atStep = func(step string) {
			if step == words[0] {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
	case "unlink":
		return os.Remove(s.path)
	case "exit":
		return s.w.SetExit()
	case "announce":
		return s.w.SetReload()
	case "truncate":
		return os.Truncate(s.path, int64(numbers[0]))
	default:
		return errors.New("unknown verb " + verb)
	}
	return nil
}

// sealedShape is of records that seal and sealed know, whatever fields they have:
// the seal is over the first of them, and fields that come later lie behind it.
func sealedShape(records, body int, extra bool) layout.Shape {
	text := fmt.Sprintf("seal:raw:%d\n", body)
	if extra {
		text += "extra:string:9\n"
	}
	s, err := layout.ParseSchema(text)
	if err != nil {
		panic(err)
	}
	return layout.Shape{Schema: s, RecordCount: uint32(records)}
}

// sealOf is the sealed bytes of a record: a body that has grown since has zeros
// at its end.
func sealOf(rec *Record) []byte {
	b := rec.Schema().Lookup("seal").In(rec.Bytes())
	return b[:sealSize]
}

const sealSize = 64

func (s *scriptWriter) create(records, body int, replace bool) (err error) {
	if s.w != nil && replace {
		s.w.Close()
	}
	s.w, err = Create(s.path, sealedShape(records, body, false), CreateOptions{Replace: replace})
	return err
}

func (s *scriptWriter) open() (err error) {
	s.w, err = OpenWriter(s.path, WriterOptions{})
	return err
}

// push pushes count records in bursts, with a wake after each and a pause.
func (s *scriptWriter) push(count, burst int) error {
	h, err := s.w.Header()
	if err != nil {
		return err
	}
	for n := h.EndPos; n < h.EndPos+uint64(count); {
		end := min(n+uint64(burst), h.EndPos+uint64(count))
		err := s.w.Batch(func() error {
			for ; n < end; n++ {
				rec, err := s.w.NewRecord()
				if err != nil {
					return err
				}
				seal(rec.Bytes()[:sealSize], n)
				if err := s.w.AppendOverwrite(rec.Bytes()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.w.Wake()
		time.Sleep(time.Duration(n%7) * 10 * time.Microsecond)
	}
	return nil
}

// child is a process that runs a script line by line.
type child struct {
	tb      testing.TB
	cmd     *exec.Cmd
	script  io.WriteCloser
	answers *bufio.Scanner
}

func startChild(tb testing.TB, path string) *child {
	tb.Helper()
	c := &child{tb: tb, cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+path, "GORACE=exitcode=66")
	c.cmd.Stderr = os.Stderr
	script, err := c.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	answers, err := c.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	c.script, c.answers = script, bufio.NewScanner(answers)
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.kill)
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// tell gives lines to the child and does not wait for them to be done.
func (c *child) tell(lines ...string) {
	c.tb.Helper()
	if _, err := io.WriteString(c.script, strings.Join(lines, "\n")+"\n"); err != nil {
		c.tb.Fatal(err)
	}
}

// answered waits until the child has done so many lines.
func (c *child) answered(count int) {
	c.tb.Helper()
	for range count {
		if !c.answers.Scan() {
			c.tb.Fatalf("the other process is gone: %v", c.answers.Err())
		}
		if c.answers.Text() != "ok" {
			c.tb.Fatalf("the other process says: %s", c.answers.Text())
		}
	}
}

// does has the child do lines, one after the other.
func (c *child) does(lines ...string) {
	c.tb.Helper()
	c.tell(lines...)
	c.answered(len(lines))
}

// diesAt has the child do lines, of which one kills it.
func (c *child) diesAt(lines ...string) {
	c.tb.Helper()
	c.tell(lines...)
	for c.answers.Scan() {
		if c.answers.Text() != "ok" {
			c.tb.Fatalf("the other process says: %s", c.answers.Text())
		}
	}
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		c.tb.Fatalf("the other process ended with %v, want to be killed", err)
	}
}

// kill ends the child with SIGKILL, wherever it is.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}
