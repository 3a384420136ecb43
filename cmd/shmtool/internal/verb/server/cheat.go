package server

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// cheatText is the cook-book: titles, and command lines with a line each that says what
// they are for. The manual has it as well.
//
//go:embed cheat.txt
var cheatText string

// Recipe is a command line of the cook-book.
type Recipe struct{ Title, Use, Command string }

// Recipes returns the cook-book in its order.
func Recipes() []Recipe {
	var all []Recipe
	title := ""
	for block := range strings.SplitSeq(strings.TrimSpace(cheatText), "\n\n") {
		use, command, found := strings.Cut(block, "\n")
		if !found {
			title = block
			continue
		}
		all = append(all, Recipe{title, strings.TrimPrefix(use, "# "), command})
	}
	return all
}

// Cheat returns the command that prints the cook-book.
func Cheat() *cli.Command {
	return &cli.Command{
		Name:  "cheat",
		Paged: true,
		Args:  "[WORD…]",
		Usage: "print one-liners that operators need",
		About: `cheat prints command lines to copy, each with what it is for. With words it prints
those that have all of the words, in any case. live stands for the name of your
stream, and a for another server. Some lines need jq, watch, or ssh.`,
		Examples: []string{
			"shmtool cheat",
			"shmtool cheat snapshot",
			"shmtool cheat key frames",
			"shmtool cheat -o ndjson --jq .command",
		},
		Formats: out.PlainFormats,
		Columns: func() []string { return (&dump.Listing{Columns: recipeColumns()}).Keys() },
		Access:  cli.Apart,
		Run:     runCheat,
	}
}

func recipeColumns() []dump.Column {
	return []dump.Column{{Name: "COMMAND"}, {Name: "USE"}, {Name: "TITLE"}}
}

func runCheat(_ context.Context, c *cli.Call) error {
	found := slices.DeleteFunc(Recipes(), func(r Recipe) bool { return !r.has(c.Args) })
	if len(found) == 0 {
		return fail.Hinted(fail.Usagef("no line of the cook-book has %q", strings.Join(c.Args, " ")), "run shmtool cheat to see all lines")
	}
	if c.Out.IsUsual() {
		return c.Out.Print(out.Forms{Table: func(w io.Writer) error { return printRecipes(w, found, c.Out.Color) }})
	}
	l := &dump.Listing{Schema: "shmtool.cheat/1", Columns: recipeColumns()}
	for _, r := range found {
		l.Rows = append(l.Rows, []dump.Cell{{Value: r.Command}, {Value: r.Use}, {Value: r.Title}})
	}
	return c.Out.Document(l)
}

// has reports whether a recipe has all of the words.
func (r Recipe) has(words []string) bool {
	text := strings.ToLower(r.Title + "\n" + r.Use + "\n" + r.Command)
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, strings.ToLower(word)) })
}

// printRecipes prints recipes for people. A command line is never parted, so that it can be
// copied from a terminal of any width.
func printRecipes(w io.Writer, all []Recipe, color bool) error {
	title := ""
	for _, r := range all {
		if r.Title != title {
			if title != "" {
				fmt.Fprintln(w)
			}
			title = r.Title
			fmt.Fprintln(w, dump.Paint(title, dump.Heading, color))
		}
		if _, err := fmt.Fprintf(w, "\n%s\n%s\n", dump.Paint("# "+r.Use, dump.Faint, color), r.Command); err != nil {
			return err
		}
	}
	return nil
}
