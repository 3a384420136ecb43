package object

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
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

	Of     mist.Object // what its name says, if that is known
	Known  bool
	Sorted mist.Object // where it stands in a listing
	Kind   string

	IsPage bool
	Unread error         // why nothing is known of what it holds; nil when it was read
	Header layout.Header // of a page
	Old    bool          // a page of MistServer before 2.14, which cannot be read
	small  []byte        // the first bytes of an object whose kind has a status
}

// Is reports whether two entries of one directory are the same.
func (o Entry) Is(other Entry) bool { return o.Name == other.Name }

// Inspect looks into one file. It reports false for one that is not regular, or that has
// vanished. A file that it cannot read is listed by its name.
func Inspect(w *world.World, entry fs.DirEntry, table *procs.Table) (Entry, bool, error) {
	info, err := entry.Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Entry{}, false, nil
	case err != nil:
		return Entry{}, false, fail.OnPage(entry.Name(), err)
	case !info.Mode().IsRegular():
		return Entry{}, false, nil
	}
	o := Entry{Name: entry.Name(), Path: filepath.Join(w.ShmDir, entry.Name()), Info: info, File: table.File(info)}
	o.Of, o.Known = mist.ParseName(o.Name)
	o.Sorted = o.Of
	o.Kind = string(o.Of.Kind)
	if o.Known && !o.Of.Kind.IsPage() {
		o.lookSmall()
	} else {
		o.lookPage()
	}
	return o, true, nil
}

// unread notes that the object could not be read, if err says so.
func (o *Entry) unread(err error) {
	if fail.Unread(err) {
		o.Unread = err
	}
}

// lookSmall reads the first bytes of an object that is no page. It never maps the object:
// to look at a hole would fill it.
func (o *Entry) lookSmall() {
	f, err := objectfile.Open(o.Path)
	if err != nil {
		o.unread(err)
		return
	}
	defer f.Close()
	if k := KindOf(o.Of.Kind); k != nil && k.status != nil {
		o.small, err = io.ReadAll(io.LimitReader(f, smallSize))
		o.unread(err)
	}
}

func (o *Entry) lookPage() {
	p, err := relaccx.Open(o.Path)
	if err != nil {
		o.unread(err)
		o.IsPage = o.Unread != nil && o.Known
		return
	}
	defer p.Close()
	var h layout.Header
	var old, isPage bool
	err = p.Exclusively(func() (err error) { // one look at the size of the file for all
		if h, err = p.Header(); err == nil {
			old = mist.IsOldPage(o.Name, h)
			isPage, err = looksLikePage(o.Known, p, h)
		}
		return err
	})
	if err != nil {
		o.unread(err)
		o.IsPage = o.Unread != nil && o.Known
		return
	}
	o.Old, o.IsPage = old, isPage
	if o.IsPage {
		o.Header = h
		if !o.Known {
			o.Kind = "relaccx"
		}
	}
}

// LooksLikePage reports whether an object is a RelAccX page: it has a valid header and
// fields, or it is not ready and its name is known as one that MistServer gives a page. A
// page of MistServer before 2.14 is none.
func LooksLikePage(known bool, p *relaccx.Page, h layout.Header) bool {
	is, err := looksLikePage(known, p, h)
	return is && err == nil
}

// looksLikePage returns what LooksLikePage does, and an error if the page was not read.
func looksLikePage(known bool, p *relaccx.Page, h layout.Header) (bool, error) {
	switch {
	case mist.IsOldPage(p.Name(), h):
		return false, nil
	case h.Status.Ready():
		if !h.Status.Known() {
			return false, nil
		}
	case known || h.Offset == 0:
		return known, nil
	}
	return isValid(p)
}

// isValid reports whether a page has valid fields. The error says that it was not read.
func isValid(p *relaccx.Page) (bool, error) {
	r, err := p.Peek()
	if fail.Unread(err) {
		return false, err
	}
	return err == nil && len(r.Schema().Fields()) > 0, nil
}

// StatusCell returns what a page's bits say, or the first bytes of another object.
func (o *Entry) StatusCell(table *procs.Table) dump.Cell {
	switch {
	case o.Unread != nil:
		return dump.Cell{Value: fail.UnreadStatus(o.Unread), Tone: dump.Attention}
	case o.Old:
		return dump.Cell{Value: "2.x", Tone: dump.Faint}
	case o.IsPage:
		return toned(o.Header.Status.String(), "", o.Header.Status == layout.StatusReady)
	}
	if k := KindOf(o.Of.Kind); k != nil && k.status != nil {
		return k.status(o.small, o.Of, table)
	}
	return dump.Cell{}
}

// KindCell returns the kind; a table says of a semaphore what it guards.
func (o *Entry) KindCell() dump.Cell {
	return dump.Cell{Value: OrNull(o.Kind), Text: strings.TrimSpace(o.Kind + " " + string(o.Of.Lock))}
}

// Writer is the process that writes an object.
type Writer struct {
	PID    int    // 0 is none, or not known
	Text   string // for people; "" for none
	Hidden bool   // it may be alive, and cannot be seen
}

// Writer returns the process that holds the writer's lock, else the living one that
// MistServer means to write the object, or to remove it in the end. Its text is "13 ?"
// when only the PID is known, and not whether the process is alive.
func (o *Entry) Writer(table *procs.Table, holder int) Writer {
	if p, ok := LockHolder(table, holder); ok {
		return Writer{PID: p.PID, Text: ProcessText(p)}
	}
	v, ok := table.Keeper(o.Path)
	switch {
	case !ok || v.Life == procs.Dead:
		return Writer{}
	case v.Life == procs.Unknown && v.PID == 0:
		return Writer{Text: "?", Hidden: true}
	case v.Life == procs.Unknown:
		return Writer{Text: v.Text(), Hidden: true}
	}
	return Writer{PID: v.Process.PID, Text: ProcessText(v.Process)}
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
