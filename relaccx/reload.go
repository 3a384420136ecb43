package relaccx

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// ReloadOptions are the options of Reload.
type ReloadOptions struct {
	Truncate bool  // cut values that do not fit their new field
	DryRun   bool  // do all that may be refused, on a page that no reader sees, and remove that page again
	Short    int64 // as CreateOptions has it
	Size     int64 // bytes of the object, if the shape takes less; 0 keeps what the old one had beyond its shape
}

// Reload gives the page a new shape. It makes a whole new page beside the old one, and
// carries every available record over by number and every field by name. Then it puts
// the new page in the old one's place under the name, and tells the readers of the old
// one. At every moment the name leads to a whole, ready page; a writer that dies on the
// way leaves the old page or the new one.
//
// Reload keeps mode, owner, and group, or returns fs.ErrPermission. Unless Size is
// given, it also keeps the bytes that the object has beyond its shape. In a ring that
// becomes shorter, the oldest records are withdrawn. A value that does not fit its new
// field is a *layout.ValueError, before anything has changed.
//
// Afterwards w writes the new page; Readers and nested Writers that came from it are no
// longer valid. The old object has no name, and lives on as long as others map it.
func (w *Writer) Reload(shape layout.Shape, o ReloadOptions) error {
	if w.nested || w.page.file == nil {
		return w.page.fail("reload", errors.New("a nested page is reloaded with the page around it"))
	}
	if !o.DryRun {
		Sweep(filepath.Dir(w.page.path))
	}
	temp, err := w.successor(shape, o)
	if err != nil {
		return w.page.fail("reload", cause(err))
	}
	if o.DryRun {
		return temp.discard()
	}
	old := *w
	err = temp.takePlace(old.page.path, old.page, old.tellReload)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrReplaced
	}
	if err != nil {
		return old.page.fail("reload", cause(err))
	}
	temp.setOptions(old.options)
	*w = *temp
	return old.Close()
}

// atStep is called before each step of a reload that other processes can see;
// tests stop the process there.
var atStep = func(step string) {}

// successor returns the new page, whole, under a temporary name.
func (w *Writer) successor(shape layout.Shape, o ReloadOptions) (*Writer, error) {
	r, err := w.Reader()
	if err != nil {
		return nil, err
	}
	r = r.WithRules(w.info)
	convert, err := newConversion(r.Schema(), shape.Schema, o.Truncate)
	if err != nil {
		return nil, err
	}
	convert.info = r.info
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	now, err := shm.StatFile(w.page.file) // not as it was opened: chmod may have come since
	if err != nil {
		return nil, err
	}
	slack := int64(w.page.Size()) - int64(h.PageSize())
	atStep("build")
	temp, err := buildTemp(filepath.Dir(w.page.path), shape, CreateOptions{
		Size:     cmp.Or(o.Size, int64(shape.Size())+max(slack, 0)),
		Short:    o.Short,
		Mode:     now.Mode,
		NotReady: !h.Status.Ready(),
	})
	if err != nil {
		return nil, err
	}
	atStep("carry")
	err = temp.carry(r, convert)
	if err == nil && h.Status.Exit() {
		err = temp.SetExit()
	}
	if err == nil {
		err = temp.keepOwner(now)
	}
	if err != nil {
		return nil, errors.Join(err, temp.discard())
	}
	return temp, nil
}

// keepOwner gives the page owner, group and mode of its predecessor.
func (w *Writer) keepOwner(of shm.Stat) error {
	now, err := shm.StatFile(w.page.file)
	if err != nil {
		return err
	}
	if now.UID != of.UID || now.GID != of.GID {
		if err := w.page.file.Chown(of.UID, of.GID); err != nil {
			return fmt.Errorf("its owner %d:%d cannot be kept: %w", of.UID, of.GID, cause(err))
		}
	}
	return w.page.file.Chmod(of.Mode) // also mode 0, which CreateOptions cannot say
}

