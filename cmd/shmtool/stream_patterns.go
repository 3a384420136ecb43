package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/layout/mist"
)

// streamPatterns choose the streams that any of them chooses. None choose all.
type streamPatterns []pattern.Pattern

// newStreamPatterns returns the streams that arguments name. An argument that is the
// whole name of a stream in the directory is that stream alone; any other is a shell
// pattern. A malformed pattern is an error.
func newStreamPatterns(c *cli.Call, args []string) (streamPatterns, error) {
	if len(args) == 0 {
		return nil, nil
	}
	there := streamNames(c)
	var all streamPatterns
	for _, arg := range args {
		p, err := pattern.New(arg, there[arg])
		if err != nil {
			return nil, notPattern(arg)
		}
		all = append(all, p)
	}
	return all, nil
}

// streamNames returns the streams that have an object in the directory. A directory
// that cannot be read has none; who opens it reports that.
func streamNames(c *cli.Call) map[string]bool {
	entries, _ := os.ReadDir(c.ShmDir)
	names := map[string]bool{}
	for _, entry := range entries {
		if o, ok := mist.ParseName(entry.Name()); ok && o.Stream != "" {
			names[o.Stream] = true
		}
	}
	return names
}

// flaggedStreams returns what --stream and --stream-pattern choose.
func flaggedStreams(c *cli.Call) (streamPatterns, error) {
	var all streamPatterns
	for _, name := range c.Strings("stream") {
		if name == "" {
			return nil, fail.Usagef("--stream is empty")
		}
		all = append(all, pattern.Pattern{Text: name, Exact: true})
	}
	for _, text := range c.Strings("stream-pattern") {
		p, err := pattern.New(text, false)
		if err != nil {
			return nil, notPattern(text)
		}
		all = append(all, p)
	}
	return all, nil
}

// streamFlags returns the two flags that choose streams: by name, and by pattern.
func streamFlags(name, matching string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "stream", Usage: name},
		&cli.StringSliceFlag{Name: "stream-pattern", Usage: matching},
	}
}

func (p streamPatterns) wanted(stream string) bool {
	return len(p) == 0 || pattern.Any(p, stream)
}

// named reports whether a stream was asked for by its own name.
func (p streamPatterns) named(stream string) bool {
	return slices.ContainsFunc(p, func(one pattern.Pattern) bool { return one.Text == stream })
}

// exact returns the names of the streams that were asked for by name.
func (p streamPatterns) exact() []string {
	var names []string
	for _, one := range p {
		if one.Exact {
			names = append(names, one.Text)
		}
	}
	return names
}

// texts returns the names and patterns as they were given.
func (p streamPatterns) texts() []string {
	texts := make([]string, len(p))
	for i, one := range p {
		texts[i] = one.Text
	}
	return texts
}

// noSuchStream says that a stream that was named has no object.
func noSuchStream(c *cli.Call, name string) error {
	return fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no object of a stream %q in %s", name, c.ShmDir)), "shmtool streams --all lists the streams")
}
