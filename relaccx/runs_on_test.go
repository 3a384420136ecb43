package relaccx

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// shortMeta makes the page of a stream with 64 track slots as MistServer 3.10 does:
// its file ends two bytes before its last record.
func shortMeta(t *testing.T, name string, missing int) (path string, page []byte) {
	t.Helper()
	template := mist.MetaTemplate(64)
	page = make([]byte, template.Size+2)
	if err := template.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h, err := layout.DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	page = page[:int(h.PageSize())-missing]
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, page
}

// slots returns how many slots of the track list can be read.
func slots(t *testing.T, p *Page) int {
	t.Helper()
	r, err := p.Reader()
	if err == nil {
		r, err = r.Nested(Step{Field: "tracks"})
	}
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for rec, err := range r.Slots() {
		if err != nil {
			t.Fatal(err)
		}
		if b := rec.Bytes(); len(b) == 0 {
			t.Errorf("slot %d has no bytes", rec.Number)
		}
		count++
	}
	return count
}

func TestPageShorterThanItClaims(t *testing.T) {
	path, b := shortMeta(t, "MstMetalive", 2)
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := slots(t, p); got != 64 {
		t.Errorf("%d slots, want 64", got)
	}
	if p.Size() != len(b) {
		t.Errorf("%d bytes, want those of the file, %d", p.Size(), len(b))
	}
	if found, err := p.Check(); err != nil || len(found) > 0 {
		t.Errorf("check: %v, %v", found, err)
	}
	copied, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if err := p.Save(copied); err != nil {
		t.Fatal(err)
	}
	if info, _ := copied.Stat(); info.Size() != int64(len(b)) {
		t.Errorf("the copy has %d bytes, want %d", info.Size(), len(b))
	}
	piped, err := FromBytes("-", b) // known by its fields
	if err != nil {
		t.Fatal(err)
	}
	if got := slots(t, piped); got != 64 {
		t.Errorf("from bytes: %d slots, want 64", got)
	}
	if err := os.Truncate(path, 40); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Reader(); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut short: %v", err)
	}
}

