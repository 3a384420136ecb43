package relaccx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// ReloadOptions are how Reload treats what does not carry over by itself.
type ReloadOptions struct {
	Truncate bool // cut values that do not fit their new field
}

// Reload gives the page a new shape. It makes a whole new page beside the old
// one, with every available record carried over by number and every field by
// name, puts it in the old one's place under the name, and then tells the
// readers of the old one. At every moment the name leads to a whole, ready
// page; a writer that dies on the way leaves the old or the new one.
//
// Mode, owner and group are kept, or it is refused with fs.ErrPermission; so
// are the bytes that the object has beyond its shape. In a ring that becomes
// shorter the oldest records are withdrawn. A value that does not fit its new
// field is a *layout.ValueError, before anything has changed.
//
// Afterwards w writes the new page; Readers and nested Writers that came from
// it are void. The old object lives on, nameless, as long as others map it.
func (w *Writer) Reload(shape layout.Shape, o ReloadOptions) error {
	if w.nested {
		return w.page.fail("reload", errors.New("a nested page is reloaded with the page around it"))
	}
	temp, err := w.successor(shape, o)
	if err != nil {
		return w.page.fail("reload", cause(err))
	}
	old := *w
	if err := temp.takePlace(old.page.path, old.page, old.tellReload); err != nil {
		return old.page.fail("reload", cause(err))
	}
	*w = *temp
	return old.Close()
}

// PlanReload is Reload without its last step: it does everything that may be
// refused, on a page that nobody sees, and removes that page again.
func (w *Writer) PlanReload(shape layout.Shape, o ReloadOptions) error {
	temp, err := w.successor(shape, o)
	if err != nil {
		return w.page.fail("reload", cause(err))
	}
	return temp.discard()
}

// atStep is called before each step of a reload that other processes can see;
// tests stop the process there.
var atStep = func(step string) {}

// successor is the new page, whole, under a temporary name.
func (w *Writer) successor(shape layout.Shape, o ReloadOptions) (*Writer, error) {
	removeDeadTemps(filepath.Dir(w.page.path))
	r, err := w.Reader()
	if err != nil {
		return nil, err
	}
	convert, err := newConversion(r.Schema(), shape.Schema, o.Truncate)
	if err != nil {
		return nil, err
	}
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	slack := int64(len(w.memory)) - int64(h.PageSize())
	atStep("build")
	temp, err := buildTemp(filepath.Dir(w.page.path), shape, CreateOptions{
		Size:     int64(shape.Size()) + max(slack, 0),
		Mode:     w.page.stat.Mode,
		NotReady: !h.Status.Ready(),
	})
	if err != nil {
		return nil, err
	}
	atStep("carry")
	err = temp.carry(r, convert)
	if err == nil {
		err = temp.keepOwner(w.page.stat)
	}
	if err != nil {
		return nil, errors.Join(err, temp.discard())
	}
	return temp, nil
}

// keepOwner gives the page the owner and group of its predecessor.
func (w *Writer) keepOwner(of shm.Stat) error {
	now, err := shm.StatFile(w.page.file)
	if err != nil || now.UID == of.UID && now.GID == of.GID {
		return err
	}
	if err := w.page.file.Chown(of.UID, of.GID); err != nil {
		return fmt.Errorf("its owner %d:%d cannot be kept: %w", of.UID, of.GID, cause(err))
	}
	return w.page.file.Chmod(of.Mode) // chown takes set-id bits away
}

// takePlace renames a temporary page to path, over the page old, which must
// have that name still, and then calls after, before anything else happens: a
// writer that dies between the two leaves MistServer's readers, who look at the
// flag alone, on the old page.
func (w *Writer) takePlace(path string, old *Page, after func()) error {
	if old.Replaced() {
		return errors.Join(fmt.Errorf("something else has its name by now: %w", fs.ErrExist), w.discard())
	}
	atStep("rename")
	if err := os.Rename(w.page.path, path); err != nil {
		return errors.Join(err, w.discard())
	}
	atStep("flag")
	after()
	atStep("done")
	w.page.path = path
	return nil
}

func (w *Writer) tellReload() {
	if w.page.Size() == 0 {
		return
	}
	w.cells.SetStatus(w.cells.Status() | layout.StatusReload)
	w.cells.WakeEndPos()
}

// carry writes all available records of r under their numbers, and then the
// counters that make them available.
func (w *Writer) carry(r *Reader, convert *conversion) error {
	h, err := r.Header()
	if err != nil {
		return err
	}
	slots := w.cells.Header().Slots(len(w.memory))
	window := h.Window(r.Size()).Last(slots)
	if h.EndPos == 0 {
		window = h.Window(r.Size()).Clamp(0, slots) // a table keeps its first rows
	}
	if err := w.flow(r, window, convert); err != nil {
		return err
	}
	return w.page.mem.Guard(func() error {
		w.cells.SetStartPos(h.StartPos + uint32(window.First-h.Deleted))
		w.cells.SetDeleted(window.First)
		w.cells.SetPresent(carriedPresent(h, window))
		w.cells.SetEndPos(h.EndPos)
		return nil
	})
}

// carriedPresent keeps present where it counts the available records, and as it
// was where it means something else.
func carriedPresent(h layout.Header, w layout.Window) uint32 {
	if h.EndPos == 0 || uint64(h.Present) == h.EndPos-h.Deleted {
		return uint32(w.Count())
	}
	return h.Present
}

// flow writes the records of window into their slots, and publishes none.
func (w *Writer) flow(r *Reader, window layout.Window, convert *conversion) error {
	slots := uint64(w.cells.RecordCount())
	for rec, err := range r.Records(window) {
		if err != nil && isLapped(err) {
			continue // withdrawn by somebody else meanwhile, and so it stays
		}
		if err != nil {
			return err
		}
		converted, err := convert.convert(rec)
		if err != nil {
			return err
		}
		mapped, err := w.slot(rec.Number, slots)
		if err != nil {
			return err
		}
		err = w.page.mem.Guard(func() error {
			shm.CopyIn(mapped, converted)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
