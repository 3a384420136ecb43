package report

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

const hostile = "<script>alert('x')</script>\"&\x00\x1b[31m\xff\u202e --><!-- ]]> {{.}} javascript:"

// inputOf returns a report on a stream whose texts are all the same, with so many of
// everything.
func inputOf(text string, n int) Input {
	s := &streams.Stream{Name: text, Users: &streams.Users{}}
	m := &streams.Moment{Streams: []*streams.Stream{s}}
	m.Server.Configs = map[string]streams.Config{text: {DVRMS: 30000}}
	f := finding.Finding{Code: finding.WriterDead, Severity: finding.Error, Stream: text, Object: text, Message: text, Evidence: map[string]any{"x": text, "y": []string{text}}, Remedy: text, Effects: []finding.Effect{{Program: text}}}
	row := streams.Row{Stream: text, State: "ready", Verdict: "stuck", Source: text, Problems: []streams.Trouble{{Object: text, Message: text}}}
	track := Track{Name: mist.EscapeName(text), LastMS: uint64(n) * 1000}
	var all []procs.Process
	for i := range n {
		s.Objects = append(s.Objects, &streams.Object{Name: text})
		s.Users.Slots = append(s.Users.Slots, streams.User{PID: 7, Key: uint64(i), Process: procs.Process{Name: text}, Life: procs.Alive})
		row.Tracks = append(row.Tracks, streams.TrackRow{Type: text, Codec: text, Page: text})
		track.Keys = append(track.Keys, Key{Number: uint64(i), TimeMS: uint64(i) * 1000, DurationMS: 1000, Bytes: 5000, Parts: 1})
		track.Parts = append(track.Parts, Part{uint64(i) * 1000, 1000})
		track.Fragments = append(track.Fragments, Fragment{uint64(i) * 1000, uint64(i)*1000 + 1000, 1})
		track.Pages = append(track.Pages, streams.DataPage{Name: text, FirstMS: uint64(i) * 1000, Avail: 1})
		all = append(all, procs.Process{PID: i + 1, Parent: i, Name: text, State: "S", Args: []string{text, "--tkn", "4711"}})
	}
	in := Input{
		Version: "1", Place: text, At: time.Unix(1, 0), Moment: m, Rows: []streams.Row{row}, Verdict: "stuck", Unseen: []string{text},
		Found: slices.Repeat([]finding.Finding{f}, n), Processes: all, Media: map[string][]Track{text: {track}},
	}
	return in
}

