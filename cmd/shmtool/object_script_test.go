package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// objectCommands make what MistServer makes.
var objectCommands = map[string]func(*testscript.TestScript, bool, []string){
	"datapage": scriptDataPage,
	"track":    scriptTrack,
	"pushes":   scriptPushes,
	"rows":     scriptRows,
}

var packetSpec = regexp.MustCompile(`^(\d+)(k?)(?:b(-?\d+))?(?:o(-?\d+))?:(.*)$`)

// datapage FILE SIZE PACKET…: a data page of so many bytes. A packet is
// TIME[k][bN][oN]:PAYLOAD: k a keyframe, b its bpos, o its offset.
func scriptDataPage(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	of, _ := mist.ParseName(filepath.Base(args[0]))
	var b []byte
	for _, spec := range args[2:] {
		m := packetSpec.FindStringSubmatch(spec)
		if m == nil {
			ts.Fatalf("%q is no packet", spec)
		}
		p := dtsc.Packet{Track: uint32(of.Index), Key: m[2] != "", HasBytePos: m[3] != ""}
		p.Time, _ = strconv.ParseUint(m[1], 10, 64)
		p.BytePos, _ = strconv.ParseInt(m[3], 10, 64)
		p.PacketOffset, _ = strconv.ParseInt(m[4], 10, 64)
		b, err = dtsc.AppendPacket(b, &p, []byte(m[5]))
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// track STREAM PID INDEX KEY=AVAIL…: the page of a track, whose data pages have
// these first keys and so many bytes of packets. The stream's list names the
// page, unless STREAM begins with an exclamation mark.
func scriptTrack(ts *testscript.TestScript, neg bool, args []string) {
	stream, unlisted := strings.CutPrefix(args[0], "!")
	pid, err1 := strconv.Atoi(args[1])
	index, err2 := strconv.Atoi(args[2])
	if err1 != nil || err2 != nil {
		ts.Fatalf("usage: track STREAM PID INDEX KEY=AVAIL…")
	}
	track := mist.Object{Kind: mist.KindTrack, Stream: stream, PID: pid, Index: index}.Name()
	w := makePage(ts, track, mist.TrackTemplate(mist.DefaultTrackRoom))
	pages, err := w.Nested(relaccx.Step{Field: "pages", Exact: true})
	ts.Check(err)
	for i, arg := range args[3:] {
		key, avail, _ := strings.Cut(arg, "=")
		count := 1 // up to the next page
		if i+4 < len(args) {
			next, _, _ := strings.Cut(args[i+4], "=")
			from, _ := strconv.Atoi(key)
			to, err := strconv.Atoi(next)
			ts.Check(err)
			count = to - from
		}
		appendNumbers(ts, pages, map[string]string{
			"firstkey": key, "keycount": strconv.Itoa(count), "size": strconv.Itoa(mist.LiveDataSize), "avail": avail,
		})
	}
	ts.Check(w.Close())
	if unlisted {
		return
	}
	meta := makePage(ts, "MstMeta"+stream, mist.MetaTemplate(mist.DefaultTracks))
	tracks, err := meta.Nested(relaccx.Step{Field: "tracks", Exact: true})
	ts.Check(err)
	for range index {
		appendNumbers(ts, tracks, nil)
	}
	rec, err := tracks.NewRecord()
	ts.Check(err)
	ts.Check(rec.SetText("page", "/"+track))
	ts.Check(tracks.Append(rec.Bytes()))
	ts.Check(meta.Close())
}

func makePage(ts *testscript.TestScript, name string, t mist.Template) *relaccx.Writer {
	b := make([]byte, t.Size)
	ts.Check(t.Build(b, layout.StatusReady))
	path := filepath.Join(ts.Getenv(cli.ShmDirVariable), name)
	ts.Check(os.WriteFile(path, b, 0o666))
	w, err := relaccx.OpenWriter(path, relaccx.WriterOptions{})
	ts.Check(err)
	return w
}

func appendNumbers(ts *testscript.TestScript, w *relaccx.Writer, values map[string]string) {
	rec, err := w.NewRecord()
	ts.Check(err)
	for name, value := range values {
		n, err := strconv.ParseUint(value, 10, 64)
		ts.Check(err)
		ts.Check(rec.SetUint(name, n))
	}
	ts.Check(w.Append(rec.Bytes()))
}

// rows PAGE FIELD NAME=VALUE,NAME=VALUE…: records of the page that is nested in
// the field of a page's only record.
func scriptRows(ts *testscript.TestScript, neg bool, args []string) {
	w, err := relaccx.OpenWriter(filepath.Join(ts.Getenv(cli.ShmDirVariable), args[0]), relaccx.WriterOptions{})
	ts.Check(err)
	nested, err := w.Nested(relaccx.Step{Field: args[1], Exact: true})
	ts.Check(err)
	for _, arg := range args[2:] {
		rec, err := nested.NewRecord()
		ts.Check(err)
		for _, pair := range strings.Split(arg, ",") {
			name, value, _ := strings.Cut(pair, "=")
			ts.Check(nested.Schema().Lookup(name).Parse(rec.Bytes(), value))
		}
		ts.Check(nested.Append(rec.Bytes()))
	}
	ts.Check(w.Close())
}

// pushes FILE SIZE PID STREAM TARGET FINAL …: the list of pushes, in a page of
// so many bytes.
func scriptPushes(ts *testscript.TestScript, neg bool, args []string) {
	var list []dtsc.Push
	for i := 2; i+3 < len(args); i += 4 {
		pid, err := strconv.Atoi(args[i])
		ts.Check(err)
		list = append(list, dtsc.Push{PID: pid, Stream: args[i+1], Original: args[i+2], Final: args[i+3]})
	}
	b, err := dtsc.AppendPushList(nil, list)
	ts.Check(err)
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(b, make([]byte, max(0, size-len(b)))...)[:size], 0o666))
	if size < len(b) {
		fmt.Fprintf(ts.Stderr(), "the list is cut at %d of %d bytes\n", size, len(b))
	}
}
