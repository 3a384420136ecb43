package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// procDir is where our own processes are, whatever the user looks at.
const procDir = "/proc"

// Cleaned is what Clean did about one simulation. It has no ID where a controller's
// pages were left of which no manifest says whose they are.
type Cleaned struct {
	Manifest
	Processes []int    // that it ended
	Objects   []string // that it removed
	Kept      []string // streams that another program has taken up since
	Left      bool     // nothing, since it is another user's
}

// Clean ends what is left of the processes of dead simulations, and removes what
// those have made. Living ones are given back untouched, in alive. Those of
// other users are left: any user can put a manifest down.
func Clean(ctx context.Context, dir string) (cleaned []Cleaned, alive []Manifest, err error) {
	all, err := Manifests(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range all {
		if m.Alive {
			alive = append(alive, m)
		}
	}
	for _, m := range all {
		if m.Alive {
			continue
		}
		if m.UID != os.Geteuid() {
			cleaned = append(cleaned, Cleaned{Manifest: m, Left: true})
			continue
		}
		c, err := m.clean(ctx, dir)
		cleaned = append(cleaned, c)
		if err != nil {
			return cleaned, alive, err
		}
	}
	if len(alive) > 0 {
		return cleaned, alive, nil
	}
	removed, err := removeController(dir)
	if len(removed) > 0 {
		cleaned = withController(cleaned, removed)
	}
	return cleaned, alive, err
}

// withController counts the controller's pages to the last simulation that was
// cleaned.
func withController(cleaned []Cleaned, removed []string) []Cleaned {
	for i := range slices.Backward(cleaned) {
		if c := &cleaned[i]; !c.Left {
			c.Objects = append(c.Objects, removed...)
			return cleaned
		}
	}
	return append(cleaned, Cleaned{Objects: removed})
}

func (m Manifest) clean(ctx context.Context, dir string) (Cleaned, error) {
	c := Cleaned{Manifest: m}
	c.Processes = endAll(ctx, m.ID)
	if err := ctx.Err(); err != nil {
		return c, err
	}
	for _, stream := range m.Streams {
		if taken(dir, stream) {
			c.Kept = append(c.Kept, stream)
			continue
		}
		removed, err := removeStream(dir, stream, true)
		c.Objects = append(c.Objects, removed...)
		if err != nil {
			return c, err
		}
	}
	if err := m.removeSession(dir); err != nil {
		return c, err
	}
	paths := []string{m.lockedPath(dir)}
	if len(c.Kept) == 0 { // else it still says whose what is kept was
		paths = append(paths, m.path(dir))
	}
	for _, path := range paths {
		if err := os.Remove(path); err == nil {
			c.Objects = append(c.Objects, filepath.Base(path))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return c, nil
}

// taken reports whether a process has the stream's input that lives, or may: ours
// have all ended, so it is another program's.
func taken(dir, stream string) bool {
	v, left := procs.Open(procDir, dir).Left(mist.Object{Kind: mist.KindInputPID, Stream: stream})
	return left && v.Life != procs.Dead
}

// removeStream removes what there is of a stream, and names it. The
// configuration stays where its controller removes it.
func removeStream(dir, stream string, config bool) (removed []string, err error) {
	objects, err := mistserver.Objects(mistserver.Place{Dir: dir}, stream)
	if err != nil {
		return nil, err
	}
	for _, name := range objects {
		if o, _ := mist.ParseName(name); o.Kind == mist.KindConfig && !config {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err == nil {
			removed = append(removed, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
	}
	return removed, nil
}

// removeController removes the controller's pages when a simulation of this user
// has made them that is dead. A page that cannot be read is not known to be ours.
func removeController(dir string) (removed []string, err error) {
	ours, pid, err := mistserver.Simulated(mistserver.Place{Dir: dir})
	if err != nil || !ours || pid != 0 {
		return nil, nil
	}
	for _, o := range mistserver.ControllerObjects() {
		path := filepath.Join(dir, o.Name())
		info, err := os.Lstat(path)
		if err != nil || ownerOf(info) != os.Geteuid() {
			continue
		}
		if err := os.Remove(path); err == nil {
			removed = append(removed, o.Name())
		} else if !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
	}
	return removed, nil
}

// SessionID returns the session that a drill of a simulation may leave behind. Its
// name tells whose it is.
func SessionID(simulation string) string {
	sum := sha256.Sum256([]byte(simulatedSession + simulation))
	return hex.EncodeToString(sum[:])
}

const simulatedSession = "shmtool simulate "

// removeSession removes the objects of that session.
func (m *Manifest) removeSession(dir string) error {
	var errs []error
	page, lock := mistserver.SessionObjects(SessionID(m.ID))
	for _, o := range []mist.Object{page, lock} {
		if err := os.Remove(filepath.Join(dir, o.Name())); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// endAll ends the processes of a simulation, by SIGTERM and, those that stay, by
// SIGKILL; it gives those it found.
func endAll(ctx context.Context, id string) []int {
	found := partsOf(id)
	signalAll(found, syscall.SIGTERM)
	deadline := time.Now().Add(killAfter)
	for left := found; len(left) > 0 && ctx.Err() == nil; left = partsOf(id) {
		if time.Now().After(deadline) {
			signalAll(left, syscall.SIGKILL)
		}
		_ = pause.For(ctx, 20*time.Millisecond)
	}
	return found
}

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = kernel.Kill(pid, sig) // it may have ended by itself
	}
}

// partsOf returns the living processes of a simulation, by their command lines.
func partsOf(id string) []int {
	entries, err := os.ReadDir(procDir)
	if err != nil {
		return nil
	}
	var pids []int
	table := procs.Open(procDir, "")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		p, alive := table.Alive(pid)
		i := slices.Index(p.Args, idFlag)
		if alive && p.Name == processName && slices.Contains(p.Args, partVerb) && i >= 0 && i+1 < len(p.Args) && p.Args[i+1] == id {
			pids = append(pids, pid)
		}
	}
	return pids
}