func written(t *testing.T, in Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var tags = regexp.MustCompile(`<[a-zA-Z]+`)

// Texts come from pages, processes and recordings, and may hold any byte.
func TestHostileTexts(t *testing.T) {
	in := inputOf(hostile, 3)
	in.Recording = &Recording{Damage: hostile}
	in.Recording.add(recording.Happening{Page: hostile, At: time.Unix(5, 0)})
	in.Recording.add(recording.Happening{Page: hostile, At: time.Unix(9, 0), Event: "lapped", Lost: 3})
	html, plain := written(t, in), inputOf("name", 3)
	plain.Recording = &Recording{Damage: "name"}
	plain.Recording.add(recording.Happening{Page: "name", At: time.Unix(5, 0)})
	plain.Recording.add(recording.Happening{Page: "name", At: time.Unix(9, 0), Event: "lapped", Lost: 3})
	if got, want := tags.FindAllString(html, -1), tags.FindAllString(written(t, plain), -1); !slices.Equal(got, want) {
		t.Errorf("a text makes elements: %d, not %d", len(got), len(want))
	}
	if !utf8.ValidString(html) || strings.ContainsAny(html, "\x00\x1b\u202e") {
		at := max(strings.IndexAny(html, "\x00\x1b\u202e"), 0)
		t.Errorf("a text acts on who reads it: %q", html[max(at-200, 0):min(at+20, len(html))])
	}
	if strings.Contains(html, "4711") {
		t.Error("a token is shown")
	}
}

// A browser gives up at some hundred thousand elements.
func TestBounded(t *testing.T) {
	html := written(t, inputOf("live", 10_000))
	if len(html) > 3<<20 {
		t.Errorf("a report of %d bytes", len(html))
	}
	for _, says := range []string{"Keys of live: 400 of 10000 are drawn.", "9500 more are not shown.", "9800 more are not shown."} {
		if !strings.Contains(html, says) {
			t.Errorf("does not say %q", says)
		}
	}
	many := inputOf("live", 1)
	many.Rows = slices.Repeat(many.Rows, 2000)
	if html := written(t, many); strings.Count(html, "<section id=\"stream-") != MostStreams || len(html) > 3<<20 {
		t.Errorf("%d sections in %d bytes", strings.Count(html, "<section id=\"stream-"), len(html))
	}
}

// A page of a track may claim any time.
func TestExtremeTimes(t *testing.T) {
	for _, n := range []uint64{0, 1, 1 << 50, 1 << 62, math.MaxUint64} {
		in := inputOf("live", 2)
		track := &in.Media["live"][0]
		track.LastMS = n
		track.Keys[1] = Key{n, n, n, n, n}
		track.Parts[0] = Part{n, n}
		track.Fragments[1] = Fragment{n, 1, n}
		track.Pages[1].FirstMS = n
		in.Recording = &Recording{}
		in.Recording.add(recording.Happening{Page: "x", At: time.Unix(0, int64(n))})
		in.Recording.add(recording.Happening{Page: "x", At: time.Unix(0, 5)})
		written(t, in)
	}
}

// A browser finds its way by landmarks, and nothing is loaded or run.
func TestPage(t *testing.T) {
	html := written(t, inputOf("live", 3))
	for _, has := range []string{"<html lang=\"en\">", "<main id=\"main\"", "href=\"#main\"", "<header>", "<nav aria-label=", "<footer>", "scope=\"col\"", "scope=\"row\"", "name=\"viewport\"", "prefers-color-scheme: dark", "@media print"} {
		if !strings.Contains(html, has) {
			t.Errorf("has no %s", has)
		}
	}
	for _, refused := range []string{" style=", "<script", "src=", "@import", "url(", " onclick"} {
		if strings.Contains(html, refused) {
			t.Errorf("has %s", refused)
		}
	}
	_, style, _ := strings.Cut(html, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	if !strings.Contains(html, Policy(style)) {
		t.Error("its policy refuses its own style")
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if ids[id[1]] {
			t.Errorf("two elements have the id %q", id[1])
		}
		ids[id[1]] = true
	}
	for _, to := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if !ids[to[1]] {
			t.Errorf("a link leads to %q, which is nowhere", to[1])
		}
	}
}

// A snapshot may hold processes that are each other's parents.
func TestTree(t *testing.T) {
	list := tree([]procs.Process{{PID: 1, Parent: 2}, {PID: 2, Parent: 1}, {PID: 3, Parent: 3}, {PID: 4, Parent: 3}, {PID: 5, Parent: 4}})
	text := fmt.Sprint(list)
	if len(list) != 5 {
		t.Errorf("%d processes, not 5: %s", len(list), text)
	}
}

// A page that is none is marked, and no reason to stop.
func TestMediaOfNoPage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "MstTraklive@1-0"), []byte("no page"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &streams.Stream{Tracks: []*streams.Track{{Valid: 255, Type: "video", Object: &streams.Object{Name: "MstTraklive@1-0"}, Page: &streams.TrackPage{}}}}
	if tracks := ReadMedia(dir, s); len(tracks) != 1 || !tracks[0].Missed {
		t.Errorf("%+v", tracks)
	}
}

func TestRecording(t *testing.T) {
	r := &Recording{}
	withdrawn := uint64(4)
	for i, h := range []recording.Happening{
		{}, {}, {Event: "lapped", Lost: 3}, {Event: "counters", Deleted: new(uint64)}, {Event: "counters", Deleted: &withdrawn}, {Event: "reload"}, {Event: "exit"},
	} {
		h.Page, h.At = "page", time.Unix(100+int64(i), 0)
		r.add(h)
	}
	p := r.Pages[0]
	if p.Records != 2 || p.Lost != 3 || p.Withdrawn != 4 || p.Reloads != 1 || !p.Exited || len(p.Marks) != 4 {
		t.Errorf("%+v", p)
	}
	if line := recordedLine(r, p); len(line.X) != 7 || line.Y[0] != 1 || line.Y[1] != 1 || line.Y[2] != 0 {
		t.Errorf("%+v", line)
	}
}

// Metadata comes seconds apart, and would make the gaps of video and audio a flat line.
func TestGapsOfMedia(t *testing.T) {
	in := inputOf("live", 3)
	const caption = "Longest time between two packets"
	if !strings.Contains(written(t, in), caption) {
		t.Error("the gaps are not drawn")
	}
	in.Media["live"][0].Meta = true
	if strings.Contains(written(t, in), caption) {
		t.Error("the gaps of metadata are drawn")
	}
}

// The times of an axis differ, whether it is as long as a film or a recording that was over at
// once.
func TestClock(t *testing.T) {
	for s, want := range map[float64]string{0: "0s", 0.00025: "0.25ms", 0.002: "2ms", 0.5: "0.5s", 12: "12s", 125: "2:05", 3725: "1:02:05", -1: "", 1e13: ""} {
		if got := clock(s); got != want {
			t.Errorf("%v is %q, not %q", s, got, want)
		}
	}
}
