package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Entry is one file of the shared memory directory.
type Entry struct {
	name, path string
	info       fs.FileInfo
	file       procs.File

	of     mist.Object // what its name says, if known
	known  bool
	sorted mist.Object // where it stands in a listing
	kind   string

	isPage bool
	denied bool
	header layout.Header // of a page
	small  []byte        // the first bytes of what is no page, and says something with them
}

// smallSize is more than any object has that is neither a page nor a list of packets.
const smallSize = 512

// is tells objects of one directory apart.
func (o Entry) is(other Entry) bool { return o.name == other.name }

// inspect looks into one file. What cannot be opened is listed by name.
func inspect(c *cli.Call, entry fs.DirEntry, table *procs.Table) (Entry, bool) {
	info, err := entry.Info()
	if err != nil || !info.Mode().IsRegular() {
		return Entry{}, false
	}
	o := Entry{name: entry.Name(), path: filepath.Join(c.ShmDir, entry.Name()), info: info, file: table.File(info)}
	o.of, o.known = mist.ParseName(o.name)
	o.sorted = o.of
	o.kind = string(o.of.Kind)
	if o.known && !o.of.Kind.IsPage() {
		o.lookSmall()
	} else {
		o.lookPage()
	}
	return o, true
}

// lookSmall reads what is no page and says something with a few bytes. It is
// never mapped: to look at a hole would fill it.
func (o *Entry) lookSmall() {
	f, err := objectfile.Open(o.path)
	if err != nil {
		o.denied = errors.Is(err, fs.ErrPermission)
		return
	}
	defer f.Close()
	if k := o.of.Kind; k != mist.KindData && k != mist.KindPush && k != mist.KindTemporary {
		o.small, _ = io.ReadAll(io.LimitReader(f, smallSize))
	}
}

func (o *Entry) lookPage() {
	p, err := relaccx.Open(o.path)
	if err != nil {
		o.denied = errors.Is(err, fs.ErrPermission)
		o.isPage = o.denied && o.known
		return
	}
	defer p.Close()
	h, err := p.Header()
	if err != nil {
		return
	}
	o.isPage = looksLikePage(o.known, p, h)
	if o.isPage {
		o.header = h
		if !o.known {
			o.kind = "relaccx"
		}
	}
}

// looksLikePage: a valid header and descriptors, or a page that is not ready
// and has the name of one that MistServer makes.
func looksLikePage(known bool, p *relaccx.Page, h layout.Header) bool {
	if !h.Status.Ready() {
		return known || h.Offset > 0 && isValid(p)
	}
	return h.Status.Known() && isValid(p)
}

func isValid(p *relaccx.Page) bool {
	r, err := p.Peek()
	return err == nil && len(r.Schema().Fields()) > 0
}

// statusCell is what a page's bits, or the few bytes of another object, say.
func (o *Entry) statusCell(table *procs.Table) dump.Cell {
	switch {
	case o.denied:
		return dump.Cell{Value: "no permission", Tone: dump.Attention}
	case o.isPage:
		return toned(o.header.Status.String(), "", o.header.Status == layout.StatusReady)
	}
	switch o.of.Kind {
	case mist.KindState:
		return stateCell(o.small)
	case mist.KindInputPID, mist.KindPullPID:
		return pidCell(o.small, o.of, table)
	case mist.KindSemaphore:
		return lockCell(o.small, o.of)
	case mist.KindProcess:
		return processCell(o.small, o.of, table)
	case mist.KindPressure:
		if _, err := mist.DecodePressure(o.small); err != nil {
			return broken
		}
	case mist.KindAttempt:
		return attemptCell(o.small)
	}
	return dump.Cell{}
}

// broken is the status of what says nothing, for it has not the bytes.
var broken = dump.Cell{Value: "wrong size", Tone: dump.Bad}

func stateCell(b []byte) dump.Cell {
	s, err := mist.DecodeState(b)
	if err != nil {
		return broken
	}
	text := s.State.String()
	coming := s.State == mist.StateInit || s.State == mist.StateBoot || s.State == mist.StateWait
	if coming && s.Size > 1 { // MistServer before 3.2 does not tell the progress
		text += fmt.Sprintf(" %d%%", s.Percent())
	}
	return toned(s.State.String(), text, s.State == mist.StateReady)
}

// pidCell says whether the process lives whose PID an object holds: "alive 13",
// "stopped 13", "dead 13", and "pid 13" where that cannot be known.
func pidCell(b []byte, of mist.Object, table *procs.Table) dump.Cell {
	pid, err := mist.DecodePID(b)
	if err != nil {
		return broken
	}
	v := verdictOn(pid, of, table)
	switch {
	case v.Life == procs.Unknown:
		return dump.Cell{Value: fmt.Sprintf("pid %d", pid), Text: mist.EscapeName(v.Text()), Tone: dump.Attention}
	case v.Life == procs.Dead:
		return dump.Cell{Value: fmt.Sprintf("dead %d", pid), Tone: dump.Bad}
	case v.Stopped():
		return toned(fmt.Sprintf("stopped %d", pid), "", false)
	}
	return toned(fmt.Sprintf("alive %d", pid), "", true)
}

// lockCell: a lock for life is held all the time, any other hardly ever.
func lockCell(b []byte, of mist.Object) dump.Cell {
	s, err := mist.DecodeSemaphore(b, of.Form)
	if err != nil {
		return broken
	}
	text := semaphoreText(s)
	if s.Waiters > 0 {
		text += fmt.Sprintf(", %d waiting", s.Waiters)
	}
	return toned(semaphoreText(s), text, s.Held() == of.Lock.ForLife() && s.Value <= 1)
}

// semaphoreText is what a lock's value comes to.
func semaphoreText(s mist.Semaphore) string {
	switch s.Value {
	case 0:
		return "held"
	case 1:
		return "free"
	}
	return fmt.Sprintf("value %d", s.Value)
}
