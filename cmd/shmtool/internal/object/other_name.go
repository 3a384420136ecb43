package object

import (
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// otherName returns the name that a semaphore has which is not there under base: the C
// library and the version of MistServer decide how it is called.
func otherName(dir, base string) (mist.Object, bool) {
	of, ok := mist.ParseName(base)
	if !ok || of.Kind != mist.KindSemaphore {
		return mist.Object{}, false
	}
	for _, form := range []mist.Form{of.Form, mist.FormGlibc, mist.FormMusl} {
		for _, old := range []bool{of.Old, false, true} {
			if form == mist.FormMusl && old {
				continue // there a page had that name
			}
			other := of
			other.Form, other.Old = form, old
			if _, err := os.Lstat(filepath.Join(dir, other.Name())); err == nil || kernel.Broken(err) { // who opens it is told
				return other, true
			}
		}
	}
	return mist.Object{}, false
}

// byOtherName returns the target of an address whose semaphore has another name in this
// directory.
func byOtherName(w *world.World, arg string) (Target, bool) {
	path := w.PathOf(arg)
	dir, base := filepath.Split(path)
	other, ok := otherName(dir, base)
	if !ok {
		return Target{}, false
	}
	t := Target{Arg: other.Name(), Path: filepath.Join(dir, other.Name())}
	if world.IsPath(arg) {
		t.Arg = t.Path
	}
	return t, true
}

// sayOther says that the target has another name than was asked for.
func sayOther(w *world.World, asked string, t Target) {
	if t.Stdin || len(t.Steps) > 0 || asked == t.Arg {
		return
	}
	typed, okTyped := mist.ParseName(NameOf(asked))
	found, okFound := mist.ParseName(NameOf(t.Path))
	why := ""
	switch {
	case !okTyped || !okFound:
		return
	case found.Form != typed.Form && found.Form == mist.FormMusl:
		why = `musl adds no "sem." to a semaphore's name`
	case found.Form != typed.Form:
		why = `glibc adds "sem." to a semaphore's name`
	default:
		why = `MistServer writes "MstSem" since 3.8, and "Mst" before`
	}
	w.Warn("page %q is called %q here: %s", asked, NameOf(t.Path), why)
}
