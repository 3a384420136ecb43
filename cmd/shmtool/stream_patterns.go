package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/mist"
)

// streamPattern chooses streams: one by its own name, or all that match a shell
// pattern.
type streamPattern struct {
	text  string
	exact bool // text is a name, whatever it looks like
}

// streamPatterns choose the streams that any of them chooses. None choose all.
type streamPatterns []streamPattern

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
		p := streamPattern{text: arg, exact: there[arg]}
		if err := p.valid(); err != nil {
			return nil, err
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
		all = append(all, streamPattern{text: name, exact: true})
	}
	for _, text := range c.Strings("stream-pattern") {
		p := streamPattern{text: text}
		if err := p.valid(); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// streamFlags returns the two flags that choose streams: by name, and by pattern.
func streamFlags(name, pattern string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "stream", Usage: name},
		&cli.StringSliceFlag{Name: "stream-pattern", Usage: pattern},
	}
}

func (p streamPattern) valid() error {
	if _, err := path.Match(p.text, ""); err != nil && !p.exact {
		return fail.Usagef("%q is not a pattern", p.text)
	}
	return nil
}

func (p streamPattern) wanted(stream string) bool {
	if p.exact || p.text == stream {
		return p.text == stream
	}
	ok, _ := path.Match(p.text, stream)
	return ok
}

func (p streamPatterns) wanted(stream string) bool {
	return len(p) == 0 || slices.ContainsFunc(p, func(one streamPattern) bool { return one.wanted(stream) })
}

// named reports whether a stream was asked for by its own name.
func (p streamPatterns) named(stream string) bool {
	return slices.ContainsFunc(p, func(one streamPattern) bool { return one.text == stream })
}

// exact returns the names of the streams that were asked for by name.
func (p streamPatterns) exact() []string {
	var names []string
	for _, one := range p {
		if one.exact {
			names = append(names, one.text)
		}
	}
	return names
}

// texts returns the names and patterns as they were given.
func (p streamPatterns) texts() []string {
	texts := make([]string, len(p))
	for i, one := range p {
		texts[i] = one.text
	}
	return texts
}

// noSuchStream says that a stream that was named has no object.
func noSuchStream(c *cli.Call, name string) error {
	return fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no object of a stream %q in %s", name, c.ShmDir)), "shmtool streams --all lists the streams")
}
