package server

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// A finding is told once enough looks in a row have it, and gone once as many do not.
func TestDebounce(t *testing.T) {
	dead := finding.Finding{Code: finding.WriterDead, Stream: "live", Severity: finding.Error, Message: "gone for 1 s"}
	later := dead
	later.Message = "gone for 2 s" // the same finding
	other := finding.Finding{Code: finding.TrackStale, Stream: "live", Severity: finding.Warning}
	w := &doctorWatch{holds: 2}
	var told []string
	for _, found := range [][]finding.Finding{{dead}, {}, {dead}, {later, other, other}, {later}, {}, {later}, {}, {}, {}} {
		look := ""
		for _, e := range w.settle(found) {
			look += e.word() + " " + e.Code + ";"
		}
		told = append(told, look)
	}
	want := []string{"", "", "", "came writer_dead;", "", "", "", "", "gone writer_dead;", ""}
	if got := strings.Join(told, "|"); got != strings.Join(want, "|") {
		t.Errorf("%q", told)
	}
	if len(w.known) != 0 {
		t.Errorf("%d findings are kept", len(w.known))
	}
}

// A line for the journal begins with its priority, and names in it end no line.
func TestWatchLines(t *testing.T) {
	var b bytes.Buffer
	w := world.New(nil, &b, io.Discard, os.Getenv)
	d := &doctorWatch{world: w, out: out.New(w, out.Options{Format: out.Table}), journal: true}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := finding.Finding{Code: finding.WriterDead, Stream: "a\nb", Severity: finding.Error, Message: "x\x1b[31m\ny"}
	for _, came := range []bool{true, false} {
		if err := d.tell(at, event{&f, came}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.out.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "<3>2026-01-02T03:04:05Z  came  error    writer_dead  a\\nb  x\\x1b[31m\\ny\n" +
		"<6>2026-01-02T03:04:05Z  gone  error    writer_dead  a\\nb  x\\x1b[31m\\ny\n"
	if b.String() != want {
		t.Errorf("%q", b.String())
	}
}

// The command of --exec gets values in its environment alone; one that hangs is killed,
// holds up nothing, and what it did not get is said.
func TestHandler(t *testing.T) {
	file := filepath.Join(t.TempDir(), "got")
	var said bytes.Buffer
	w := world.New(nil, io.Discard, &said, os.Getenv)
	h := newHandler(w, `printf '%s\n' "$SHMTOOL_FINDING_EVENT $SHMTOOL_FINDING_CODE $SHMTOOL_FINDING_STREAM" >> `+file)
	h.start(context.Background())
	f := finding.Finding{Code: finding.WriterDead, Stream: "$(touch /tmp/no)\x00'\"", Severity: finding.Error}
	h.give(time.Now(), event{&f, true})
	h.give(time.Now(), event{&f, false})
	h.finish()
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "came writer_dead $(touch /tmp/no)'\"\ngone writer_dead $(touch /tmp/no)'\"\n"; string(got) != want {
		t.Errorf("%q", got)
	}
	h = newHandler(w, "sleep 1000 & sleep 1000")
	h.limit = 50 * time.Millisecond
	h.start(context.Background())
	h.give(time.Now(), event{&f, true})
	h.finish()
	h = newHandler(w, "sleep 1000")
	h.last = 50 * time.Millisecond
	h.start(context.Background())
	for range 6 {
		h.give(time.Now(), event{&f, true})
	}
	h.finish()
	h = newHandler(w, "exit 1")
	for range handlerQueue + 3 {
		h.give(time.Now(), event{&f, true}) // nothing takes them
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	h.start(ended)
	h.finish()
	for _, want := range []string{"--exec: the command ran for 50ms, and was ended", "did not get 5 events", "did not get 3 events"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q does not say %q", said.String(), want)
		}
	}
}
