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

// Pages that MistServer made. Too large, and not ours, to be kept here: where
// they are missing, the test is skipped.
func TestHexOfRealPages(t *testing.T) {
	archives, err := filepath.Glob("../../shared/pages/*.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	if len(archives) == 0 {
		t.Skip("no archives of real pages")
	}
	if testing.Short() {
		archives = archives[:1] // the race detector takes ten times as long, and nothing runs beside this
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			t.Parallel()
			err := eachRealPage(archive, func(name string, page []byte) {
				t.Run(name, func(t *testing.T) { checkRealHex(t, name, page) })
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func checkRealHex(t *testing.T, name string, page []byte) {
	h, err := layout.DecodeHeader(page)
	invalid := err != nil || layout.Validate(page, h) != nil
	for _, o := range []HexOptions{{}, {Depth: layout.MaxDepth}, {Depth: layout.MaxDepth, Slots: true, Width: 80}} {
		var text bytes.Buffer
		err := Hex(&text, page, h, o)
		if (err != nil) != invalid {
			t.Fatalf("error %v, want one: %v", err, invalid)
		}
		if _, err := hexCovered(text.String(), page, 0); err != nil {
			t.Fatal(err)
		}
		// Before 3.9.1 the whole table of MstStat counts as in use, and is told in full.
		most := 12 << 20
		if uint64(h.Present) == uint64(h.RecordCount) && name == "MstStat" {
			most = 48 << 20
		}
		if limit := 48 * len(page); text.Len() > most || text.Len() > limit+hexTextBase {
			t.Errorf("%d bytes of text for %d bytes", text.Len(), len(page))
		}
	}
}

// eachRealPage calls fn with every object of the shared memory in an archive
// that is neither a semaphore nor packets.
func eachRealPage(archive string, fn func(name string, page []byte)) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for files := tar.NewReader(packed); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		dir, name := filepath.Split(head.Name)
		if filepath.Base(dir) != "shm" || name == "" || strings.HasPrefix(name, "sem.") || strings.HasPrefix(name, "MstData") {
			continue
		}
		page, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		fn(name, page)
	}
}
