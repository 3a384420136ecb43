package dump

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/layout"
)

// What MistServer 3.10 itself printed for pages that it made. Too large, and
// not ours, to be kept here: where they are missing, the test is skipped.
const raxRealPages = "../../shared/pages/*.tar.gz"

func TestRaxPrintsWhatMistServerPrints(t *testing.T) {
	archives, err := filepath.Glob(raxRealPages)
	if err != nil {
		t.Fatal(err)
	}
	if len(archives) == 0 {
		t.Skip("no archives of real pages at " + raxRealPages)
	}
	texts := 0
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			for _, c := range readRaxArchive(t, archive) {
				texts++
				t.Run(c.name, c.check)
			}
		})
	}
	if texts == 0 {
		t.Error("no archive has texts")
	}
}

// raxReal is an object of the shared memory and the text printed for it.
type raxReal struct {
	name       string
	page, text []byte
}

func (c *raxReal) check(t *testing.T) {
	h, err := layout.DecodeHeader(c.page)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	warn := func(line string) { t.Errorf("warning: %s", line) }
	if err := Rax(&text, "/"+c.name, c.page, h, warn); err != nil {
		t.Fatal(err)
	}
	if got := text.Bytes(); !bytes.Equal(got, c.text) {
		t.Errorf("the text differs at byte %d of %d:\n%s", raxDiffer(got, c.text), len(c.text), raxAround(got, c.text))
	}
}

func raxDiffer(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func raxAround(got, want []byte) string {
	at := raxDiffer(got, want)
	cut := func(b []byte) string { return string(b[max(0, at-100):min(len(b), at+100)]) }
	return "got:\n" + cut(got) + "\nMistServer:\n" + cut(want)
}

// readRaxArchive is every object for which the archive has a text. The objects
// come first in it, but only the texts tell which are wanted.
func readRaxArchive(t *testing.T, path string) []*raxReal {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	pages, texts := map[string][]byte{}, map[string][]byte{}
	for archive := tar.NewReader(unzipped); ; {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return pairRax(t, pages, texts)
		}
		if err != nil {
			t.Fatal(err)
		}
		into := pages
		parts := strings.Split(entry.Name, "/")
		switch {
		case len(parts) != 3 || parts[1] != "shm" && parts[1] != "rax" || strings.HasPrefix(parts[2], "MstData"):
			continue // frames of 40 MiB, which are no pages, and the process table
		case parts[1] == "rax":
			into = texts
		}
		if into[parts[2]], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

func pairRax(t *testing.T, pages, texts map[string][]byte) []*raxReal {
	var pairs []*raxReal
	for name, text := range texts {
		page, ok := pages[name]
		if !ok {
			t.Errorf("a text without a page: %s", name)
			continue
		}
		pairs = append(pairs, &raxReal{name, page, text})
	}
	return pairs
}
