package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
)

// isPattern reports whether an argument names pages by a shell pattern. An object
// whose name is the whole argument comes first, or the part of it that stands
// before the way to a nested page.
func isPattern(c *cli.Call, arg string) bool {
	if !strings.ContainsAny(arg, `*?[`) {
		return false
	}
	t, err := object.Find(c, arg)
	if err != nil { // an object has the name, and what follows is no way
		return false
	}
	_, err = os.Lstat(t.Path)
	return err != nil
}

// namePattern chooses objects by their names.
type namePattern struct {
	text  string
	exact bool // an object has this very name: it alone is meant
}

// namePatterns returns what arguments choose among the objects that have names in
// the directory of shared memory. It is an error when one is no pattern.
func namePatterns(c *cli.Call, args []string) ([]namePattern, error) {
	var patterns []namePattern
	for _, arg := range args {
		p := namePattern{text: strings.TrimPrefix(arg, "/")}
		if p.text != "" && !strings.Contains(p.text, "/") {
			_, err := os.Lstat(filepath.Join(c.ShmDir, p.text))
			p.exact = err == nil
		}
		if _, err := path.Match(p.text, ""); err != nil && !p.exact {
			return nil, fail.Usagef("%q is not a pattern", arg)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// matchesAny reports whether one of the patterns chooses an object of that name.
func matchesAny(name string, patterns []namePattern) bool {
	return slices.ContainsFunc(patterns, func(p namePattern) bool {
		if p.exact || p.text == name {
			return p.text == name
		}
		ok, _ := path.Match(p.text, name)
		return ok
	})
}