// takePlace gives a temporary page the name path, which the page old must have
// still, and then calls after, before anything else happens: a writer that dies
// between the two leaves MistServer's readers, who look at the flag alone, on
// the old page. ErrReplaced when another object has the name, fs.ErrNotExist
// when none has; the temporary page is gone then.
func (w *Writer) takePlace(path string, old *Page, after func()) error {
	atStep("rename")
	aside := w.page.path
	kept, err := shm.Replace(aside, path, w.page.stat.Identity, old.stat.Identity)
	if errors.Is(err, shm.ErrOther) {
		w.tellReplaced() // to a reader that found it under the name for a moment
		err = replaced(err)
	}
	if errors.Is(err, fs.ErrPermission) {
		err = inDirectory(filepath.Dir(path), err)
	}
	if err != nil {
		return errors.Join(err, w.discard())
	}
	atStep("flag")
	after()
	if kept {
		err = os.Remove(aside) // the old page's name by now
	}
	atStep("done")
	w.page.path = path
	return err
}

// tellReload tells readers that a page with the same record numbers has the name.
func (w *Writer) tellReload() { w.tell(layout.StatusReload) }

// tellReplaced tells readers that another page has the name, whose records begin anew:
// nothing more is published on this one.
func (w *Writer) tellReplaced() { w.tell(layout.StatusReload | layout.StatusExit) }

func (w *Writer) tell(bits layout.Status) {
	if w.page.Size() == 0 {
		return
	}
	// Guarded: a page that was cut short has no readers to tell.
	_ = w.page.mem.Guard(func() error {
		w.cells.SetStatus(w.cells.Status() | bits)
		return nil
	})
	w.cells.WakeEndPos()
}

// carry writes all available records of r under their numbers, and then the counters that
// make them available. The records of w are withdrawn first, so that no reader of w takes
// new bytes for old records.
func (w *Writer) carry(r *Reader, convert *conversion) error {
	h, err := r.Header()
	if err != nil {
		return err
	}
	if r.ruled {
		return w.carryRows(r, h, convert)
	}
	var window layout.Window
	err = w.page.mem.Guard(func() error {
		window = carriedWindow(h, r.Size(), w.cells.Header().Slots(len(w.memory)))
		w.cells.SetPresent(0)
		w.cells.SetDeleted(max(w.cells.Deleted(), w.cells.EndPos(), window.First))
		return nil
	})
	if err != nil {
		return err
	}
	if window.First, err = w.flow(r, window, convert); err != nil {
		return err
	}
	return w.page.mem.Guard(func() error {
		w.setCarried(h, window)
		return nil
	})
}

// carriedWindow returns the records that are carried over into so many slots: the newest
// of a ring, the first of a table.
func carriedWindow(h layout.Header, size int, slots uint64) layout.Window {
	if h.EndPos == 0 {
		return h.Window(size).Clamp(0, slots)
	}
	return h.Window(size).Last(slots)
}

// setCarried makes the records of window available, and none that is not there:
// Deleted is not lowered before EndPos has its new place. Where Deleted means
// something else, on a table or over EndPos, it stays as it was.
func (w *Writer) setCarried(h layout.Header, window layout.Window) {
	deleted := h.Deleted
	if h.EndPos != 0 {
		deleted = max(deleted, window.First)
	}
	w.cells.SetStartPos(h.StartPos + uint32(deleted-h.Deleted))
	w.cells.SetDeleted(max(w.cells.Deleted(), deleted))
	w.cells.SetEndPos(h.EndPos)
	w.cells.SetDeleted(deleted)
	w.cells.SetPresent(carriedPresent(h, window))
}

// carriedPresent keeps present where it counts the available records, and as it
// was where it means something else.
func carriedPresent(h layout.Header, w layout.Window) uint32 {
	if h.EndPos == 0 || uint64(h.Present) == h.EndPos-h.Deleted {
		return uint32(w.Count())
	}
	return h.Present
}

// flow writes the records of window into their slots, and publishes none. Records that
// another process withdrew meanwhile stay withdrawn: first is the number behind them.
func (w *Writer) flow(r *Reader, window layout.Window, convert *conversion) (first uint64, err error) {
	h, err := w.Header()
	if err != nil {
		return 0, err
	}
	first = window.First
	for rec, err := range r.Records(window) {
		var lapped *LappedError
		if errors.As(err, &lapped) {
			first = lapped.First + lapped.Lost
			continue
		}
		if err != nil {
			return 0, err
		}
		converted, err := convert.convert(rec)
		if err != nil {
			return 0, err
		}
		mapped, err := w.slot(rec.Number, uint64(h.RecordCount))
		if err != nil {
			return 0, err
		}
		err = w.page.mem.Guard(func() error { return w.storeRecord(rec.Number, mapped, converted) })
		if err != nil {
			return 0, err
		}
	}
	return first, nil
}
