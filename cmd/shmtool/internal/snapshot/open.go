package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Opened is a moment that can be looked at: two folders.
type Opened struct {
	ShmDir, ProcDir string
	Unnamed         []string // objects that this system takes no file of, and that cannot be looked at
	unpacked        *temp    // nil: nothing was unpacked
}

// Open opens a saved moment: a folder that has a folder shm, or whose only folder
// with one has it; or an archive of such a folder, which is unpacked into a
// temporary one. A folder of copied objects, with nothing else known of that moment, is
// also one, and so is an archive of it: nothing is known of its processes.
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
	o.Unnamed, err = unpack(ctx, path, temp.dir)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	in, err := openFolder(temp.dir)
	if err == nil && len(o.Unnamed) > 0 {
		err = keepUnnamed(filepath.Dir(in.ShmDir), o.Unnamed)
	}
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
	if err != nil {
		flat, err := flatRoot(dir, err)
		if err != nil {
			return nil, err
		}
		return &Opened{ShmDir: flat, ProcDir: filepath.Join(flat, procFolder)}, nil
	}
	if _, err := procs.ReadSaved(root); err != nil {
		return nil, err
	}
	return &Opened{ShmDir: filepath.Join(root, shmFolder), ProcDir: filepath.Join(root, procFolder)}, nil
}

// Root returns the folder of a moment: dir, or the only one in it.
func Root(dir string) (string, error) { return rootOf(dir, isMoment) }

// flatRoot returns the folder of copied objects: dir, or the only one in it. It is for
// a folder in which Root has found no moment, as its error says.
func flatRoot(dir string, noRoot error) (string, error) {
	if !errors.Is(noRoot, errNoMoment) {
		return "", noRoot
	}
	root, err := rootOf(dir, isFlat)
	if err != nil && !kernel.Unseen(err) {
		return "", noRoot
	}
	return root, err
}

// rootOf returns the folder that is one: dir, or the only one in it.
func rootOf(dir string, isOne func(dir string) (bool, error)) (string, error) {
	if is, err := isOne(dir); is || err != nil {
		return dir, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	root := ""
	for _, entry := range entries {
		inner := filepath.Join(dir, entry.Name())
		is, err := isOne(inner)
		switch {
		case kernel.Broken(err):
			return "", err
		case !is:
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
func isMoment(dir string) (bool, error) {
	inner := filepath.Join(dir, shmFolder)
	if is, err := isFolder(inner); !is || err != nil {
		return false, err
	}
	around, err := isFolder(filepath.Join(inner, shmFolder))
	return !around, err
}

// isFolder reports whether there is a folder. The error says that this cannot be seen.
func isFolder(path string) (bool, error) {
	info, err := os.Stat(path)
	if kernel.Unseen(err) {
		return false, err
	}
	return err == nil && info.IsDir(), nil
}

// isFlat reports whether copies of MistServer's objects lie in the folder itself.
func isFlat(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if kernel.Unseen(err) {
		return false, err
	}
	return err == nil && slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return isObjectName(entry.Name()) && entry.Type().IsRegular()
	}), nil
}

// isObjectName reports whether MistServer makes objects of that name, which no other file
// is likely to have.
func isObjectName(name string) bool {
	is, ok := mist.ParseName(name)
	return ok && is.Kind != mist.KindTemporary
}

// Dirs returns the folders of a snapshot. It unpacks no archive.
func Dirs(path string) (shmDir, procDir string, ok bool) {
	root, err := Root(path)
	if err != nil {
		flat, err := flatRoot(path, err)
		return flat, filepath.Join(flat, procFolder), err == nil
	}
	return filepath.Join(root, shmFolder), filepath.Join(root, procFolder), err == nil
}
