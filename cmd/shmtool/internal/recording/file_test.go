package recording

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"

	"shmtool/relaccx"
)

// made is a recording of a page of count records, its bytes.
func made(tb testing.TB, count uint64, o Options) (page string, file []byte) {
	tb.Helper()
	dir := tb.TempDir()
	page, o.File = filepath.Join(dir, "page"), filepath.Join(dir, "page.mcap")
	w := create(tb, page, "v:uint64\nmsg:string:40", 50000)
	for v := range count {
		rec, err := w.NewRecord()
		must(tb, err)
		must(tb, errors.Join(rec.SetUint("v", v), rec.SetText("msg", fmt.Sprint("message ", v*7919, v*104729))))
		must(tb, w.Append(rec.Bytes()))
	}
	must(tb, w.SetExit())
	o.Targets, o.Said = []Target{{Name: "page", Path: page}}, func(string, relaccx.Event, error) {}
	summary, err := Record(tb.Context(), o)
	must(tb, err)
	if summary.Records != count {
		tb.Fatalf("%d records, want %d", summary.Records, count)
	}
	if o.Split == 0 {
		file, err = os.ReadFile(o.File)
		must(tb, err)
	}
	return page, file
}

// The library's own reader finds every message by the index, with channels and
// schemas.
func TestLibraryReads(t *testing.T) {
	_, file := made(t, 30000, Options{})
	r, err := mcap.NewReader(bytes.NewReader(file))
	must(t, err)
	info, err := r.Info()
	must(t, err)
	if len(info.ChunkIndexes) < 3 || info.Header.Profile != profile || len(info.Channels) != 2 {
		t.Errorf("%d chunks, profile %q, %d channels", len(info.ChunkIndexes), info.Header.Profile, len(info.Channels))
	}
	messages, err := r.Messages(mcap.WithTopics([]string{"page"}))
	must(t, err)
	for n := range 30000 {
		schema, channel, m, err := messages.NextInto(nil)
		must(t, err)
		if !strings.HasPrefix(string(m.Data), fmt.Sprintf(`{"#":%d,"v":%d,"msg":"`, n, n)) || m.Sequence != uint32(n) || m.LogTime != m.PublishTime || channel.MessageEncoding != "json" || schema.Encoding != "jsonschema" {
			t.Fatalf("message %d is %s", n, m.Data)
		}
	}
}

// Cut anywhere, as by a kill in the middle of a write, a recording is played up
// to its last whole chunk, and then there is one error.
func TestCutRecordings(t *testing.T) {
	_, file := made(t, 30000, Options{})
	whole := 0 // bytes up to the end of the data
	lastRecords := uint64(0)
	for _, at := range []int{9, 30, 200, len(file) / 3, len(file) / 2, len(file) * 3 / 4, len(file) - 400, len(file)} {
		dir := t.TempDir()
		err := playBytes(t, dir, file[:at], PlayOptions{})
		var damage *DamageError
		if at == len(file) {
			must(t, err)
		} else if !errors.As(err, &damage) || damage.Offset > int64(at) {
			if err != nil || at < len(file)-500 { // only the index is cut
				t.Errorf("cut at %d: %v", at, err)
			}
		}
		records := uint64(0)
		if p, err := relaccx.Open(filepath.Join(dir, "page")); err == nil {
			h, err := p.Header()
			must(t, err)
			records = h.EndPos
			p.Close()
		}
		if records < lastRecords {
			t.Errorf("cut at %d: %d records, and %d of less", at, records, lastRecords)
		}
		lastRecords, whole = records, at
	}
	if lastRecords != 30000 || whole != len(file) {
		t.Errorf("%d records of the whole file", lastRecords)
	}
}

// Each of the files of a split recording is one alone, and all are one after the
// other.
func TestSplit(t *testing.T) {
	page, _ := made(t, 40000, Options{Split: 100 << 10})
	files, err := filepath.Glob(filepath.Join(filepath.Dir(page), "page-*.mcap"))
	must(t, err)
	if len(files) < 3 {
		t.Fatalf("%v", files)
	}
	dir := t.TempDir()
	player := NewPlayer(PlayOptions{Dir: dir, Speed: 1e9})
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(t, err)
		r, err := NewReader(bytes.NewReader(b), int64(len(b)))
		must(t, err)
		more, err := player.Play(t.Context(), r)
		if !more || err != nil {
			t.Fatal(more, err)
		}
		r.Close()
	}
	must(t, player.Close())
	sameFile(t, filepath.Join(dir, "page"), page)

	alone := t.TempDir()
	must(t, play(t, alone, files[len(files)-1], PlayOptions{}))
	sameFile(t, filepath.Join(alone, "page"), page)
}

