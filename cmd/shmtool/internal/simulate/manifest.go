package simulate

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Names that begin with ".shmtool-" are those of pages that are being made: a process
// that makes one removes those that others have left, by their free locks.
const (
	manifestPrefix = ".simulation-"
	lockedSuffix   = ".locked" // behind a manifest's name: the page with the lock
)

// Manifest says which streams of a shared memory directory a simulation makes.
type Manifest struct {
	ID      string    `json:"id"`
	PID     int       `json:"pid"` // that calls Run
	Streams []string  `json:"streams"`
	Started time.Time `json:"started"`

	Alive bool `json:"-"` // a process holds its lock
	UID   int  `json:"-"` // whose file it is
}

func (m *Manifest) path(dir string) string { return filepath.Join(dir, manifestPrefix+m.ID) }

func (m *Manifest) lockedPath(dir string) string { return m.path(dir) + lockedSuffix }

// claimed is our own manifest; the lock lasts as long as the file is open.
type claimed struct {
	Manifest
	file *os.File
	dir  string
}

// claim puts down a manifest for streams, if nothing stands in their way.
func claim(dir string, streams []string) (*claimed, error) {
	if err := free(dir, streams, ""); err != nil {
		return nil, err
	}
	c := &claimed{dir: dir, Manifest: Manifest{
		ID: strings.ToLower(rand.Text()[:8]), PID: os.Getpid(), Streams: streams, Started: time.Now().UTC(),
	}}
	if err := c.write(); err != nil {
		return nil, fmt.Errorf("shared memory directory %q: %w", dir, cause.Of(err))
	}
	// A simulation that began at the same moment has put its own down by now, or sees ours.
	if err := free(dir, streams, c.ID); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// write makes the manifest under a temporary name, and gives it its
// own once it is whole and locked. All users may read it: what they are refused, or
// find left behind, they are to know the reason of.
func (c *claimed) write() error {
	text, err := json.Marshal(c.Manifest)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, ".simulating-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = kernel.Flock(f, kernel.Exclusive)
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), c.path(c.dir))
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	c.file = f
	return nil
}

// remove ends the simulation, as far as others can see.
func (c *claimed) remove() error {
	return errors.Join(os.Remove(c.path(c.dir)), c.file.Close())
}

// Manifests returns all that there are in a directory. One that is being removed is
// left out.
func Manifests(dir string) ([]Manifest, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("shared memory directory %q: %w", dir, cause.Of(err))
	}
	var all []Manifest
	for _, entry := range entries {
		id, is := strings.CutPrefix(entry.Name(), manifestPrefix)
		if !is || strings.Contains(id, ".") {
			continue
		}
		if m, err := readManifest(filepath.Join(dir, entry.Name())); err == nil && m.ID == id {
			all = append(all, m)
		}
	}
	return all, nil
}

// largestManifest is room for many more streams than a simulation has.
const largestManifest = 1 << 20

func readManifest(path string) (m Manifest, err error) {
	// Not blocking: any user may put down a FIFO of that name, which must not hang us.
	f, err := kernel.OpenFile(path)
	if err != nil {
		return m, err
	}
	defer f.Close() // and with it the lock, where we got it
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	if !info.Mode().IsRegular() || info.Size() > largestManifest {
		return m, fmt.Errorf("%q is no simulation's manifest", filepath.Base(path))
	}
	// It may grow while we read.
	if err := json.NewDecoder(io.LimitReader(f, largestManifest)).Decode(&m); err != nil {
		return m, err
	}
	err = kernel.Flock(f, kernel.Shared|kernel.NoWait)
	m.Alive, m.UID = errors.Is(err, syscall.EWOULDBLOCK), ownerOf(info)
	return m, nil
}

// ownerOf returns the user whose file it is, -1 where that is not known.
func ownerOf(info fs.FileInfo) int {
	if st, ok := kernel.StatOf(info); ok {
		return int(st.UID)
	}
	return -1
}

// running returns the simulations of a directory that live.
func running(dir string) (alive []Manifest, err error) {
	all, err := Manifests(dir)
	return slices.DeleteFunc(all, func(m Manifest) bool { return !m.Alive }), err
}

// free reports whether all streams may be made: no simulation but the one of
// that ID has them, and no object of them is there.
func free(dir string, streams []string, id string) error {
	all, err := Manifests(dir)
	if err != nil {
		return err
	}
	for _, stream := range streams {
		for _, m := range all {
			if m.ID != id && slices.Contains(m.Streams, stream) {
				return &RefusedError{Stream: stream, Other: &m}
			}
		}
		if id != "" {
			continue // looked for before ours was there
		}
		if object, err := anyObject(dir, stream); err != nil || object != "" {
			return errors.Join(err, &RefusedError{Stream: stream, Object: object})
		}
	}
	return nil
}

// anyObject returns the name of an object of the stream, "" when there is none.
func anyObject(dir, stream string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		o, ok := mist.ParseName(entry.Name())
		if ok && ofStream(o, stream) {
			return entry.Name(), nil
		}
	}
	return "", nil
}

// ofStream: of triggers and sessions, the name in the object's is something
// else's.
func ofStream(o mist.Object, stream string) bool {
	name := stream
	if o.Kind == mist.KindConfig {
		name = mist.BaseName(stream)
	}
	return o.Stream == name && o.ID == ""
}

// ManifestID returns the simulation whose own file has that name: its manifest, or
// the page with the lock beside it.
func ManifestID(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(strings.TrimSuffix(name, lockedSuffix), manifestPrefix)
	return id, ok && id != "" && !strings.Contains(id, ".")
}

// Runs reports whether a process was started as a part of the simulation of that
// ID.
func Runs(p procs.Process, id string) bool {
	i := slices.Index(p.Args, idFlag)
	return slices.Contains(p.Args, partVerb) && i >= 0 && i+1 < len(p.Args) && p.Args[i+1] == id
}

// ManifestName returns the name of the manifest of a simulation.
func ManifestName(id string) string { return manifestPrefix + id }
