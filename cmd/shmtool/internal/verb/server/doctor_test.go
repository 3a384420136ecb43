package server

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// The verdict on a stream that may not be read is unknown, and not ok.
func TestUnreadableStream(t *testing.T) {
	meta := &streams.Object{Name: "MstMetalive", Is: mist.Object{Kind: mist.KindMeta}}
	stream := &streams.Stream{
		Name: "live", Objects: []*streams.Object{meta},
		Problems: []streams.Problem{{Object: meta.Name, Err: fs.ErrPermission}, {Object: "MstUserlive", Err: fs.ErrPermission}},
	}
	x := &examination{moment: &streams.Moment{Streams: []*streams.Stream{stream}}}
	shown := func(format string) string {
		var b bytes.Buffer
		p := out.New(world.New(nil, &b, io.Discard, os.Getenv), out.Options{Format: format})
		if err := errors.Join(printFindings(p, x, "/dev/shm"), p.Flush()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got, want := shown(out.Table), "live  unknown\ncould not be seen: stream live: permission denied: MstMetalive and 1 more\n"; got != want {
		t.Errorf("%q", got)
	}
	if err := x.status(); !errors.Is(err, fail.Status(fail.ExitPermission)) {
		t.Errorf("%v", err)
	}
	if got := shown(out.Nagios); !strings.HasPrefix(got, "UNKNOWN: stream live: permission denied: MstMetalive and 1 more | streams=1 ok=0 ") {
		t.Errorf("%q", got)
	}
	if err := x.monitored(); !errors.Is(err, nagiosUnknown.code) {
		t.Errorf("%v", err)
	}

	// Findings stand before what could not be seen.
	x.found = []finding.Finding{{Code: finding.WriterDead, Severity: finding.Error, Stream: "live", Message: "gone | \n gone"}}
	if got := shown(out.Table); !strings.HasPrefix(got, "live  stuck\n└─ writer_dead\n") {
		t.Errorf("%q", got)
	}
	if err := x.status(); !errors.Is(err, fail.Status(fail.ExitFindings)) {
		t.Errorf("%v", err)
	}
	if got := nagiosText(nagiosStateOf(x), x); !strings.HasPrefix(got, "CRITICAL: live: writer_dead: gone / ") || strings.Count(got, "|") != 1 || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}
