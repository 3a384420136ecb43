package mist

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shmtool/layout"
)

// healthyTrack is a track whose rings have gone round, with three data pages, of
// which the first has lost two of its keys.
func healthyTrack(tb testing.TB) *trackModel {
	tb.Helper()
	m := newTrackModel(tb, TrackRoom{Fragments: 10, Keys: 16, Parts: 90, Pages: 5})
	quiet := func() {}
	for n := range 70 {
		m.packet(n%5 == 0, n%20 == 0, quiet)
		if n > 20 && n%8 == 0 {
			m.removeKey(quiet)
		}
	}
	if found := m.check(); len(found) > 0 {
		tb.Fatalf("a healthy track: %+v", found)
	}
	return m
}

// Each thing that is true of a healthy track is found when it is not, once, and
// at its byte.
func TestCheckTrack(t *testing.T) {
	m := healthyTrack(t)
	h, _ := layout.DecodeHeader(m.page)
	if got := DataRecords(m.page, h); len(got) != 3 || got[2].Avail != 10*packetBytes || got[2].FirstKey != 12 || got[2].Record != 3 || got[1].Newest || !got[2].Newest {
		t.Fatalf("data pages: %+v", got)
	}
	firstKey, lastKey := m.keys.now().Deleted, m.keys.now().EndPos-1
	firstPage, lastFragment := m.pages.now().Deleted, m.fragments.now().EndPos-1
	for _, tt := range []struct {
		name  string
		ring  func(m *trackModel) *ringView
		n     uint64
		field string
		add   int64
		code  string
		path  string
	}{
		{"a key's number", keysOf, lastKey, "number", 1, CodeKeyNumber, ":keys@0"},
		{"where a key begins", keysOf, firstKey + 1, "parts", 1, CodeKeyParts, ":keys@0"},
		{"where the first key begins", keysOf, firstKey, "firstpart", -7, CodeKeyParts, ":keys@0"},
		{"where the last key ends", keysOf, lastKey, "parts", 2, CodeKeyParts, ":keys@0"},
		{"firstms", trackOf, 0, "firstms", -90, CodeFirstMS, ""},
		{"a fragment's keys", fragmentsOf, lastFragment - 1, "keys", 1, CodeFragmentKeys, ":fragments@0"},
		{"the last fragment's keys", fragmentsOf, lastFragment, "keys", -2, CodeFragmentKeys, ":fragments@0"},
		{"the first fragment", fragmentsOf, m.fragments.now().Deleted, "firstkey", -3, CodeFragmentKeys, ":fragments@0"},
		{"a page's keys", pagesOf, firstPage, "keycount", 1, CodePageKeys, ":pages@0"},
		{"the last page's keys", pagesOf, firstPage + 2, "keycount", -1, CodePageKeys, ":pages@0"},
		{"the first page's key", pagesOf, firstPage, "firstkey", 3, CodePageKeys, ":pages@0"},
		{"a page's bytes", pagesOf, firstPage + 1, "avail", 1 << 20, CodeAvailOver, ":pages@0"},
	} {
		m := healthyTrack(t)
		r := tt.ring(m)
		r.set(tt.n, tt.field, r.get(tt.n, tt.field)+uint64(tt.add))
		found := m.check()
		if len(found) == 0 {
			t.Errorf("%s: nothing is found", tt.name)
			continue
		}
		for _, f := range found {
			if f.Code != tt.code || f.Path != tt.path || f.Severity != layout.Warning {
				t.Errorf("%s: %+v", tt.name, f)
			}
			if f.Offset < int64(r.base) || f.Offset >= int64(r.base+len(r.page)) {
				t.Errorf("%s: byte %d lies outside %d..%d", tt.name, f.Offset, r.base, r.base+len(r.page))
			}
		}
	}
}

func trackOf(m *trackModel) *ringView     { return &m.track }
func keysOf(m *trackModel) *ringView      { return m.keys }
func fragmentsOf(m *trackModel) *ringView { return m.fragments }
func pagesOf(m *trackModel) *ringView     { return m.pages }

