package cli

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/world"
)

const pagerFlag = "no-pager"

// pages reports whether this run of a command ends with a text to read: it draws nothing
// again, and follows nothing.
func (cmd *Command) pages(c *urfave.Context) bool {
	return cmd.Paged && !c.Bool("watch") && !c.Bool("follow")
}

// paged runs do, with its output in a pager, where standard output
// and standard input are a terminal and there is a pager.
func paged(w *world.World, do func() error) error {
	out, isFile := w.Stdout.(*os.File)
	program := pagerOf(w)
	if w.NoPager || !isFile || !w.Terminal || w.Dumb() || program == "" || !term.IsTerminal(int(os.Stdin.Fd())) {
		return do()
	}
	pager := exec.Command("sh", "-c", program)
	pager.Stdout, pager.Stderr = out, os.Stderr
	pager.Env = os.Environ()
	if w.Getenv("LESS") == "" {
		pager.Env = append(pager.Env, "LESS=FRX") // ends where all fits, colors, and leaves the text there
	}
	into, err := pager.StdinPipe()
	if err == nil {
		err = pager.Start()
	}
	if err != nil {
		return do() // a text without a pager is better than none
	}
	w.Stdout = into
	err = do()
	if errors.Is(err, syscall.EPIPE) { // its reader has seen enough
		err = nil
	}
	_ = into.Close()
	_ = pager.Wait() // what it says of its own end is for its reader
	w.Stdout = out
	return err
}

// pagerOf returns the command line of the pager, "" for none.
func pagerOf(w *world.World) string {
	program := firstOf(w.Getenv(PagerVariable), w.Getenv("PAGER"))
	switch program {
	case "":
		if _, err := exec.LookPath("less"); err == nil {
			return "less"
		}
		return ""
	case "cat":
		return ""
	}
	return program
}
