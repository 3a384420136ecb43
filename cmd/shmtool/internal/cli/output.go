package cli

import (
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
)

// OutputFlags returns the flags of commands that print.
func OutputFlags(formats []string) []Flag {
	// The message about a wrong format names the command.
	output := Suggest(&StringFlag{Name: "output", Aliases: []string{"o"}, Value: out.Table, Usage: "`FORMAT`: " + strings.Join(formats, ", ")}, formats...)
	return []Flag{
		output,
		&BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "the same as -o json"},
		&StringFlag{Name: "jq", Usage: "filter the JSON with the jq expression `EXPR`; print strings without quotes"},
		&StringFlag{Name: "where", Usage: "keep the records or rows for which the jq expression `EXPR` is true"},
		&StringFlag{Name: "fields", Usage: "show the columns `A,B,C` in this order; +C adds to the usual ones"},
		&BoolFlag{Name: "names", Usage: "print only names, one a line"},
		&BoolFlag{Name: "no-header", Usage: "leave out the heading of a table or CSV"},
		&BoolFlag{Name: "bytes", Usage: "print sizes as plain numbers"},
		&BoolFlag{Name: "wide", Usage: "do not cut wide values to fit the terminal"},
		SecretsFlag("show keys, and passwords in URLs, instead of ***"),
		&StringFlag{Name: "format", Usage: "print each record or row by the `TEMPLATE` of Go: '{{.name}} {{.size}}'; with json and join"},
		Enum("int64", "number", "64-bit integers in JSON: `FORM`", "number", "string"),
	}
}

// SecretsFlag returns the flag that shows what is hidden.
func SecretsFlag(usage string) Flag { return &BoolFlag{Name: "show-secrets", Usage: usage} }

// outputOptions returns what the output flags ask for.
func outputOptions(c *urfave.Context, formats []string) (o out.Options, err error) {
	o.Format = c.String("output")
	if c.Bool("json") {
		o.Format = out.JSON
	}
	if !slices.Contains(formats, o.Format) {
		return o, fail.InvalidWord("-o", o.Format, formats, list(formats))
	}
	o.Int64Text = c.String("int64") == "string"
	o.NamesOnly, o.NoHeader, o.Bytes, o.Wide = c.Bool("names"), c.Bool("no-header"), c.Bool("bytes"), c.Bool("wide")
	if c.IsSet("fields") {
		o.Fields = strings.Split(c.String("fields"), ",")
	}
	if c.IsSet("where") {
		if o.Predicate, err = filter.Compile(c.Context, "--where", c.String("where")); err != nil {
			return o, fail.As(fail.Usage, err)
		}
	}
	if c.IsSet("sort") {
		if o.Sort, err = sortKeys(c.String("sort")); err != nil {
			return o, err
		}
	}
	if c.IsSet("format") {
		return templateOptions(c, o)
	}
	if !c.IsSet("jq") {
		return o, nil
	}
	if o.JQ, err = filter.Compile(c.Context, "--jq", c.String("jq")); err != nil {
		return o, fail.As(fail.Usage, err)
	}
	if o.Format == out.Table {
		o.Format = out.JSON
	}
	if o.Format != out.JSON && o.Format != out.NDJSON {
		return o, fail.Usagef("--jq cannot be combined with -o %s: use -o json or -o ndjson", o.Format)
	}
	return o, nil
}

// templateOptions returns the options with the template of --format, which is a format of
// its own.
func templateOptions(c *urfave.Context, o out.Options) (out.Options, error) {
	for _, name := range []string{"output", "json", "jq", "names"} {
		if c.IsSet(name) {
			return o, fail.Usagef("--format cannot be combined with %s", flagWord(name))
		}
	}
	var err error
	o.Format = out.NDJSON
	o.Template, err = out.NewTemplate(c.String("format"))
	return o, err
}

// flagWord returns a flag as people type it.
func flagWord(name string) string {
	switch name {
	case "output":
		return "-o"
	case "json":
		return "-j"
	}
	return "--" + name
}

// SortFlag returns the flag of commands that list things.
func SortFlag() Flag {
	return &StringFlag{Name: "sort", Usage: "sort by `COLUMN`, or several with commas; -COLUMN puts the largest first"}
}

// sortKeys returns the columns that --sort names.
func sortKeys(text string) ([]dump.SortKey, error) {
	var keys []dump.SortKey
	for name := range strings.SplitSeq(text, ",") {
		column, descending := strings.CutPrefix(name, "-")
		if column == "" {
			return nil, fail.Invalid("--sort", text, "the name of a column, or -NAME")
		}
		keys = append(keys, dump.SortKey{Column: column, Descending: descending})
	}
	return keys, nil
}