// The byte is that of the value: what lies there is the wrong number.
func TestCheckTrackByte(t *testing.T) {
	m := healthyTrack(t)
	m.keys.set(m.keys.now().EndPos-1, "number", 0xfeedbeef)
	found := m.check()
	if len(found) != 1 || binary.LittleEndian.Uint32(m.page[found[0].Offset:]) != 0xfeedbeef {
		t.Errorf("%+v", found)
	}
}

// Of what is not ready, replaced, or contradicts itself nothing more is told;
// of one fault in every record ten findings are enough.
func TestCheckTrackSilent(t *testing.T) {
	for name, harm := range map[string]func(m *trackModel){
		"not ready":        func(m *trackModel) { m.page[0] = 0 },
		"replaced":         func(m *trackModel) { m.page[0] |= byte(layout.StatusReload) },
		"keys not ready":   func(m *trackModel) { m.keys.page[0] = 0 },
		"keys over-full":   func(m *trackModel) { m.keys.change(func(h *layout.Header) { h.EndPos += 99 }) },
		"deleted too many": func(m *trackModel) { m.keys.change(func(h *layout.Header) { h.Deleted = h.EndPos + 1 }) },
		"no fields":        func(m *trackModel) { m.keys.page[36] = 0 },
		"no keys": func(m *trackModel) {
			for _, r := range []*ringView{m.keys, m.parts, m.fragments, m.pages} {
				r.change(func(h *layout.Header) { h.Deleted = h.EndPos })
			}
		},
	} {
		m := healthyTrack(t)
		harm(m)
		if found := m.check(); len(found) != 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	m := healthyTrack(t)
	for n := m.keys.now().Deleted; n < m.keys.now().EndPos; n++ {
		m.keys.set(n, "number", 77)
	}
	if n := m.keys.now().EndPos - m.keys.now().Deleted; n >= 10 || len(m.check()) != int(n) {
		t.Errorf("%d keys, %d findings", n, len(m.check()))
	}
	m.keys.change(func(h *layout.Header) { h.Deleted = 0 })
	for n := range m.keys.now().EndPos {
		m.keys.set(n, "number", 77)
	}
	if numbers := slices.DeleteFunc(m.check(), func(f layout.Finding) bool { return f.Code != CodeKeyNumber }); len(numbers) != maxSameFindings {
		t.Errorf("%d findings of one code, want %d", len(numbers), maxSameFindings)
	}
}

// listPage is a stream's page with a track in each of its slots.
func listPage(tb testing.TB, names ...string) (page []byte, list *ringView) {
	tb.Helper()
	template := MetaTemplate(uint32(len(names)))
	page = make([]byte, template.Size)
	if err := template.Build(page, layout.StatusReady); err != nil {
		tb.Fatal(err)
	}
	h, _ := layout.DecodeHeader(page)
	meta := ringView{page: page, header: h, window: layout.Window{End: 1}}
	if !meta.open() {
		tb.Fatal("the stream's page cannot be opened")
	}
	if list = meta.nested(0, "tracks"); list == nil {
		tb.Fatal("there is no list")
	}
	for n, name := range names {
		list.set(uint64(n), "valid", 255)
		list.text(tb, uint64(n), "type", "video")
		list.text(tb, uint64(n), "page", name)
	}
	list.change(func(h *layout.Header) { h.EndPos, h.Present = uint64(len(names)), uint32(len(names)) })
	return page, list
}

func (r *ringView) text(tb testing.TB, n uint64, name, v string) {
	tb.Helper()
	if err := r.schema.Lookup(name).PutText(r.record(n), v); err != nil {
		tb.Fatal(err)
	}
}

func TestCheckMeta(t *testing.T) {
	good := []string{"/MstTraklive@12-0", "/MstTraklive@13-1", "/MstTraklive@13-2"}
	named := func(n int, name string) []string {
		names := slices.Clone(good)
		names[n] = name
		return names
	}
	none := func(*ringView) {}
	for name, tt := range map[string]struct {
		names []string
		harm  func(list *ringView)
		want  []string
	}{
		"healthy":          {good, none, nil},
		"no slash":         {named(1, "MstTraklive@13-1"), none, nil},
		"no name":          {named(1, ""), none, []string{CodeTrackName}},
		"no track":         {named(1, "/MstMetalive"), none, []string{CodeTrackName}},
		"another stream's": {named(1, "/MstTrakother@13-1"), none, []string{CodeTrackName}},
		"another index":    {named(1, "/MstTraklive@13-4"), none, []string{CodeTrackName}},
		"twice":            {named(2, "/MstTraklive@13-1"), none, []string{CodeTrackName, CodeTrackShared}},
		"removed":          {named(1, "rubbish"), func(l *ringView) { l.set(1, "valid", 0) }, nil},
		"no type":          {good, func(l *ringView) { l.text(t, 2, "type", "") }, []string{CodeTrackType}},
		"overflow":         {good, func(l *ringView) { l.change(func(h *layout.Header) { h.Present = 4 }) }, []string{CodeListOverflow}},
		"not ready":        {named(1, ""), func(l *ringView) { l.page[0] = 0 }, nil},
	} {
		page, list := listPage(t, tt.names...)
		tt.harm(list)
		h, _ := layout.DecodeHeader(page)
		var codes []string
		for _, f := range CheckPage(Object{Kind: KindMeta, Stream: "live"}, page, h) {
			codes = append(codes, f.Code)
			if f.Path != ":tracks@0" || f.Offset < int64(list.base) || f.Offset >= int64(list.base+len(list.page)) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if !slices.Equal(codes, tt.want) {
			t.Errorf("%s: %v, want %v", name, codes, tt.want)
		}
	}
	// Through a pipe nobody knows whose page it is.
	page, _ := listPage(t, "/MstTrakx@1-0")
	h, _ := layout.DecodeHeader(page)
	if found := CheckPage(Object{Kind: KindMeta}, page, h); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestCheckObjects(t *testing.T) {
	free := Semaphore{Value: 1, Size: 32}
	held := Semaphore{Size: 32}
	twice := Semaphore{Value: 2, Size: 32}
	for name, tt := range map[string]struct {
		found []layout.Finding
		want  []string
	}{
		"ready":              {CheckState([]byte{4, 255}), nil},
		"invalid":            {CheckState([]byte{255, 0}), nil},
		"unknown":            {CheckState([]byte{77, 0}), []string{CodeStateUnknown}},
		"a fork's":           {CheckState(append([]byte{6}, make([]byte, 111)...)), nil},
		"an unknown one's":   {CheckState(append([]byte{6}, make([]byte, 112)...)), []string{CodeObjectSize}},
		"no state":           {CheckState(nil), []string{CodeInvalidObject}},
		"a pid":              {CheckPID(EncodePID(4711)), nil},
		"none yet":           {CheckPID(EncodePID(0)), []string{CodePIDUnset}},
		"too high":           {CheckPID(EncodePID(1 << 40)), []string{CodeInvalidObject}},
		"half a pid":         {CheckPID(make([]byte, 4)), []string{CodeInvalidObject}},
		"long pid":           {CheckPID(append(EncodePID(4711), 0)), []string{CodeObjectSize}},
		"free":               {CheckSemaphore(free.Encode(), FormGlibc), nil},
		"held":               {CheckSemaphore(held.Encode(), FormGlibc), nil},
		"given back twice":   {CheckSemaphore(twice.Encode(), FormGlibc), []string{CodeDoublePost}},
		"of no size":         {CheckSemaphore(make([]byte, 31), FormGlibc), []string{CodeInvalidObject}},
		"given back in musl": {CheckSemaphore(append([]byte{3}, make([]byte, 31)...), FormMusl), []string{CodeDoublePost}},
	} {
		var codes []string
		for _, f := range tt.found {
			codes = append(codes, f.Code)
		}
		if !slices.Equal(codes, tt.want) {
			t.Errorf("%s: %v, want %v", name, codes, tt.want)
		}
	}
}

// Every code has a line of its own, and is one that its constants name.
func TestCheckCodes(t *testing.T) {
	seen := map[string]bool{}
	last := layout.Error
	for _, c := range CheckCodes() {
		if seen[c.Name] || c.Means == "" || !regexp.MustCompile(`^[a-z_]+$`).MatchString(c.Name) || c.Severity > last {
			t.Errorf("%+v", c)
		}
		seen[c.Name], last = true, c.Severity
		if f := NewFinding(c.Name, 7, ":x", "%d", 5); f != (layout.Finding{Code: c.Name, Severity: c.Severity, Offset: 7, Path: ":x", Message: "5"}) {
			t.Errorf("%+v", f)
		}
	}
}

// Nothing is found on what living servers had, but for a stream whose buffer was killed
// and whose pages the next push took over.
func TestCheckCaptured(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(capturedPages, "*.tar.gz"))
	if err != nil || len(archives) == 0 {
		t.Skip("no captured pages in " + capturedPages)
	}
	keys, tracks := 0, 0
	for _, archive := range archives {
		eachCapturedObject(t, archive, func(name string, _ int, object []byte) {
			o, ok := ParseName(name)
			if !ok || o.Kind == KindData {
				return
			}
			var found []layout.Finding
			switch o.Kind {
			case KindState:
				found = CheckState(object)
			case KindInputPID, KindPullPID:
				found = CheckPID(object)
			case KindSemaphore:
				found = CheckSemaphore(object, o.Form)
			default:
				h, err := layout.DecodeHeader(object)
				if err != nil || !o.Kind.IsPage() {
					return
				}
				found = CheckPage(o, object, h)
				if track := (ringView{page: object, header: h, window: layout.Window{End: 1}}); o.Kind == KindTrack && track.open() {
					tracks++
					keys += int(track.nested(0, "keys").window.Count())
				}
			}
			damaged := name == "MstMetalive" && strings.Contains(archive, "live-buffer-killed-then-refed")
			if (len(found) > 0) != damaged {
				t.Errorf("%s: %s: %+v", archive, name, found)
			}
		})
	}
	if tracks < 10 || keys < 100 {
		t.Errorf("only %d tracks with %d keys were looked at", tracks, keys)
	}
}

// Bytes from a page lead nowhere outside it, and say nothing without end.
func FuzzCheckPage(f *testing.F) {
	track := healthyTrack(f).page
	list, _ := listPage(f, "/MstTraklive@12-0", "/MstTraklive@12-0")
	f.Add(track, true)
	f.Add(list, false)
	for _, at := range []int{2, 6, 14, 22, 26, 28, 36, 40, 90, 300, 1000} {
		harmed := bytes.Clone(track)
		harmed[at] ^= 0xff
		f.Add(harmed, true)
		harmed = bytes.Clone(list)
		harmed[at] ^= 0xff
		f.Add(harmed, false)
	}
	f.Fuzz(func(t *testing.T, page []byte, isTrack bool) {
		h, err := layout.DecodeHeader(page)
		if err != nil {
			return
		}
		o := Object{Kind: KindMeta, Stream: "live"}
		if isTrack {
			o.Kind = KindTrack
			if records := DataRecords(page, h); len(records) > len(page) {
				t.Fatalf("%d data pages of %d bytes", len(records), len(page))
			}
		}
		count := map[string]int{}
		for _, found := range CheckPage(o, page, h) {
			if count[found.Code]++; count[found.Code] > maxSameFindings {
				t.Fatalf("more than ten of %s", found.Code)
			}
			if found.Offset < 0 || found.Offset >= int64(len(page)) || strings.Contains(found.Message, "%!") {
				t.Fatalf("%+v of %d bytes", found, len(page))
			}
		}
	})
}
