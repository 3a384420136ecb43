package layout

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Pages of living MistServers lie beside the repository, never in it. Without
// them these tests are skipped.
const capturedPages = "../../shared/pages"

// eachCapturedPage calls f for every RelAccX page of every archive: where MistServer's
// own dump tool left texts, under rax/, right after each page, those that have one;
// elsewhere those whose names are names of pages.
func eachCapturedPage(t *testing.T, f func(t *testing.T, name string, page []byte)) {
	archives, err := filepath.Glob(filepath.Join(capturedPages, "*.tar.gz"))
	if err != nil || len(archives) == 0 {
		t.Skip("no captured pages in " + capturedPages)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) {
			if count := walkArchive(t, archive, f); count == 0 {
				t.Error("no RelAccX page in the archive")
			}
		})
	}
}

func walkArchive(t *testing.T, archive string, f func(t *testing.T, name string, page []byte)) (count int) {
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var object string
	var page bytes.Buffer
	texts := hasTexts(archive)
	for members := tar.NewReader(unpacked); ; {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		folder, name := path.Split(member.Name)
		switch path.Base(folder) {
		case "shm":
			if texts || pageName.MatchString(name) {
				object = name
				page.Reset()
				if _, err := page.ReadFrom(members); err != nil {
					t.Fatal(err)
				}
			}
			if !texts && pageName.MatchString(name) {
				f(t, name, wholePage(name, page.Bytes()))
				count++
			}
		case "rax":
			if name != object {
				t.Fatalf("%s does not follow its page", member.Name)
			}
			f(t, name, bytes.Clone(page.Bytes()))
			count++
		}
	}
}

// pageName matches the names of MistServer's pages, and not those of its other objects.
var pageName = regexp.MustCompile(`^Mst(Meta|Trak|User|Stat$|Session|SCnf|State|Global|Capa|Prot|Prox|StrmKeys|TRGR|JWK|Vars|ExtWriters|Cnns|Cameras)`)

// wholePage returns a copy of an object as MistServer maps it: a MstMeta that ends a few
// bytes before its last record does goes on in the rest of its memory page.
func wholePage(name string, object []byte) []byte {
	if strings.HasPrefix(name, "MstMeta") {
		object = append(object[:len(object):len(object)], make([]byte, -len(object)&4095)...)
	}
	return bytes.Clone(object)
}

// hasTexts reports whether an archive is one of those with texts: later ones are
// snapshots, which have a moment.json, or were made without the tool.
func hasTexts(archive string) bool {
	return !regexp.MustCompile(`^(live|fork|mist)-`).MatchString(filepath.Base(archive))
}

func TestCapturedPages(t *testing.T) {
	eachCapturedPage(t, func(t *testing.T, name string, page []byte) {
		h, err := DecodeHeader(page)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, f := range CheckPage(page, h) {
			if f.Severity == Error {
				t.Errorf("%s: %+v", name, f)
			}
		}
		checkReencodes(t, name, page)
	})
}

// checkReencodes holds a page, and those nested in its available records, against
// what its own header, fields and schema text make.
func checkReencodes(t *testing.T, name string, page []byte) {
	h := mustHeader(t, page)
	s, err := DecodeSchema(page, h)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	front := page[:max(HeaderSize, int(h.Offset))]
	if got := reencode(page, h, s); h.Offset > 0 && !bytes.Equal(front, got) {
		t.Errorf("%s: bytes (-want +got):\n%s", name, cmp.Diff(front, got))
	}
	if len(s.Fields()) > 0 && !unusualForm(s) {
		checkTextRebuilds(t, name, page, h, s)
	}
	for n, w := uint64(0), h.Window(len(page)); n < w.Count(); n++ {
		for i := range s.Fields() {
			if f := &s.Fields()[i]; f.Kind() == Nested {
				checkReencodes(t, name+":"+f.Name, f.In(recordAt(page, h, w.First+n)))
			}
		}
	}
}

func checkTextRebuilds(t *testing.T, name string, page []byte, h Header, s *Schema) {
	parsed, err := ParseSchema(s.String())
	if err != nil {
		t.Errorf("%s: its own schema text: %v\n%s", name, err, s)
		return
	}
	if !parsed.Equal(s) {
		t.Errorf("%s: text parses to another schema (-want +got):\n%s", name, cmp.Diff(s.String(), parsed.String()))
	}
	shape := Shape{parsed, 0}
	built := make([]byte, shape.Size())
	if err := shape.Build(built, StatusReady); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if want, got := page[h.FieldOffset:h.Offset], built[HeaderSize:]; !bytes.Equal(want, got) {
		t.Errorf("%s: descriptors built of its text (-want +got):\n%s", name, cmp.Diff(want, got))
	}
}

// unusualForm is whether a descriptor is not the shortest that says the same.
func unusualForm(s *Schema) bool {
	for _, f := range s.Fields() {
		shortest := f
		shortest.form = formShortest
		if f.form != shortest.chosenForm() {
			return true
		}
	}
	return false
}

// Of the pages that MistServer made, only the one that was made for it is unusual.
func TestCapturedPagesAreUsual(t *testing.T) {
	eachCapturedPage(t, func(t *testing.T, name string, page []byte) {
		h := mustHeader(t, page)
		s, err := DecodeSchema(page, h)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if unusual := unusualForm(s); unusual != (name == "MstProbeTL4") {
			t.Errorf("%s: unusual %v, fields\n%s", name, unusual, s)
		}
	})
}

func TestCapturedGoldenHashes(t *testing.T) {
	for name, want := range map[string]string{
		"meta.bin": metaHash, "trak.bin.gz": trakHash, "user.bin.gz": userHash, "kinds.bin": kindsHash, "scnf.bin": scnfHash,
	} {
		file, err := os.Open(filepath.Join(capturedPages, "golden", name))
		if errors.Is(err, os.ErrNotExist) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		page := readGolden(t, file)
		if sum := sha256.Sum256(page); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s hashes %x, want %s", name, sum, want)
		}
		for _, f := range CheckPage(page, mustHeader(t, page)) {
			if f.Severity > Note {
				t.Errorf("%s: %+v", name, f)
			}
		}
		checkReencodes(t, name, page)
	}
}

func readGolden(t *testing.T, file *os.File) []byte {
	t.Helper()
	var from io.Reader = file
	if strings.HasSuffix(file.Name(), ".gz") {
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		from = unpacked
	}
	page, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
