package difference

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// about is what is compared of an object.
type about struct {
	Inode   uint64  `json:"inode"`
	Size    int64   `json:"size"`
	Mode    string  `json:"mode"`
	Ready   *bool   `json:"ready"` // these are null where the page was not read
	Exit    *bool   `json:"exit"`
	Reload  *bool   `json:"reload"`
	Deleted *uint64 `json:"deleted"` // these of a page that is not MistServer's
	EndPos  *uint64 `json:"endpos"`

	name, stream string
}

func (a *about) status(s layout.Status) {
	ready, exit, reload := s.Ready(), s.Exit(), s.Reload()
	a.Ready, a.Exit, a.Reload = &ready, &exit, &reload
}

func modeText(mode os.FileMode) string { return fmt.Sprintf("%04o", mode.Perm()) }

// objectsOf returns MistServer's objects.
func objectsOf(m *streams.Moment) (all []about) {
	for _, o := range seen(m) {
		a := about{Inode: o.Identity.Inode, Size: o.Size, Mode: modeText(o.Mode), name: o.Name, stream: o.Is.Stream}
		if o.Header != nil {
			a.status(o.Header.Status)
		}
		all = append(all, a)
	}
	return all
}

// seen returns all of MistServer's objects that a look has found.
func seen(m *streams.Moment) []*streams.Object {
	objects := slices.Clone(m.Server.Objects)
	for _, s := range m.Streams {
		objects = append(objects, s.Objects...)
	}
	return objects
}

// otherPages returns the pages in a directory that MistServer does not make. On a machine
// that runs, what you may not read is no page. The error says that the system failed, or
// that you may not read what a copy has.
func otherPages(dir string, table *procs.Table) (all []about, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if kernel.Broken(err) {
			return nil, err
		}
		if _, is := mist.ParseName(entry.Name()); is || err != nil || !info.Mode().IsRegular() {
			continue
		}
		h, err := headerOf(filepath.Join(dir, entry.Name()))
		switch {
		case kernel.Broken(err), errors.Is(err, fs.ErrPermission) && !table.Live():
			return nil, fmt.Errorf("object %q: %w", entry.Name(), cause.Of(err))
		case err != nil:
			continue
		}
		file := table.File(info)
		a := about{Inode: file.Identity.Inode, Size: info.Size(), Mode: modeText(file.Mode), Deleted: &h.Deleted, EndPos: &h.EndPos, name: entry.Name()}
		a.status(h.Status)
		all = append(all, a)
	}
	return all, nil
}

// headerOf returns the header of a page that is ready and valid.
func headerOf(path string) (h layout.Header, err error) {
	p, err := relaccx.Open(path)
	if err != nil {
		return h, err
	}
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		return h, err
	}
	return r.Header()
}

func objectDifferences(before, now []about) (all []Difference) {
	were, are := byName(before), byName(now)
	for _, is := range now {
		was, there := were[is.name]
		if !there {
			all = append(all, Difference{Part: PartObject, Change: Added, Where: is.stream, Name: is.name, New: packed(is)})
			continue
		}
		for _, d := range between(PartObject, is.stream, MembersOf(packed(was)), MembersOf(packed(is))) {
			d.Name = is.name
			all = append(all, d)
		}
	}
	for _, was := range before {
		if _, there := are[was.name]; !there {
			all = append(all, Difference{Part: PartObject, Change: Removed, Where: was.stream, Name: was.name, Old: packed(was)})
		}
	}
	return all
}

func byName(objects []about) map[string]about {
	named := map[string]about{}
	for _, o := range objects {
		named[o.name] = o
	}
	return named
}
