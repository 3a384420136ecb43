package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/relaccx"
)

// refusal adds to an error what to do about a stream that is in the way, or about a page
// that you are not allowed to open.
func refusal(dir string, err error) error {
	var page *relaccx.PageError
	if errors.Is(err, fs.ErrPermission) && errors.As(err, &page) {
		return fail.Hinted(fail.OnPage(page.Page, page), fail.PermissionHint(filepath.Join(dir, page.Page)))
	}
	var r *simulate.RefusedError
	if !errors.As(err, &r) {
		return err
	}
	hint := "use --stream for another name, or --shm-dir for another directory"
	switch {
	case r.Stream == "":
		hint = "use --shm-dir for another directory"
	case r.Other != nil && r.Other.Alive:
		hint = "use --stream for another name"
	case r.Other != nil && r.Other.UID != os.Geteuid():
		hint = fmt.Sprintf("run shmtool simulate --clean as uid %d to remove it", r.Other.UID)
	case r.Other != nil:
		hint = "run shmtool simulate --clean to remove it"
	}
	return fail.Hinted(fail.As(fail.Refused, r), hint)
}
