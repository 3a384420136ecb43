package layouttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const extension = ".hex"

// Load returns the bytes of the golden page of that name, "minimal" for
// testdata/minimal.hex. Each call makes them anew; the caller may write to them.
func Load(t testing.TB, name string) []byte {
	t.Helper()
	return load(t, name).Bytes
}

// Expect returns what the golden page's own comments say that a check must find, in
// order; none for a page without blemish.
func Expect(t testing.TB, name string) []Expectation {
	t.Helper()
	return load(t, name).Expect
}

// Names returns the names of all golden pages, in alphabetical order.
func Names(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory(t), "*"+extension))
	if err != nil || len(paths) == 0 {
		t.Fatalf("layouttest: no golden pages in %s: %v", directory(t), err)
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(filepath.Base(path), extension)
	}
	return names
}

func load(t testing.TB, name string) *Page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory(t), name+extension))
	if err != nil {
		t.Fatalf("layouttest: %v", err)
	}
	page, err := Parse(string(text))
	if err != nil {
		t.Fatalf("layouttest: %s%s: %v", name, extension, err)
	}
	return page
}

// began is where this process began: a test begins in the directory of its own package.
var began, _ = os.Getwd()

// directory returns the path of testdata, which lies beside go.mod. The binary of a test does
// not tell where its source is when it was built with -trimpath.
func directory(t testing.TB) string {
	t.Helper()
	for root := began; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "testdata")
		}
		if root == filepath.Dir(root) {
			t.Fatalf("layouttest: no go.mod in %q or above it", began)
		}
	}
}
