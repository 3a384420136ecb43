package pages

import (
	"os"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/world"
)

// IsPattern reports whether an argument names pages by a shell pattern. An object
// whose name is the whole argument comes first, or the part of it that stands
// before the way to a nested page.
func IsPattern(w *world.World, arg string) bool {
	if !pattern.Is(arg) {
		return false
	}
	t, err := object.Find(w, arg)
	if err != nil { // an object has the name, and what follows is no way
		return false
	}
	_, err = os.Lstat(t.Path)
	return err != nil && !kernel.Broken(err)
}

// Names returns what arguments choose among the objects that have names in
// the directory of shared memory. It is an error when one is no pattern.
func Names(w *world.World, args []string) ([]pattern.Pattern, error) {
	var patterns []pattern.Pattern
	for _, arg := range args {
		text, exact := strings.TrimPrefix(arg, "/"), false
		if text != "" && !strings.Contains(text, "/") { // an object has this very name: it alone is meant
			_, err := os.Lstat(filepath.Join(w.ShmDir, text))
			exact = err == nil
		}
		p, err := pattern.New(text, exact)
		if err != nil {
			return nil, notPattern(arg)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

func notPattern(arg string) error { return fail.Usagef("%q is not a pattern", arg) }
