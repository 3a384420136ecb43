package main

import (
	"path"
	"slices"
)

// streamPatterns choose streams: by their names, which may look like patterns, or
// by shell patterns. None choose all.
type streamPatterns []string

// newStreamPatterns is an error where one is no pattern.
func newStreamPatterns(patterns []string) (streamPatterns, error) {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, usagef("%q is not a pattern", pattern)
		}
	}
	return patterns, nil
}

func (p streamPatterns) wanted(stream string) bool {
	return len(p) == 0 || p.named(stream) || slices.ContainsFunc(p, func(pattern string) bool {
		ok, _ := path.Match(pattern, stream)
		return ok
	})
}

// named reports whether a stream was asked for by its own name.
func (p streamPatterns) named(stream string) bool { return slices.Contains(p, stream) }
