package object

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

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
	Name, Path string
	Info       fs.FileInfo
	File       procs.File

	Of     mist.Object // what its name says, if known
	Known  bool
	Sorted mist.Object // where it stands in a listing
	Kind   string

	IsPage bool
	Denied bool
	Header layout.Header // of a page
	small  []byte        // the first bytes of what is no page, and says something with them
}

// smallSize is more than any object has that is neither a page nor a list of packets.
const smallSize = 512

// Is tells objects of one directory apart.
func (o Entry) Is(other Entry) bool { return o.Name == other.Name }

// Inspect looks into one file. What cannot be opened is listed by name.
func Inspect(c *cli.Call, entry fs.DirEntry, table *procs.Table) (Entry, bool) {
	info, err := entry.Info()
	if err != nil || !info.Mode().IsRegular() {
		return Entry{}, false
	}
	o := Entry{Name: entry.Name(), Path: filepath.Join(c.ShmDir, entry.Name()), Info: info, File: table.File(info)}
	o.Of, o.Known = mist.ParseName(o.Name)
	o.Sorted = o.Of
	o.Kind = string(o.Of.Kind)
	if o.Known && !o.Of.Kind.IsPage() {
		o.lookSmall()
	} else {
		o.lookPage()
	}
	return o, true
}

// lookSmall reads what is no page and says something with a few bytes. It is
// never mapped: to look at a hole would fill it.
func (o *Entry) lookSmall() {
	f, err := objectfile.Open(o.Path)
	if err != nil {
		o.Denied = errors.Is(err, fs.ErrPermission)
		return
	}
	defer f.Close()
	if k := o.Of.Kind; k != mist.KindData && k != mist.KindPush && k != mist.KindTemporary {
		o.small, _ = io.ReadAll(io.LimitReader(f, smallSize))
	}
}

func (o *Entry) lookPage() {
	p, err := relaccx.Open(o.Path)
	if err != nil {
		o.Denied = errors.Is(err, fs.ErrPermission)
		o.IsPage = o.Denied && o.Known
		return
	}
	defer p.Close()
	h, err := p.Header()
	if err != nil {
		return
	}
	o.IsPage = LooksLikePage(o.Known, p, h)
	if o.IsPage {
		o.Header = h
		if !o.Known {
			o.Kind = "relaccx"
		}
	}
}

// LooksLikePage: a valid header and descriptors, or a page that is not ready
// and has the name of one that MistServer makes.
func LooksLikePage(known bool, p *relaccx.Page, h layout.Header) bool {
	if !h.Status.Ready() {
		return known || h.Offset > 0 && isValid(p)
	}
	return h.Status.Known() && isValid(p)
}

func isValid(p *relaccx.Page) bool {
	r, err := p.Peek()
	return err == nil && len(r.Schema().Fields()) > 0
}

// StatusCell is what a page's bits, or the few bytes of another object, say.
func (o *Entry) StatusCell(table *procs.Table) dump.Cell {
	switch {
	case o.Denied:
		return dump.Cell{Value: "no permission", Tone: dump.Attention}
	case o.IsPage:
		return toned(o.Header.Status.String(), "", o.Header.Status == layout.StatusReady)
	}
	switch o.Of.Kind {
	case mist.KindState:
		return stateCell(o.small)
	case mist.KindInputPID, mist.KindPullPID:
		return pidCell(o.small, o.Of, table)
	case mist.KindSemaphore:
		return lockCell(o.small, o.Of)
	case mist.KindProcess:
		return processCell(o.small, o.Of, table)
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

// KindCell returns the kind; a table says of a semaphore what it guards.
func (o *Entry) KindCell() dump.Cell {
	return dump.Cell{Value: OrNull(o.Kind), Text: strings.TrimSpace(o.Kind + " " + string(o.Of.Lock))}
}

// WriterCell is who holds the writer's lock, else the living process that MistServer
// means to write the object, or to take it away in the end; "13 ?" where only its PID
// is known, and not whether it lives.
func (o *Entry) WriterCell(table *procs.Table, holder int) dump.Cell {
	if p, ok := LockHolder(table, holder); ok {
		return dump.Cell{Value: p.PID, Text: ProcessText(p)}
	}
	v, ok := table.Keeper(o.Path)
	switch {
	case !ok || v.Life == procs.Dead:
		return dump.Cell{}
	case v.Life == procs.Unknown && v.PID == 0:
		return dump.Cell{Text: "?"}
	case v.Life == procs.Unknown:
		return dump.Cell{Text: v.Text()}
	}
	return dump.Cell{Value: v.Process.PID, Text: ProcessText(v.Process)}
}

// LockHolder returns the process of a PID that holds a page's lock, 0 for none.
func LockHolder(table *procs.Table, pid int) (procs.Process, bool) {
	if pid == 0 {
		return procs.Process{}, false
	}
	if alive, found := table.Alive(pid); found {
		return alive, true
	}
	return procs.Process{PID: pid}, true
}
