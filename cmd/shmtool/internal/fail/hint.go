package fail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xrash/smetrics"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/relaccx"
)

// DidYouMean returns a hint with the names that are nearest to what was typed, ""
// when none is near.
func DidYouMean(typed string, names []string) string {
	near := Closest(typed, names)
	if len(near) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// Closest returns the names that are nearest to what was typed, at most two changes
// away, sorted, without what was typed itself.
func Closest(typed string, names []string) []string {
	best := 2
	var near []string
	names = slices.Sorted(slices.Values(names))
	for _, name := range slices.Compact(names) {
		d := smetrics.WagnerFischer(typed, name, 1, 1, 1)
		if d == 0 || d > min(best, len(typed)/2) {
			continue
		}
		if d < best {
			best, near = d, nil
		}
		near = append(near, name)
	}
	return near[:min(len(near), 3)]
}

// NearestOrAll returns a hint with the names that are nearest to what was typed, or else
// with all names.
func NearestOrAll(typed string, names []string) string {
	if hint := DidYouMean(typed, names); hint != "" {
		return hint
	}
	return "there are " + strings.Join(names, ", ")
}

// fieldHint names the fields that may have been meant, or all that there are.
func fieldHint(err error) string {
	var field *relaccx.FieldError
	if !errors.As(err, &field) {
		return ""
	}
	names := field.Have.Names()
	if hint := DidYouMean(field.Field, names); hint != "" {
		return hint
	}
	return "it has " + strings.Join(names, ", ")
}

// PermissionHint says whose a file is, and who asks.
func PermissionHint(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := kernel.StatOf(info)
	if !ok {
		return ""
	}
	return fmt.Sprintf("it belongs to uid %d, gid %d, mode %04o; you are uid %d", st.UID, st.GID, st.Mode&0o7777, os.Getuid())
}

// NotFoundHint names what lies in the directory that is nearest to what was asked for.
// ShmDir is the directory that shmtool ls lists.
func NotFoundHint(path, shmDir string) string {
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Sprintf("directory %q: %v", dir, Bare(err))
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() == name {
			return "it is a symbolic link that leads nowhere"
		}
		names = append(names, entry.Name())
	}
	if hint := DidYouMean(name, names); hint != "" {
		return hint
	}
	if dir == filepath.Clean(shmDir) {
		return "run shmtool ls to list the pages in " + shmDir
	}
	return ""
}

// Among returns a hint with the names that may have been meant: those that are spelled
// nearly so, else those that have the word in them, else the hint without.
func Among(typed string, names []string, without string) string {
	const few = 5
	near := Closest(typed, names)
	if word := strings.ToLower(typed); len(near) == 0 && len(word) > 2 {
		near = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains(name, word) })
	}
	if len(near) == 0 || len(near) > few {
		return without
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}
