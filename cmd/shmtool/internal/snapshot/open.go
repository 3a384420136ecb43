package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Opened is a moment that can be looked at: two folders.
type Opened struct {
	ShmDir, ProcDir string
	unpacked        *temp // nil: nothing was unpacked
}

// Open opens a saved moment: a folder that has a folder shm, or whose only folder
// with one has it; or an archive of such a folder, which is unpacked into a
// temporary one. A folder of copied objects, with nothing else known of that moment, is
// also one: nothing is known of its processes.
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
		return nil, fmt.Errorf("temporary folder %q: %w; use TMPDIR to name another", os.TempDir(), cause.Of(err))
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

var errNoMoment = errors.New("not a snapshot: it has neither a folder " + shmFolder + " nor copies of MistServer's objects")

func openFolder(dir string) (*Opened, error) {
	root, err := Root(dir)
	if errors.Is(err, errNoMoment) && isFlat(dir) {
		return &Opened{ShmDir: dir, ProcDir: filepath.Join(dir, procFolder)}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := procs.ReadSaved(root); err != nil {
		return nil, err
	}
	return &Opened{ShmDir: filepath.Join(root, shmFolder), ProcDir: filepath.Join(root, procFolder)}, nil
}

// Root returns the folder of a moment: dir, or the only one in it.
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
			return "", errors.New("several snapshots; name one of its folders")
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

// isFlat reports whether copies of MistServer's objects lie in the folder itself.
func isFlat(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		is, ok := mist.ParseName(entry.Name())
		return ok && is.Kind != mist.KindTemporary && entry.Type().IsRegular()
	})
}

// Dirs returns the folders of a snapshot. It unpacks no archive.
func Dirs(path string) (shmDir, procDir string, ok bool) {
	root, err := Root(path)
	if errors.Is(err, errNoMoment) && isFlat(path) {
		return path, filepath.Join(path, procFolder), true
	}
	return filepath.Join(root, shmFolder), filepath.Join(root, procFolder), err == nil
}
