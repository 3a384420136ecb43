package object

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// pushKind is MstPush: the pushes of the controller, one packed behind the other.
var pushKind = &Kind{
	Noun:  "the list of pushes",
	names: []mist.Kind{mist.KindPush},
	view:  viewPush,
	check: checkPush,
}

func viewPush(o *Object, _ *out.Printer, _ Selection) (*content, error) {
	b, pushes, broken := o.pushes()
	if broken != nil && !fail.Has[*dtsc.FormatError](broken) {
		return nil, broken
	}
	if broken != nil {
		broken = fmt.Errorf("list of pushes: %w", broken)
	}
	return &content{
		document: o.pushListing(pushes),
		parts:    partsOf(o.pushParts(b, pushes)),
		broken:   broken,
	}, nil
}

func checkPush(o *Object) (found []layout.Finding, says string, err error) {
	_, pushes, err := o.pushes()
	var wrong *dtsc.FormatError
	if errors.As(err, &wrong) {
		f := mist.NewFinding(mist.CodePushBroken, wrong.Offset, "", "%s, behind %s", packetText(wrong), units.Counted(uint64(len(pushes)), "push", "pushes"))
		return []layout.Finding{f}, "", nil
	}
	return nil, fmt.Sprintf(": %d", len(pushes)), err
}

const (
	pushStart   = 64 << 10
	pushRereads = 5
	pushPause   = 2 * time.Millisecond
)

// pushes reads the list, and again until it stays the same: MistServer writes it anew
// without a lock. An error about its bytes comes with the pushes in front of them.
func (o *Object) pushes() (b []byte, pushes []dtsc.Push, err error) {
	for range pushRereads {
		last := b
		if b, pushes, err = o.readPushes(); err == nil && last != nil && bytes.Equal(b, last) {
			break
		}
		time.Sleep(pushPause)
	}
	return b, pushes, err
}

// readPushes reads as much of the page as the list takes.
func (o *Object) readPushes() (b []byte, pushes []dtsc.Push, err error) {
	for size := int64(pushStart); ; size *= 2 {
		size = min(size, o.info.Size())
		b = make([]byte, size)
		if n, err := o.file.ReadAt(b, 0); int64(n) < size {
			return nil, nil, truncated(err)
		}
		pushes, err = nil, nil
		for p, wrong := range dtsc.PushList(b) {
			if err = wrong; err == nil {
				pushes = append(pushes, p)
			}
		}
		if err == nil || size == o.info.Size() {
			return b, pushes, err
		}
	}
}

func (o *Object) pushListing(pushes []dtsc.Push) *dump.Listing {
	hide, table := mist.PushTarget.Redact, o.table()
	if o.world.Secrets {
		hide = func(text string) string { return text }
	}
	l := &dump.Listing{
		Schema:  "shmtool.push/1",
		RowsKey: "pushes",
		Head:    []dump.Fact{{Name: "page", Value: dump.Text(o.Arg)}, {Name: "bytes", Value: o.info.Size()}, {Name: "allocated", Value: table.File(o.info).Allocated}},
		Columns: []dump.Column{
			{Name: "#", Right: true},
			{Name: "PID", Right: true},
			{Name: "ALIVE"},
			{Name: "PROCESS", Minor: true},
			{Name: "STREAM"},
			{Name: "TARGET"},
			{Name: "FINAL_TARGET"},
		},
	}
	for i, p := range pushes {
		process, _ := processFacts(table.Judge(procs.Named{PID: uint64(p.PID), Stream: p.Stream}))
		text := func(s string) dump.Cell { return dump.Cell{Value: dump.Text(s), Text: mist.EscapeName(s)} }
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: i},
			{Value: p.PID},
			{Value: process[1].Value, Tone: process[0].Tone},
			{Value: process[2].Value, Text: process[2].Text},
			text(p.Stream), text(hide(p.Original)), text(hide(p.Final)),
		})
	}
	return l
}

// pushParts takes the list apart. A push is its PID and three strings, each behind two
// bytes of size.
func (o *Object) pushParts(b []byte, pushes []dtsc.Push) []dump.HexPart {
	var parts []dump.HexPart
	at := 0
	add := func(size int, name, value string) *dump.HexPart {
		parts = append(parts, dump.HexPart{Offset: at, Bytes: b[at : at+size], Indent: 2, Name: name, Value: value})
		at += size
		return &parts[len(parts)-1]
	}
	for i, p := range pushes {
		parts = append(parts, dump.HexPart{Offset: at, Name: fmt.Sprintf("push #%d", i)})
		add(4, "pid", fmt.Sprint(p.PID))
		for j, text := range []string{p.Stream, p.Original, p.Final} {
			name := []string{"stream", "target", "final_target"}[j]
			add(2, name+" size", fmt.Sprint(len(text)))
			if text == "" {
				continue
			}
			part := add(len(text), name, "")
			if j > 0 && !o.world.Secrets {
				part.Secrets = mist.PushTarget.Secrets(part.Bytes)
				text = mist.PushTarget.Redact(text)
			}
			part.Value = fmt.Sprintf("%q", text)
		}
	}
	if len(b)-at >= 4 {
		add(4, "end", "").Indent = 0
	}
	if left := int(o.info.Size()) - at; left > 0 {
		parts = append(parts, dump.HexPart{Offset: at, Size: left, Name: "behind the list"})
	}
	return parts
}
