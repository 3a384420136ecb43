package read

import (
	"context"
	"os"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/cli"
)

func Save() *cli.Command {
	return &cli.Command{
		Name:  "save",
		Args:  "PAGE FILE | --all DIR | --stream NAME DIR",
		Usage: "a consistent copy of a page in a file, or of all there is in a folder",
		About: `The copy is the page's bytes, zeros left as holes; what was withdrawn while it
was copied is withdrawn in it as well. Every reading command takes it as ./FILE.
An existing file is replaced only when the copy is whole. FILE - is standard
output.

With --all it saves the moment: all objects of MistServer and all RelAccX pages,
semaphores too, and of the processes around them what doctor needs. With --stream
only the objects of that stream, or of several, and those that belong to none. DIR must not be
there yet, or be empty; where its name ends in .tar.gz or .tgz it is an archive.
Every command that only looks, and does not wait for what comes, takes it as
--moment DIR, on any machine, at any time. A line on standard error says what was
saved, and what could not be seen; an object that cannot be read is named and left
out, and the exit code is 8 then. Nothing is written to what is saved.

Secrets are copied as they are: stream keys, passwords, the command lines of
processes (not their environment). What --all makes, you alone may read.`,
		Examples: []string{
			"shmtool save MstMetalive ./meta.rax && shmtool dump ./meta.rax",
			"shmtool save --all stuck.tar.gz",
			"shmtool save --stream live /tmp/live && shmtool streams --moment /tmp/live",
			"shmtool save --all --shm-dir /proc/4711/root/dev/shm container.tar.gz",
		},
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "save every object, and the processes"},
		}, pages.StreamFlags(
			"save what belongs to the stream `NAME`, and to all, and the processes; may be repeated",
			"save what belongs to streams whose names match the shell `PATTERN`, likewise; may be repeated")...),
		Run: runSave,
	}
}

func runSave(ctx context.Context, c *cli.Call) (err error) {
	if c.Bool("all") || c.IsSet("stream") || c.IsSet("stream-pattern") {
		return saveMoment(ctx, c)
	}
	if len(c.Args) != 2 {
		return fail.Usagef("needs a PAGE and a FILE")
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return err
	}
	if err := t.Plain(); err != nil {
		return err
	}
	p, err := object.Open(c.World, t)
	if err != nil {
		return err
	}
	defer p.Close()
	h, err := p.Header()
	if err != nil {
		return t.OnPage(err)
	}
	if o, is := object.OpenNamed(c, t); is { // which no bit says to be finished
		o.File.Close()
	} else if !h.Status.Ready() {
		object.NotReady(c.World, t)
	}
	if c.Arg(1) == "-" && c.Out.Terminal {
		return out.ToTerminal("a copy of a page")
	}
	return out.WriteFile(c.World, c.Arg(1), ownersAlone, func(to *os.File) error {
		err := p.Save(to)
		if fail.OnOpen(err, to) {
			return err
		}
		return t.OnPage(err)
	})
}

// ownersAlone is the mode of a copy, which holds what the page does: secrets, too.
const ownersAlone = 0o600