// A page that ends before its records do for any other reason was cut short.
func TestPageCutShort(t *testing.T) {
	for name, missing := range map[string]int{"MstMetalive": 4096 * 2, "MstUserlive": 2} {
		path, b := shortMeta(t, name, missing)
		p, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Reader(); !isFormat(err) {
			t.Errorf("%s, %d bytes short: %v", name, missing, err)
		}
		piped, err := FromBytes(name, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := piped.Reader(); !isFormat(err) {
			t.Errorf("%s from bytes: %v", name, err)
		}
	}
}

// The last field of a track's page of MistServer 3.0 is a ring that is 8 bytes longer
// than the field.
func TestNestedPageRunsOn(t *testing.T) {
	const slotCount, over, slack = 10, 8, 64
	inner, err := layout.ParseSchema("a:uint64\nb:uint64")
	if err != nil {
		t.Fatal(err)
	}
	ring := layout.Shape{Schema: inner, RecordCount: slotCount}
	outer, err := layout.ParseSchema("id:uint32\npages:nested:" + strconv.Itoa(int(ring.Size())-over))
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: outer, RecordCount: 1}
	b := make([]byte, int(shape.Size())+slack)
	if err := shape.Build(b, 0); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	h.Encode(b)
	at := int(h.Offset) + int(outer.Lookup("pages").Offset)
	if err := ring.Build(b[at:at+int(ring.Size())], 0); err != nil {
		t.Fatal(err)
	}
	rh := ring.Header()
	rh.Status, rh.EndPos, rh.Present = layout.StatusReady, slotCount, slotCount
	rh.Encode(b[at:])
	last := at + int(ring.Size()) - over
	b[last] = 77 // of field b of the last record

	p, err := FromBytes("page", b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	nested, err := r.Nested(Step{Field: "pages"})
	if err != nil {
		t.Fatal(err)
	}
	var rec Record
	if err := nested.Read(slotCount-1, &rec); err != nil {
		t.Fatal(err)
	}
	if v, err := rec.Uint("b"); err != nil || v != 77 {
		t.Errorf("b is %d, %v", v, err)
	}
	found, err := p.Check()
	if err != nil || len(found) != 1 || found[0].Severity != layout.Note || !strings.Contains(found[0].Message, "MistServer 3.0 and 3.1") {
		t.Errorf("check: %v, %v", found, err)
	}
	var whole Record
	if err := r.Read(0, &whole); err != nil {
		t.Fatal(err)
	}
	copied, err := whole.Nested(outer.Lookup("pages"))
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.Read(slotCount-1, &rec); err != nil {
		t.Fatal(err)
	}
	if v, err := rec.Uint("b"); err != nil || v != 77 {
		t.Errorf("b is %d in a copy of the record, %v", v, err)
	}
	short, err := FromBytes("page", b[:last+over-1])
	if err != nil {
		t.Fatal(err)
	}
	if r, err = short.Reader(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Nested(Step{Field: "pages"}); !isFormat(err) {
		t.Errorf("past the end of the page: %v", err)
	}
}

// A writer stores what lies in the file of a page that is too short, and nothing behind its
// end; a reload makes a page of the whole size, or one that is as short.
func TestWriterOfShortPage(t *testing.T) {
	path, b := shortMeta(t, "MstMetalive", 2)
	w, err := OpenWriter(path, WriterOptions{Rules: mist.KindMeta.Page()})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	must(t, w.SetCounters(layout.Header{RecordCount: 1, EndPos: 1, Present: 1}))
	set := func(field string, v uint64) error {
		return w.Update(0, func(rec *Record) error { return rec.SetUint(field, v) })
	}
	must(t, set("bufferwindow", 1<<60))
	must(t, set("minfragduration", 1<<48-1)) // its last two bytes are not there
	for _, err := range []error{
		set("minfragduration", 1<<48),
		w.StoreBytes(0, w.Schema().Lookup("minfragduration"), []byte{0, 0, 0, 0, 0, 0, 0, 1}),
		w.Append(append(make([]byte, w.Schema().RecordSize()-1), 1)),
		w.AppendOverwrite(append(make([]byte, w.Schema().RecordSize()-1), 1)),
	} {
		if err == nil || !errors.Is(err, ErrBehindEnd) && !errors.Is(err, ErrFull) {
			t.Errorf("bytes behind the end: %v", err)
		}
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Size() != int64(len(b)) {
		t.Errorf("the file has %d bytes now, want %d", info.Size(), len(b))
	}
	for _, short := range []int64{2, 0} {
		shape, err := mist.MetaTemplate(64).Shape()
		must(t, err)
		must(t, w.Reload(shape, ReloadOptions{Short: short}))
		if got, want := w.Page().Size(), int(shape.Size())-int(short); got != want {
			t.Errorf("reloaded as %d bytes, want %d", got, want)
		}
		r := mustReader(t, path)
		var rec Record
		must(t, r.Read(0, &rec))
		if v, _ := rec.Uint("minfragduration"); v != 1<<48-1 {
			t.Errorf("minfragduration is %#x", v)
		}
	}
	must(t, set("minfragduration", 1<<63))
	shape, err := mist.MetaTemplate(4).Shape()
	must(t, err)
	if err := w.Reload(shape, ReloadOptions{Short: 40}); err == nil {
		t.Error("a page may end before its header does")
	}
}

// A page that is known by its fields may claim anything, and end anywhere: readers
// and writers stay within its memory page, and the file keeps its size.
func TestHostileShortPages(t *testing.T) {
	random := rand.New(rand.NewPCG(4711, 1))
	template := mist.MetaTemplate(3)
	whole := make([]byte, template.Size+64)
	must(t, template.Build(whole, layout.StatusReady))
	h, err := layout.DecodeHeader(whole)
	must(t, err)
	dir := t.TempDir()
	read := 0
	for i := range 400 {
		claims := h
		b := whole[:int(h.PageSize())-random.IntN(4200)%len(whole)]
		switch random.IntN(4) {
		case 0:
			claims.RecordCount = uint32(random.IntN(4))
		case 1:
			claims.RecordSize += uint32(random.IntN(64)) - 32
		case 2:
			claims.Offset += uint16(random.IntN(64))
		}
		claims.EndPos, claims.Present = uint64(random.IntN(3)), uint32(random.IntN(3))
		b = append([]byte(nil), b...)
		claims.Encode(b)
		if at := int(claims.Offset) + 2 + layout.RecordCountOffset; random.IntN(3) == 0 && at < len(b) {
			b[at] = byte(random.IntN(9)) // slots of the list of tracks
		}
		path := filepath.Join(dir, "page"+strconv.Itoa(i))
		must(t, os.WriteFile(path, b, 0o600))
		if useHostile(path, b) {
			read++
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(len(b)) {
			t.Fatalf("a file of %d bytes has %d, %v", len(b), info.Size(), err)
		}
	}
	if read < 20 {
		t.Errorf("only %d pages could be read", read)
	}
}

// useHostile reads and writes a page in many ways, and reports whether it could be opened.
func useHostile(path string, b []byte) bool {
	p, err := FromBytes("-", b)
	if err != nil {
		return false
	}
	_, _ = p.Check()
	if q, err := Open(path); err == nil {
		_, _ = q.Check()
		if r, err := q.Reader(); err == nil {
			for rec, err := range r.Slots() {
				if err == nil {
					_, _ = rec.Nested(&r.Schema().Fields()[2])
				}
			}
		}
		_ = q.Close()
	}
	w, err := OpenWriter(path, WriterOptions{FieldsOnly: true, Rules: mist.KindMeta.Page()})
	if err != nil {
		return false
	}
	defer w.Close()
	record := make([]byte, w.Schema().RecordSize())
	for i := range record {
		record[i] = 255
	}
	_ = w.Append(record)
	_ = w.AppendOverwrite(record)
	for n := range uint64(3) {
		for _, field := range []string{"minfragduration", "utcsource", "vod"} {
			_ = w.Update(n, func(rec *Record) error { return rec.SetUint(field, 255) })
		}
		if inner, err := w.Nested(Step{Field: "tracks", Record: n, Exact: true}); err == nil {
			_ = inner.Update(n, func(rec *Record) error { return rec.SetUint("valid", 255) })
			_ = inner.AppendOverwrite(make([]byte, inner.Schema().RecordSize()))
		}
	}
	return true
}
