package world

import (
	"path/filepath"
	"strings"
)

// IsPath reports whether an argument is a path, and no name of shared memory: it begins
// with a dot, or has a slash after its first character.
func IsPath(arg string) bool {
	arg = filepath.ToSlash(arg) // what separates on Windows is a slash
	return strings.HasPrefix(arg, ".") || len(arg) > 1 && strings.Contains(arg[1:], "/")
}
