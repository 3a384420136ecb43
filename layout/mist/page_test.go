package mist

import (
	"slices"
	"testing"

	"shmtool/layout"
)

func TestRows(t *testing.T) {
	const big = 1 << 20
	header := func(rcount, present uint32, deleted, endpos uint64) layout.Header {
		return layout.Header{Status: 1, FieldOffset: 36, Offset: 100, RecordSize: 10, RecordCount: rcount, Present: present, Deleted: deleted, EndPos: endpos}
	}
	tests := []struct {
		page  *PageInfo
		h     layout.Header
		size  int
		first uint64
		end   uint64
	}{
		{Lookup("MstTraklive@1-0", "parts"), header(8, 0, 5, 9), big, 5, 9},
		{Lookup("MstTraklive@1-0", "parts"), header(8, 3, 0, 0), big, 0, 0}, // an empty ring, whatever present says
		{Lookup("MstTraklive@1-0", "parts"), header(8, 3, 0, 20), big, 12, 20},
		{Lookup("MstStateAccs"), header(0, 0, 0, 0), big, 0, 0},
		{Lookup("MstStateAccs"), header(12, 0, 0, 12), big, 0, 12},
		{Lookup("MstStateStreams"), header(1557, 0, 13, 14), big, 13, 14},
		{Lookup("MstMetalive", "tracks"), header(4, 3, 0, 3), big, 0, 3},
		{Lookup("MstMetalive", "tracks"), header(4, 7, 0, 7), big, 0, 4}, // claimed again with fewer slots
		{Lookup("MstMetalive"), header(1, 1, 0, 1), big, 0, 1},
		{Lookup("MstMetalive"), header(1, 0, 0, 3), big, 0, 1}, // claimed again twice
		{Lookup("MstSCnflive"), header(1, 0, 0, 1), big, 0, 1},
		{Lookup("MstSCnflive"), header(1, 0, 0, 0), big, 0, 0},
		{Lookup("MstUserlive"), header(20968, 0, 0, 8), big, 0, 8},
		{Lookup("MstUserlive"), header(20968, 5, 0, 0), big, 0, 5}, // before 3.9.1
		{Lookup("MstUserlive"), header(20968, 20968, 0, 8), 150, 0, 5},
		{Lookup("MstCnns"), header(2, 0, 0, 7), big, 0, 2},
		{Lookup("MstTRGRX"), header(0, 0, 0, 1), big, 0, 0}, // ready is set before rcount
		{Lookup("MstVars"), header(95, 95, 0, 2), big, 0, 2},
		{Lookup("MstJWK"), header(2, 0, 0, 9), big, 0, 2},
		{Lookup("MstExtWriters"), header(1927, 1927, 0, 1), big, 0, 1},
		{nil, header(8, 2, 0, 0), big, 0, 2},
		{nil, header(8, 0, 5, 9), big, 5, 9},
		{Lookup("MstMetalive"), layout.Header{EndPos: 1}, 36, 0, 0},
		{Lookup("MstUserlive"), layout.Header{EndPos: 1 << 60, RecordSize: 1 << 31, RecordCount: 1 << 31}, 4096, 0, 0},
	}
	for i, tt := range tests {
		if got := tt.page.Rows(tt.h, tt.size); got != (layout.Window{First: tt.first, End: tt.end}) {
			t.Errorf("%d: %+v: rows %+v, want %d to %d", i, tt.page, got, tt.first, tt.end)
		}
	}
}

func TestLive(t *testing.T) {
	s, err := layout.ParseSchema("status:uint8\nvalid:uint8")
	if err != nil {
		t.Fatal(err)
	}
	other, err := layout.ParseSchema("else:uint16")
	if err != nil {
		t.Fatal(err)
	}
	users, tracks := Lookup("MstUserlive"), Lookup("MstMetalive", "tracks")
	tests := []struct {
		page   *PageInfo
		schema *layout.Schema
		record string
		want   bool
	}{
		{users, s, "\x00\x01", false},
		{users, s, "\x20\x00", true},
		{tracks, s, "\x01\x00", false},
		{tracks, s, "\x00\xff", true},
		{users, other, "\x00\x00", true},
		{Lookup("MstVars"), s, "\x00\x00", true},
		{nil, s, "\x00\x00", true},
	}
	for i, tt := range tests {
		if got := tt.page.Live(tt.schema, []byte(tt.record)); got != tt.want {
			t.Errorf("%d: in use: %v", i, got)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, path := range [][]string{{"log"}, {"MstDatalive@0_0"}, {"MstMetalive", "keys"}, {"MstMetalive", "tracks", "x"}, {"sem.MstSemStat"}, {"nosuch", "x"}} {
		if p := Lookup(path[0], path[1:]...); p != nil {
			t.Errorf("%q is known: %+v", path, p)
		}
	}
	p := Lookup("/MstTraklive@1-0", "keys")
	if p == nil || p.Kind != KindTrack || p.Path != "keys" || !p.CountersKept || p.Rule.String() != "ring" {
		t.Errorf("keys: %+v", p)
	}
	if p != KindTrack.Page("keys") || p != KindTrack.Page().Nested("keys") {
		t.Error("three ways, three pages")
	}
	for kind, p := range pages {
		if !kind.IsPage() {
			t.Errorf("%s is no page", kind)
		}
		if p.CountersKept != (kind == KindLogs) {
			t.Errorf("%s: counters kept: %v", kind, p.CountersKept)
		}
	}
	for i := range kinds {
		if kinds[i].page != (pages[kinds[i].kind] != nil) {
			t.Errorf("%s: a page, but nothing known of it", kinds[i].kind)
		}
	}
	var unknown *PageInfo
	if m, known := unknown.Meaning("pid"); known || m.Unit != Plain {
		t.Errorf("a page that nothing is known of: %+v", m)
	}
}

// Every field of the pages that MistServer makes has a meaning, and every meaning
// a field; and what goes by the name of a field finds it.
func TestMeaningsOfAllFields(t *testing.T) {
	schemaless := []Kind{KindConfig, KindCapability, KindProtocols, KindProxies, KindUDPProxy, KindCameras}
	for kind, p := range pages {
		template, ok := kind.Template()
		if ok == slices.Contains(schemaless, kind) {
			t.Errorf("%s: template %v", kind, ok)
		}
		if ok {
			shape, err := template.Shape()
			if err != nil {
				t.Fatal(err)
			}
			checkMeanings(t, string(kind), p, shape.Schema)
		}
	}
	shape, err := RawTrackTemplate(1000).Shape()
	if err != nil {
		t.Fatal(err)
	}
	frames := shape.Schema.Lookup("frames")
	checkMeanings(t, "frames", Lookup("MstTraklive@1-0", "frames"), frames.Shape.Schema)
}

func checkMeanings(t *testing.T, name string, p *PageInfo, s *layout.Schema) {
	t.Helper()
	for _, f := range s.Fields() {
		if m, known := p.Meaning(f.Name); !known || m.About == "" {
			t.Errorf("%s: field %q means nothing", name, f.Name)
		}
		if f.Shape != nil {
			checkMeanings(t, name+":"+f.Name, p.Nested(f.Name), f.Shape.Schema)
		}
	}
	for field := range p.fields {
		if s.Lookup(field) == nil && field != "frames" && field != "onfail" { // a fork's
			t.Errorf("%s: there is no field %q", name, field)
		}
	}
	if p.Marker != "" && s.Lookup(p.Marker) == nil {
		t.Errorf("%s: there is no field %q", name, p.Marker)
	}
}
