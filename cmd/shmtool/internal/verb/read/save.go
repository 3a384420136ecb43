package read

import (
	"context"
	"os"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
)

// saveOptions is what a command line of save asks for: a page, or a snapshot.
type saveOptions struct {
	page     string
	snapshot bool
	redact   bool          // replace what is private in the snapshot
	streams  pages.Streams // of a snapshot; none are all
	file     string        // for the copy of a page, or for the snapshot
}

// Save returns the command that copies a page to a file, or saves a snapshot.
func Save() *cli.Command {
	return &cli.Command{
		Finishes: true,
		Name:     "save",
		Args:     "PAGE FILE | --all DIR | --stream NAME DIR",
		Usage:    "save a copy of a page, or a snapshot of all objects",
		About: `save copies the bytes of a page, and leaves zeros as holes. When a record is
withdrawn during the copy, the copy has it withdrawn as well. Every reading command
takes the copy as ./FILE. save replaces an existing file only when the copy is whole.
FILE - is standard output. With --ssh, FILE is on this machine.

With --all save writes a snapshot: all objects of MistServer and all RelAccX pages,
including semaphores, and what doctor needs to know about the processes. With --stream
it saves only the objects of that stream, or of several, and the objects that belong to
no stream. DIR must be new or empty. When its name ends in .tar.gz, .tgz, .tar.zst or .tzst, save
writes an archive, as it copies, and gives it its name when it is whole; - is a .tar.gz on standard output. A .tar.zst is
smaller, often many times, and takes less time.

Every command that only reads, and does not follow a page, takes a snapshot as
--moment DIR, on any machine, at any time. save prints on standard error what it saved
and what it could not see. When it cannot read an object, it names the object, leaves it
out, and exits with code 8. It changes nothing that it saves.

A copy contains secrets: stream keys, passwords, and in a snapshot the command lines of
processes (not their environment). Only you can read the files that save writes.

With --redact save replaces what is private in a snapshot, so that you can send it to a
stranger: stream keys and other secrets, IP addresses, users, hosts and parameters of URLs,
ids of sessions, the name of the machine, arguments of processes, and in all texts each
word that is not in a list of harmless ones. Payloads, records that are not in use, and
everything that shmtool does not know become blank. The same value gets the same
replacement. Names of streams, numbers, times and sizes stay, and doctor gives the same
verdict. To redact an older snapshot, save it again with --moment.`,
		Examples: []string{
			"shmtool save MstMetalive ./meta.rax && shmtool dump ./meta.rax",
			"shmtool save --all stuck.tar.gz",
			"shmtool save --stream live /tmp/live && shmtool streams --moment /tmp/live",
			"shmtool save --all --redact --moment stuck.tar.gz public.tar.gz",
			"shmtool save --ssh edge1 --all edge1.tar.gz",
			"shmtool save --all --shm-dir /proc/4711/root/dev/shm container.tar.gz",
		},
		SavesTo: savesTo,
		Flags: append([]cli.Flag{
			cli.SSHFlag(),
			&cli.BoolFlag{Name: "all", Usage: "save every object, and the processes"},
			&cli.BoolFlag{Name: "redact", Usage: "replace what is private in the snapshot"},
		}, pages.StreamFlags(
			"save the stream `NAME`, what belongs to no stream, and the processes; may be repeated",
			"the same for all streams whose names match the shell `PATTERN`; may be repeated")...),
		Run: runSave,
	}
}

func saveOptionsOf(c *cli.Call) (o saveOptions, err error) {
	chosen := c.Given("stream", "stream-pattern")
	o.snapshot = c.Bool("all") || len(chosen) > 0
	o.redact = c.Bool("redact")
	switch {
	case o.redact && !o.snapshot:
		return o, fail.Usagef("--redact is for a snapshot: use it with --all or --stream")
	case c.Bool("all") && len(chosen) > 0:
		return o, fail.ExactlyOne("--all", "--"+chosen[0])
	case o.snapshot && c.Arg(0) == "":
		return o, fail.Required("DIR, FILE.tar.gz or FILE.tar.zst")
	case o.snapshot && len(c.Args) > 1:
		return o, fail.Unexpected(c.Arg(1), "one DIR, FILE.tar.gz or FILE.tar.zst")
	case o.snapshot:
		o.file = c.Arg(0)
		o.streams, err = pages.Flagged(c)
		return o, err
	case len(c.Args) < 2:
		return o, fail.Required("PAGE", "FILE")
	case len(c.Args) > 2:
		return o, fail.Unexpected(c.Arg(2), "PAGE and FILE")
	}
	o.page, o.file = c.Arg(0), c.Arg(1)
	return o, nil
}

func runSave(ctx context.Context, c *cli.Call) error {
	o, err := saveOptionsOf(c)
	switch {
	case err != nil:
		return err
	case o.snapshot:
		return saveSnapshot(ctx, c.World, o)
	}
	return savePage(c, o)
}

// savesTo returns the arguments with which save writes to standard output, for --ssh.
func savesTo(c *cli.Call) (args []string, file string, err error) {
	o, err := saveOptionsOf(c)
	switch {
	case err != nil:
		return nil, "", err
	case !o.snapshot:
		return []string{o.page, "-"}, o.file, nil
	case o.file != "-" && !strings.HasSuffix(o.file, ".tar.gz") && !strings.HasSuffix(o.file, ".tgz"):
		return nil, "", fail.Usagef("save --ssh writes a snapshot as an archive: use a name that ends in .tar.gz")
	}
	return []string{"-"}, o.file, nil
}

func savePage(c *cli.Call, o saveOptions) (err error) {
	t, err := object.Address(c.World, o.page)
	if err != nil {
		return err
	}
	if err := t.Plain(); err != nil {
		return err
	}
	named, err := object.OpenNamed(c.World, t)
	if err != nil {
		return err
	}
	if named != nil {
		defer named.Close(&err)
		return writeCopy(c, o, t, named.Save)
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
	if !h.Status.Ready() {
		object.NotReady(c.World, t)
	}
	return writeCopy(c, o, t, p.Save)
}

// writeCopy writes the copy that save makes of a target to the file that was named.
func writeCopy(c *cli.Call, o saveOptions, t object.Target, save func(to *os.File) error) error {
	if o.file == "-" && c.Out.Terminal {
		return out.ToTerminal("a copy of a page")
	}
	return out.WriteFile(c.World, o.file, out.OwnersAlone, func(to *os.File) error {
		err := save(to)
		if fail.OnOpen(err, to) {
			return err
		}
		return t.OnPage(err)
	})
}
