package server

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// A stream that may not be read is not well: nobody knows.
func TestUnreadableStream(t *testing.T) {
	meta := &streams.Object{Name: "MstMetalive", Is: mist.Object{Kind: mist.KindMeta}}
	stream := &streams.Stream{
		Name: "live", Objects: []*streams.Object{meta},
		Problems: []streams.Problem{{Object: meta.Name, Err: fs.ErrPermission}, {Object: "MstUserlive", Err: fs.ErrPermission}},
	}
	x := &examination{Moment: &streams.Moment{Streams: []*streams.Stream{stream}}}
	shown := func(print func(c *cli.Call) error) string {
		var b bytes.Buffer
		w := world.New(nil, &b, io.Discard, os.Getenv)
		c := &cli.Call{World: w, Out: out.New(w, out.Options{Format: out.Table})}
		if err := errors.Join(print(c), c.Out.Flush()); err != nil && !errors.Is(err, nagiosUnknown.code) {
			t.Fatal(err)
		}
		return b.String()
	}
	tree := func(c *cli.Call) error { return c.Out.Outlines((&findingTree{x: x, shmDir: c.ShmDir}).outlines()) }
	if got, want := shown(tree), "live  unknown\ncould not be seen: stream live: permission denied: MstMetalive and 1 more\n"; got != want {
		t.Errorf("%q", got)
	}
	if err := x.status(); !errors.Is(err, fail.Status(fail.ExitPermission)) {
		t.Errorf("%v", err)
	}
	if got := shown(func(c *cli.Call) error { return nagios(c, "", x) }); !strings.HasPrefix(got, "UNKNOWN: stream live: permission denied: MstMetalive and 1 more | streams=1 ok=0 ") {
		t.Errorf("%q", got)
	}
	w := world.New(nil, io.Discard, io.Discard, os.Getenv)
	if err := nagios((&cli.Call{World: w, Out: out.New(w, out.Options{})}), "", x); !errors.Is(err, nagiosUnknown.code) {
		t.Errorf("%v", err)
	}

	// What was found stands before what could not be seen.
	x.Found = []finding.Finding{{Code: finding.WriterDead, Severity: finding.Error, Stream: "live", Message: "gone | \n gone"}}
	if got := shown(tree); !strings.HasPrefix(got, "live  stuck\n└─ writer_dead\n") {
		t.Errorf("%q", got)
	}
	if err := x.status(); !errors.Is(err, fail.Status(fail.ExitFindings)) {
		t.Errorf("%v", err)
	}
	if got := nagiosText(nagiosStateOf(x), x); !strings.HasPrefix(got, "CRITICAL: live: writer_dead: gone / ") || strings.Count(got, "|") != 1 || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}
