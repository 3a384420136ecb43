package server

import (
	"context"
	"io"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// explainOptions is what a command line of explain asks for.
type explainOptions struct {
	pages []explanation // none lists all codes
}

// Explain returns the command that prints the reference pages of codes.
func Explain() *cli.Command {
	return &cli.Command{
		Name:  "explain",
		Paged: true,
		Args:  "[CODE…]",
		Usage: "print what a code means, its causes, and what to do",
		About: `explain prints the reference page for each CODE that doctor or check reports: what it
is, how it comes about, how to see it by hand, what to do (the least destructive way
first), what not to do, and how to try it. In its commands live is the stream and 0 its
track; replace words in capitals, such as PID. Commands fit the machine: semaphores
have the names that its C library gives them, and systemctl stands only where systemd
runs.

Without a CODE explain lists all codes: first those of doctor with what they do to
viewers, causes before their consequences, and then those that only check reports.`,
		Examples: []string{
			"shmtool explain writer_dead",
			"shmtool explain",
			"shmtool explain --where '.severity == \"error\"' --names",
			"shmtool explain writer_dead -j --jq .text | less",
		},
		Formats: out.PlainFormats,
		Columns: (&dump.Listing{Columns: codeColumns()}).Keys,
		Access:  cli.Apart,
		Run:     runExplain,
	}
}

func explainOptionsOf(c *cli.Call) (o explainOptions, err error) {
	if len(c.Args) > 0 && (c.Out.Format == out.CSV || len(c.Given("where", "fields", "names", "format")) > 0) {
		return o, fail.Usagef("-o csv, --where, --fields, --names, and --format are for the list of codes: leave out CODE, or them")
	}
	for _, name := range c.Args {
		page, err := explanationOf(name)
		if err != nil {
			return o, err
		}
		o.pages = append(o.pages, page)
	}
	return o, nil
}

func runExplain(_ context.Context, c *cli.Call) error {
	o, err := explainOptionsOf(c)
	if err != nil {
		return err
	}
	if len(o.pages) == 0 {
		return c.Out.Document(codeListing())
	}
	machine := machineOf(c.World)
	for i, page := range o.pages {
		page.Text = machine.Fit(page.Text)
		text := func(w io.Writer) error { return page.text(w, i, len(o.pages), c.Out.Color) }
		if err := c.Out.Print(out.Forms{JSON: page.json, NDJSON: page.json, Table: text}); err != nil {
			return err
		}
	}
	return nil
}