// Steps are records: the events between them come with them.
func TestSteps(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "page"), filepath.Join(dir, "page.mcap")
	w := create(t, path, "v:uint64", 9)
	appendValues(t, w, 1, 2)
	var seen eventLog
	stop := record(t, path, file, Options{Said: seen.add})
	waitForPage(t, file, "page")
	appendValues(t, w, 3, 4, 5)
	must(t, w.SetExit())
	waitFor(t, "exit", func() bool { return seen.has("exit") })
	stop()
	again := t.TempDir()
	steps := 0
	must(t, play(t, again, file, PlayOptions{Step: func() (bool, error) {
		p, err := relaccx.Open(filepath.Join(again, "page"))
		must(t, err)
		defer p.Close()
		h, err := p.Header()
		must(t, err)
		if h.EndPos != uint64(2+steps) {
			t.Errorf("before step %d there are %d records", steps, h.EndPos)
		}
		steps++
		return steps <= 2, nil
	}}))
	if steps != 3 {
		t.Errorf("%d steps", steps)
	}
}

// A full disk ends it with one error, and what was written before is whole.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page")
	w := create(t, path, "v:uint64", 9)
	appendValues(t, w, 1)
	must(t, w.SetExit())
	_, err := Record(t.Context(), Options{File: "/dev/full", Force: true, Targets: []Target{{Name: "page", Path: path}}, Said: func(string, relaccx.Event, error) {}})
	var file *FileError
	if !errors.As(err, &file) || !strings.Contains(err.Error(), "no space left") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// Whatever a file holds, playing it ends, with memory that its own size bounds.
func FuzzPlay(f *testing.F) {
	for _, count := range []uint64{0, 3} {
		_, file := made(f, count, Options{})
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		_ = playBytes(t, t.TempDir(), file, PlayOptions{})
	})
}

// Notes and records of any text are refused, or are of a page that can be.
func FuzzMessages(f *testing.F) {
	_, file := made(f, 3, Options{})
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	must(f, err)
	for {
		m, err := r.next()
		if err != nil {
			break
		}
		f.Add(m.events, m.text)
	}
	f.Add(true, []byte(`{"event":"lapped","first":18446744073709551615,"lost":9}`))
	f.Add(true, []byte(`{"event":"counters","counters":{"rcount":4294967295,"endpos":1}}`))
	f.Fuzz(func(t *testing.T, events bool, text []byte) {
		var plain bytes.Buffer
		w, err := mcap.NewWriter(&plain, &mcap.WriterOptions{})
		must(t, err)
		must(t, w.WriteHeader(&mcap.Header{Profile: profile}))
		for id, kind := range []string{kindEvents, kindRecords} {
			must(t, w.WriteChannel(&mcap.Channel{ID: uint16(id), Metadata: map[string]string{metaPage: "page", metaKind: kind}}))
		}
		for range 2 {
			begin, err := NewReader(bytes.NewReader(file), int64(len(file)))
			must(t, err)
			m, err := begin.next()
			must(t, err)
			must(t, w.WriteMessage(&mcap.Message{ChannelID: 0, Data: m.text}))
			begin.Close()
			id := uint16(1)
			if events {
				id = 0
			}
			must(t, w.WriteMessage(&mcap.Message{ChannelID: id, Data: text}))
		}
		must(t, w.Close())
		_ = playBytes(t, t.TempDir(), plain.Bytes(), PlayOptions{})
	})
}

// The statistics of a file tell when it begins and ends; a file that was cut has none.
func TestSpan(t *testing.T) {
	_, file := made(t, 30, Options{})
	info, err := mcap.NewReader(bytes.NewReader(file))
	must(t, err)
	all, err := info.Info()
	must(t, err)
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	first, last, known := r.Span()
	if s := all.Statistics; !known || first.UnixNano() != int64(s.MessageStartTime) || last.UnixNano() != int64(s.MessageEndTime) || first.After(last) {
		t.Errorf("from %v to %v, %v", first, last, known)
	}
	cut := file[:len(file)/2]
	r, err = NewReader(bytes.NewReader(cut), int64(len(cut)))
	must(t, err)
	if _, _, known := r.Span(); known {
		t.Error("a file that was cut tells its end")
	}
}
