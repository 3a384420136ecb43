package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/world"
)

// explainRecording adds to an error about a recording what the user needs to go on.
func explainRecording(w *world.World, err error) error {
	var page *recording.PageError
	var file *recording.FileError
	var damage *recording.DamageError
	var shadow *recording.ShadowError
	switch {
	case errors.As(err, &damage):
		return err
	case errors.As(err, &page) && errors.As(err, &shadow):
		return fail.OnPage(page.Page, fail.Hinted(fail.Refusef("%w", shadow), "use --prefix TEXT, or --shm-dir DIR with a directory of its own"))
	case errors.As(err, &page) && errors.Is(err, fs.ErrExist):
		return fail.OnPage(page.Page, fail.Hinted(page.Err, "use --force to replace it"))
	case errors.As(err, &page):
		return object.Explain(w, object.Target{Arg: page.Page, Path: w.PathOf(page.Page)}, page.Err)
	case errors.As(err, &file) && errors.Is(err, fs.ErrExist):
		return fail.Hinted(fail.Refusef("file %q exists", file.Path), "use --force to replace it")
	case errors.As(err, &file) && fail.NoRoom(err):
		return fail.Output(err)
	case errors.As(err, &file) && errors.Is(err, syscall.ENXIO):
		return fail.As(fail.BadInput, fmt.Errorf("file %q: this FIFO has no reader", file.Path))
	}
	return err
}
