package recording

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foxglove/mcap/go/mcap"

	"shmtool/relaccx"
)

// A writer goes on writing to its two newest records, as MistServer does with keys:
// the recording has what they were at first, and what they came to be, and the copy
// has the last. It is so before a reload, at the end, and across files.
func TestRecordRevisions(t *testing.T) {
	defer func(d time.Duration) { discoverEvery = d }(discoverEvery)
	discoverEvery = 20 * time.Millisecond
	for _, split := range []int64{0, 1} {
		dir, again := t.TempDir(), t.TempDir()
		path, file := filepath.Join(dir, "keys"), filepath.Join(dir, "keys.mcap")
		w := create(t, path, "v:uint64\nduration:uint32\nparts:uint32", 8)
		set := func(n uint64, field string, v uint64) {
			t.Helper()
			must(t, w.Update(n, func(rec *relaccx.Record) error { return rec.SetUint(field, v) }))
		}
		var seen eventLog
		stop := record(t, path, file, Options{Said: seen.add, Split: split})
		for n := range uint64(30) {
			appendValues(t, w, n)
			if n > 0 {
				set(n-1, "duration", 2000+n)
			}
			for parts := range uint64(4) {
				set(n, "parts", parts+1)
				time.Sleep(2 * time.Millisecond)
			}
		}
		must(t, w.SetExit())
		waitFor(t, "exit", func() bool { return seen.has("exit") })
		summary := stop()
		if summary.Records != 30 || summary.Lost != 0 {
			t.Errorf("%+v", summary)
		}
		files := []string{file}
		if split > 0 {
			var err error
			files, err = filepath.Glob(strings.TrimSuffix(file, ".mcap") + "-*.mcap")
			must(t, err)
		} else if told := told(t, file); !slices.ContainsFunc(told, func(line string) bool {
			return strings.Contains(line, `,"duration":0`) && !strings.Contains(line, `"v":29,`)
		}) {
			t.Errorf("the recording has no record as it was at first:\n%s", strings.Join(told, "\n"))
		}
		player := NewPlayer(PlayOptions{Dir: again, Speed: 1e9})
		for _, name := range files {
			b, err := os.ReadFile(name)
			must(t, err)
			r, err := NewReader(bytes.NewReader(b), int64(len(b)))
			must(t, err)
			_, err = player.Play(t.Context(), r)
			must(t, err)
			r.Close()
		}
		must(t, player.Close())
		sameFile(t, filepath.Join(again, "keys"), path)
	}
}

// rewritten is a recording as another tool writes it: the messages that keep wants,
// in the order that it gives them.
func rewritten(t *testing.T, file []byte, arrange func([]*mcap.Message, map[uint16]*mcap.Channel) []*mcap.Message) []byte {
	t.Helper()
	r, err := mcap.NewReader(bytes.NewReader(file))
	must(t, err)
	info, err := r.Info()
	must(t, err)
	var out bytes.Buffer
	w, err := mcap.NewWriter(&out, &mcap.WriterOptions{Chunked: true, ChunkSize: 1 << 20})
	must(t, err)
	must(t, w.WriteHeader(info.Header))
	for _, s := range info.Schemas {
		must(t, w.WriteSchema(s))
	}
	for _, c := range info.Channels {
		must(t, w.WriteChannel(c))
	}
	it, err := r.Messages(mcap.InOrder(mcap.FileOrder))
	must(t, err)
	var messages []*mcap.Message
	for {
		_, _, m, err := it.NextInto(nil)
		if err != nil {
			break
		}
		messages = append(messages, m)
	}
	for _, m := range arrange(messages, info.Channels) {
		must(t, w.WriteMessage(m))
	}
	must(t, w.Close())
	return out.Bytes()
}

// A recording of which a tool has left out a channel, or which it has put in another
// order, is played right or refused with what is missing: never as another page.
func TestRewrittenRecordings(t *testing.T) {
	page, file := made(t, 300, Options{})
	isEvents := func(channels map[uint16]*mcap.Channel, m *mcap.Message) bool {
		return channels[m.ChannelID].Metadata[metaKind] == kindEvents
	}
	same := func(all []*mcap.Message, _ map[uint16]*mcap.Channel) []*mcap.Message { return all }
	for name, test := range map[string]struct {
		arrange func([]*mcap.Message, map[uint16]*mcap.Channel) []*mcap.Message
		want    string // of the error; "" plays right
	}{
		"as it was": {same, ""},
		"sorted by time": {func(all []*mcap.Message, channels map[uint16]*mcap.Channel) []*mcap.Message {
			slices.Reverse(all)
			slices.SortFunc(all, func(a, b *mcap.Message) int { return int(int64(a.LogTime - b.LogTime)) })
			return all
		}, ""},
		"without events": {func(all []*mcap.Message, channels map[uint16]*mcap.Channel) []*mcap.Message {
			return slices.DeleteFunc(all, func(m *mcap.Message) bool { return isEvents(channels, m) })
		}, `its channel "page#events", or the beginning of the recording, is missing`},
		"without records": {func(all []*mcap.Message, channels map[uint16]*mcap.Channel) []*mcap.Message {
			return slices.DeleteFunc(all, func(m *mcap.Message) bool { return !isEvents(channels, m) })
		}, `300 records should have come by now, and 0 have: the channel "page" was filtered`},
		"without one record": {func(all []*mcap.Message, channels map[uint16]*mcap.Channel) []*mcap.Message {
			return slices.Delete(all, 100, 101)
		}, "300 records should have come by now, and 299 have"},
		"channel by channel": {func(all []*mcap.Message, channels map[uint16]*mcap.Channel) []*mcap.Message {
			slices.SortStableFunc(all, func(a, b *mcap.Message) int { return int(a.ChannelID) - int(b.ChannelID) })
			return all
		}, "or is out of order"},
		"one record late": {func(all []*mcap.Message, _ map[uint16]*mcap.Channel) []*mcap.Message {
			all[50], all[51] = all[51], all[50]
			return all
		}, "not in the order of their times"},
		"backwards": {func(all []*mcap.Message, _ map[uint16]*mcap.Channel) []*mcap.Message {
			slices.Reverse(all)
			return all
		}, "is missing"},
		"the beginning cut off": {
			func(all []*mcap.Message, _ map[uint16]*mcap.Channel) []*mcap.Message { return all[1:] },
			"or the beginning of the recording, is missing",
		},
	} {
		again := t.TempDir()
		err := playBytes(t, again, rewritten(t, file, test.arrange), PlayOptions{})
		var damage *DamageError
		switch {
		case test.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			sameFile(t, filepath.Join(again, "page"), page)
		case !errors.As(err, &damage) || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Files of a split recording in the wrong order are refused.
func TestFilesOutOfOrder(t *testing.T) {
	page, _ := made(t, 40000, Options{Split: 100 << 10})
	files, err := filepath.Glob(filepath.Join(filepath.Dir(page), "page-*.mcap"))
	must(t, err)
	player := NewPlayer(PlayOptions{Dir: t.TempDir(), Speed: 1e9})
	defer player.Close()
	for i, name := range []string{files[1], files[0]} {
		b, err := os.ReadFile(name)
		must(t, err)
		r, err := NewReader(bytes.NewReader(b), int64(len(b)))
		must(t, err)
		defer r.Close()
		if _, err = player.Play(t.Context(), r); i == 0 {
			must(t, err)
		} else if err == nil || !strings.Contains(err.Error(), "name the files in their order") {
			t.Error(err)
		}
	}
}
