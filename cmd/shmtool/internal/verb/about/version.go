// Package about has the command that says what this shmtool is made of.
package about

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/licenses"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// Version returns the command that prints what shmtool was built of.
func Version() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Paged: true,
		Usage: "print version, commit, Go, libraries, and their licenses",
		About: `version prints the version of shmtool, the commit that it was built from, the version of
Go, and the libraries that this program links, with their versions and licenses. A build
outside of git, or with -buildvcs=false, does not know its commit, and says so.

With --licenses, version prints the full license texts instead: each text once, below the
names of what it covers.`,
		Examples: []string{
			"shmtool version",
			"shmtool version --licenses | less",
			"shmtool version -j --jq .commit",
			"shmtool version -o csv --fields library,version,license",
		},
		Access:  cli.Apart,
		Formats: out.PlainFormats,
		Columns: (&dump.Listing{Columns: libraryColumns()}).Keys,
		Flags:   []cli.Flag{&cli.BoolFlag{Name: "licenses", Usage: "print the full license texts of shmtool, Go, and all linked libraries"}},
		Run:     runVersion,
	}
}

func runVersion(_ context.Context, c *cli.Call) error {
	if len(c.Args) > 0 {
		return fail.Unexpected(c.Arg(0), "no arguments")
	}
	all, err := licenses.Load()
	if err != nil {
		return err
	}
	b := readBuild()
	if !c.Bool("licenses") {
		return printBuild(c.Out, b, all)
	}
	if c.Out.Format == out.CSV || len(c.Given("where", "fields", "names")) > 0 {
		return fail.Usagef("-o csv, --where, --fields, and --names are for the list of libraries: leave out --licenses, or them")
	}
	d := b.licensesOf(all)
	return c.Out.Print(out.Forms{JSON: d.json, NDJSON: d.json, Table: d.text})
}

// printBuild prints the list of libraries, in a table below what shmtool itself is.
func printBuild(p *out.Printer, b build, all licenses.All) error {
	if p.Format == out.Table && !p.NamesOnly && !p.NoHeader {
		if err := b.text(p); err != nil {
			return err
		}
	}
	return p.Document(b.listing(all))
}

// text prints all but the libraries.
func (b build) text(w io.Writer) error {
	commit := b.commit
	switch {
	case commit == "":
		commit = "unknown: this shmtool was built without git"
	case b.modified:
		commit += ", with changes that were not committed"
	}
	if b.time != "" {
		commit += ", " + b.time
	}
	_, err := fmt.Fprintf(w, "shmtool  %s\ncommit   %s\nGo       %s, %s\nlicense  MIT; texts: shmtool version --licenses\n\n", b.version, commit, b.goVersion, b.platform)
	return err
}

func libraryColumns() []dump.Column {
	return []dump.Column{{Name: "LIBRARY"}, {Name: "VERSION"}, {Name: "LICENSE"}}
}

// listing returns the libraries; JSON says the rest before them.
func (b build) listing(all licenses.All) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.version/1", RowsKey: "libraries", Columns: libraryColumns(), Head: []dump.Fact{
		{Name: "version", Value: b.version},
		{Name: "commit", Value: orNull(b.commit)},
		{Name: "commit_time", Value: orNull(b.time)},
		{Name: "modified", Value: b.modifiedOrNull()},
		{Name: "go", Value: b.goVersion},
		{Name: "platform", Value: b.platform},
	}}
	for _, lib := range b.libraries {
		names := []string{}
		if m := find(all, lib.path); m != nil {
			names = m.Licenses
		}
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: lib.path},
			{Value: lib.version},
			{Value: names, Text: cmp.Or(strings.Join(names, ", "), "unknown")},
		})
	}
	return l
}

// modifiedOrNull returns whether files differed from the commit, nil where none is known.
func (b build) modifiedOrNull() any {
	if b.commit == "" {
		return nil
	}
	return b.modified
}

// orNull returns nil, which is null in JSON, for a text that is not known.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
