package object

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Explain adds to an error about a page how the user can go on.
func Explain(w *world.World, t Target, err error) error {
	switch {
	case err == nil:
		return nil
	case fail.Is(err, fail.BadInput): // about another file
	case t.Stdin && (fail.Has[*layout.FormatError](err) || errors.Is(err, relaccx.ErrNotReady)) && len(t.Steps) == 0:
		err = fail.Hinted(err, NamedOnly)
	case fail.Has[*relaccx.DirectoryError](err):
		var dir *relaccx.DirectoryError
		if errors.As(err, &dir) && errors.Is(err, fs.ErrPermission) {
			err = fail.Hinted(err, fail.PermissionHint(dir.Dir))
		}
	case errors.Is(err, relaccx.ErrBehindEnd):
		err = fail.Hinted(err, "MistServer has made the page too short: use a smaller value, or make it whole with resize")
	case errors.Is(err, fs.ErrNotExist):
		err = fail.Hinted(err, cmp.Or(elseHint(w, t), fail.NotFoundHint(t.Path, w.ShmDir)))
	case errors.Is(err, fs.ErrPermission) && fail.HintOf(err) == "":
		err = fail.Hinted(err, fail.PermissionHint(t.Path))
	}
	return t.OnPage(err)
}

// elseHint returns a hint about a name that is no page but something else: a stream, or a file
// of this directory. It returns "" for any other name.
func elseHint(w *world.World, t Target) string {
	name, isName := strings.CutPrefix(t.Path, filepath.Clean(w.ShmDir)+string(filepath.Separator))
	if !isName || t.Stdin {
		return ""
	}
	entries, _ := os.ReadDir(w.ShmDir) // what cannot be read has no streams
	meta, isStream := "", false
	var names, streams []string
	for _, entry := range entries {
		o, known := mist.ParseName(entry.Name())
		if names = append(names, entry.Name()); o.Stream != "" {
			streams = append(streams, o.Stream)
		}
		if !known || o.Stream != name || name == "" {
			continue
		}
		isStream = true
		if o.Kind == mist.KindMeta {
			meta = entry.Name()
		}
	}
	switch {
	case meta != "":
		return fmt.Sprintf("it is a stream: its page is %s, and shmtool streams %s shows it", safe.Word(meta), safe.Word(name))
	case isStream:
		return fmt.Sprintf("it is a stream: run shmtool ls --stream %s to list its objects", safe.Word(name))
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return "a file of that name is in this directory: use " + safe.Word("./"+name)
	}
	if near := fail.Closest(name, streams); len(near) > 0 && len(fail.Closest(name, names)) == 0 {
		return "if you mean the stream " + near[0] + ", run shmtool streams " + safe.Word(near[0])
	}
	return ""
}

// NamedOnly is the hint about bytes from standard input that are no page.
const NamedOnly = "a state, PID, semaphore, push list or data page is known by its name only: give the path of its file"

// NotReady warns that a page is shown whose writer has not finished it.
func NotReady(w *world.World, t Target) {
	text := fmt.Sprintf("page %q is not ready: its writer has not finished it", t.Arg)
	if t.Stdin {
		text += "; " + NamedOnly
	}
	w.Warn("%s", text)
}
