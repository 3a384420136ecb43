package pages

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// Streams choose the streams that any of them chooses. None choose all.
type Streams []pattern.Pattern

// NewStreams returns the streams that arguments name. An argument that is the
// whole name of a stream in the directory is that stream alone; any other is a shell
// pattern. A malformed pattern is an error.
func NewStreams(w *world.World, args []string) (Streams, error) {
	if len(args) == 0 {
		return nil, nil
	}
	there, err := StreamNames(w)
	if kernel.Broken(err) { // of any other, who opens the directory is told
		return nil, w.NoDirectory(err)
	}
	var all Streams
	for _, arg := range args {
		p, err := pattern.New(arg, there[arg])
		if err != nil {
			return nil, notPattern(arg)
		}
		all = append(all, p)
	}
	return all, nil
}

// StreamNames returns the streams that have an object in the directory.
func StreamNames(w *world.World) (map[string]bool, error) {
	entries, err := os.ReadDir(w.ShmDir)
	names := map[string]bool{}
	for _, entry := range entries {
		if o, ok := mist.ParseName(entry.Name()); ok && o.Stream != "" {
			names[o.Stream] = true
		}
	}
	return names, err
}

// Flagged returns what --stream and --stream-pattern choose.
func Flagged(c *cli.Call) (Streams, error) {
	var all Streams
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

// StreamFlags returns the two flags that choose streams: by name, and by pattern.
func StreamFlags(name, matching string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "stream", Usage: name},
		&cli.StringSliceFlag{Name: "stream-pattern", Usage: matching},
	}
}

func (p Streams) Wanted(stream string) bool {
	return len(p) == 0 || pattern.Any(p, stream)
}

// Named reports whether a stream was asked for by its own name.
func (p Streams) Named(stream string) bool {
	return slices.ContainsFunc(p, func(one pattern.Pattern) bool { return one.Text == stream })
}

// Exact returns the names of the streams that were asked for by name.
func (p Streams) Exact() []string {
	var names []string
	for _, one := range p {
		if one.Exact {
			names = append(names, one.Text)
		}
	}
	return names
}

// Texts returns the names and patterns as they were given.
func (p Streams) Texts() []string {
	texts := make([]string, len(p))
	for i, one := range p {
		texts[i] = one.Text
	}
	return texts
}

// NoSuchStream says that a stream that was named has no object.
func NoSuchStream(w *world.World, name string) error {
	return fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no object of a stream %q in %s", name, w.ShmDir)), StreamHint(w, name))
}

// StreamHint returns a hint about a stream that was named and is not there: those that are
// spelled nearly so, or how to list all.
func StreamHint(w *world.World, name string) string {
	there, _ := StreamNames(w)
	return cmp.Or(fail.DidYouMean(name, slices.Collect(maps.Keys(there))), "run shmtool streams --all to list streams")
}
