package moment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shmtool/cmd/shmtool/internal/procs"
)

// Opened is a moment that can be looked at: two folders.
type Opened struct {
	ShmDir, ProcDir string
	unpacked        *temp // nil: nothing was unpacked
}

// Open opens a saved moment: a folder that has a folder shm, or whose only folder
// with one has it; or an archive of such a folder, which is unpacked into a
// temporary one.
func Open(ctx context.Context, path string) (*Opened, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("neither a folder nor an archive")
	}
	temp, err := newTemp("", unpackedPrefix)
	if err != nil {
		return nil, fmt.Errorf("temporary folder %q: %w; TMPDIR names another", os.TempDir(), bare(err))
	}
	o := &Opened{unpacked: temp}
	if err := unpack(ctx, path, temp.dir); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	in, err := openFolder(temp.dir)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	o.ShmDir, o.ProcDir = in.ShmDir, in.ProcDir
	return o, nil
}

// Close removes what was unpacked.
func (o *Opened) Close() error {
	return o.unpacked.remove()
}

var errNoMoment = errors.New("no saved moment: it has no folder " + shmFolder)

func openFolder(dir string) (*Opened, error) {
	root, err := Root(dir)
	if err != nil {
		return nil, err
	}
	if _, err := procs.ReadSaved(root); err != nil {
		return nil, err
	}
	return &Opened{ShmDir: filepath.Join(root, shmFolder), ProcDir: filepath.Join(root, procFolder)}, nil
}

// Root is the folder of a moment: dir, or the only one in it.
func Root(dir string) (string, error) {
	if isMoment(dir) {
		return dir, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	root := ""
	for _, entry := range entries {
		inner := filepath.Join(dir, entry.Name())
		switch {
		case !isMoment(inner):
		case root != "":
			return "", errors.New("several saved moments; name one of its folders")
		default:
			root = inner
		}
	}
	if root == "" {
		return "", errNoMoment
	}
	return root, nil
}

// isMoment: no object is a folder, so what has a folder shm in its folder shm is
// one of that name around a moment.
func isMoment(dir string) bool {
	isFolder := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	}
	inner := filepath.Join(dir, shmFolder)
	return isFolder(inner) && !isFolder(filepath.Join(inner, shmFolder))
}

// Dirs are the folders of a moment for whoever does not want an archive unpacked.
func Dirs(path string) (shmDir, procDir string, ok bool) {
	root, err := Root(path)
	return filepath.Join(root, shmFolder), filepath.Join(root, procFolder), err == nil
}
