package relaccx

import (
	"fmt"
	"slices"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
)

// writersPage returns a page of external writers as MistServer 3.2 to 3.5.1 writes it:
// each has a field of 400 bytes for a page of its protocols, and the page is as long as
// there are protocols.
func writersPage(t *testing.T, slots uint32, protocols ...int) []byte {
	t.Helper()
	outer, err := layout.ParseSchema("name:string:32\ncmdline:string:256\nprotocols:nested:400")
	must(t, err)
	inner, err := layout.ParseSchema("protocol:string:64")
	must(t, err)
	shape := layout.Shape{Schema: outer, RecordCount: slots}
	page := make([]byte, shape.Size())
	must(t, shape.Build(page, layout.StatusReady))
	h, err := layout.DecodeHeader(page)
	must(t, err)
	h.EndPos, h.Present = uint64(len(protocols)), slots
	h.Encode(page)
	field := outer.Lookup("protocols")
	for n, count := range protocols {
		at := int(h.Offset) + n*int(h.RecordSize) + int(field.Offset)
		shape := layout.Shape{Schema: inner, RecordCount: uint32(count)}
		nested := make([]byte, shape.Size())
		must(t, shape.Build(nested, layout.StatusReady))
		h, err := layout.DecodeHeader(nested)
		must(t, err)
		h.EndPos, h.Present = uint64(count), uint32(count)
		h.Encode(nested)
		for i := range count {
			copy(nested[int(h.Offset)+64*i:], fmt.Sprint("p", i))
		}
		copy(page[at:], nested)
		if n+1 < len(protocols) { // the next one is written over it
			clear(page[at+400:][:32])
			copy(page[at+400:], "next")
		}
	}
	return page
}

func protocolsOf(t *testing.T, r *Reader, err error) (names []string) {
	t.Helper()
	must(t, err)
	w, err := r.Window()
	must(t, err)
	for rec, err := range r.Records(w) {
		must(t, err)
		name, err := rec.Text("protocol")
		must(t, err)
		names = append(names, name)
	}
	return names
}

// The protocols behind the field are read with it, in whatever way the record is, and
// are a note of CheckPage.
func TestProtocolsBehindTheField(t *testing.T) {
	for _, count := range []int{5, 6, 7, 20} {
		page := writersPage(t, 40, count)
		p, err := FromBytes("MstExtWriters", page)
		must(t, err)
		r, err := p.Reader()
		must(t, err)
		var want []string
		for i := range count {
			want = append(want, fmt.Sprint("p", i))
		}
		got := map[string][]string{}
		inner, err := r.Nested(Step{Field: "protocols", Exact: true})
		got["Nested"] = protocolsOf(t, inner, err)
		f := r.Schema().Lookup("protocols")
		var rec Record
		must(t, r.Read(0, &rec))
		inner, err = rec.Nested(f)
		got["Read"] = protocolsOf(t, inner, err)
		inner, err = rec.Clone().Nested(f)
		got["Clone"] = protocolsOf(t, inner, err)
		for rec, err := range r.Records(layout.Window{End: 1}) {
			must(t, err)
			inner, err = rec.Nested(f)
			got["Records"] = protocolsOf(t, inner, err)
		}
		for rec, err := range r.Slots() {
			must(t, err)
			if rec.Number == 0 {
				inner, err = rec.Nested(f)
				got["Slots"] = protocolsOf(t, inner, err)
			}
		}
		for way, names := range got {
			if !slices.Equal(names, want) {
				t.Errorf("%d protocols by %s: %q", count, way, names)
			}
		}
		wantOverrun(t, page, count > 5, layout.Note)
	}
}

// Of two writers the first has what the second has left of it; and what would lie behind
// the end of the page, or belongs to no such field, is invalid.
func TestProtocolsBehindTheLastSlot(t *testing.T) {
	page := writersPage(t, 2, 7, 1)
	p, err := FromBytes("MstExtWriters", page)
	must(t, err)
	r, err := p.Reader()
	must(t, err)
	inner, err := r.Nested(Step{Field: "protocols", Exact: true})
	if got := protocolsOf(t, inner, err); len(got) != 7 || got[4] != "p4" || got[5] != "p5" {
		t.Errorf("%q", got)
	}
	wantOverrun(t, page, true, layout.Note)
	end := writersPage(t, 1, 6)
	wantOverrun(t, end[:len(end):len(end)], true, layout.Error)
	for _, name := range layouttest.Names(t) { // no other page is read differently
		page := layouttest.Load(t, name)
		if h, err := layout.DecodeHeader(page); err == nil {
			if s, err := layout.DecodeSchema(page, h); err == nil && s.MaxOverrun() != 0 {
				t.Errorf("%s: %d bytes behind its records", name, s.MaxOverrun())
			}
		}
	}
}

func wantOverrun(t *testing.T, page []byte, over bool, severity layout.Severity) {
	t.Helper()
	h, err := layout.DecodeHeader(page)
	must(t, err)
	found := layout.CheckPage(page, h)
	i := slices.IndexFunc(found, func(f layout.Finding) bool { return f.Code == layout.CodeInvalidPage })
	if (i >= 0) != over || over && found[i].Severity != severity {
		t.Errorf("%+v", found)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
