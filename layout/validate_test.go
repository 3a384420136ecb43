package layout

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout/layouttest"
)

// findings is what a check finds, as a golden page writes it down.
func findings(found []Finding) []layouttest.Expectation {
	var list []layouttest.Expectation
	for _, f := range found {
		list = append(list, layouttest.Expectation{
			Severity: f.Severity.String(), Offset: f.Offset, Path: f.Path, Code: f.Code, Message: f.Message,
		})
	}
	return list
}

// checkBytes is CheckPage of a page that may be too short for a header.
func checkBytes(page []byte) []Finding {
	h, err := DecodeHeader(page)
	if err == nil {
		return CheckPage(page, h)
	}
	var format *FormatError
	if !errors.As(err, &format) {
		panic(err)
	}
	return []Finding{{CodeInvalidPage, Error, format.Offset, "", format.What}}
}

func TestCheckPage(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		t.Run(name, func(t *testing.T) {
			got := findings(checkBytes(layouttest.Load(t, name)))
			if diff := cmp.Diff(layouttest.Expect(t, name), got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// Validate answers with the error that CheckPage finds in the page itself, and
// with nothing where that error lies in a nested page.
func TestValidate(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		t.Run(name, func(t *testing.T) {
			page := layouttest.Load(t, name)
			h, err := DecodeHeader(page)
			if err == nil {
				err = Validate(page, h)
			}
			var want error
			for _, e := range layouttest.Expect(t, name) {
				if e.Severity == "error" && e.Path == "" {
					want = fmt.Errorf("byte %d: %s", e.Offset, e.Message)
				}
			}
			if got, want := fmt.Sprint(err), fmt.Sprint(want); got != want {
				t.Fatalf("error %s\n want %s", got, want)
			}
			var format *FormatError
			if err != nil && !errors.As(err, &format) {
				t.Errorf("error is a %T", err)
			}
		})
	}
}

// nestedText is the schema of a page that holds pages n deep.
func nestedText(n int) string {
	var b strings.Builder
	for depth := range n {
		fmt.Fprintf(&b, "%*sn:nested[1]\n", 2*depth, "")
	}
	fmt.Fprintf(&b, "%*sa:uint8\n", 2*n, "")
	return b.String()
}

func TestEightDeepIsValid(t *testing.T) {
	s, err := ParseSchema(nestedText(MaxDepth))
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{s, 1}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, StatusReady); err != nil {
		t.Fatal(err)
	}
	publishAll(t, page)
	if diff := cmp.Diff([]Finding(nil), CheckPage(page, mustHeader(t, page))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	_, err = ParseSchema(nestedText(MaxDepth + 1))
	if want := `line 9: field "n:nested[1]": nests pages deeper than 8`; fmt.Sprint(err) != want {
		t.Errorf("nine deep: error %v\nwant %s", err, want)
	}
}

// publishAll makes record 0 available in the page and all that it holds.
func publishAll(t *testing.T, page []byte) {
	t.Helper()
	h := mustHeader(t, page)
	h.EndPos, h.Present = 1, 1
	h.Encode(page)
	s, err := DecodeSchema(page, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Fields() {
		if f := &s.Fields()[i]; f.Kind() == Nested {
			publishAll(t, f.In(recordAt(page, h, 0)))
		}
	}
}

func mustHeader(t testing.TB, page []byte) Header {
	t.Helper()
	h, err := DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The header of MistServer 2.12 ends before endpos: the bytes there are no counter.
func TestCheckHeaderWithoutEndPos(t *testing.T) {
	h := Header{Status: StatusReady, FieldOffset: 28, RecordCount: 2, RecordSize: 8}
	page := make([]byte, 28, 100)
	page = append(page, 3<<3|1, 'p', 'i', 'd', byte(CodeUint64))
	h.Offset = uint16(len(page))
	page = append(page, make([]byte, 3+16)...)
	head := make([]byte, HeaderSize)
	h.Encode(head)
	copy(page[:28], head)
	h, err := DecodeHeader(page)
	if err != nil || h.EndPos == 0 {
		t.Fatalf("endpos %d, %v", h.EndPos, err)
	}
	if found := CheckPage(page, h); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}
