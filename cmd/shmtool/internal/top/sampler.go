package top

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Sampler looks at the pages of a directory again and again. It is used by one
// goroutine at a time, and must be closed.
type Sampler struct {
	ShmDir, ProcDir string
	// Wanted tells by its name whether a page is to be looked at.
	Wanted func(name string) bool
	// IsPage tells whether an object is a page, known whether it has the name of
	// one of MistServer's.
	IsPage func(known bool, p *relaccx.Page, h layout.Header) bool
	// Writer is the process that writes the object at path: holder, which has the
	// writer's lock (0: none), or another.
	Writer func(table *procs.Table, path string, holder int) (procs.Process, bool)

	pages map[string]*page
}

// goneFor is how long a page that is gone is still listed.
const goneFor = 3 * time.Second

// Look returns every page as it is now, in the order of ls. The next look does not
// change the rows.
func (s *Sampler) Look(now time.Time) ([]Row, error) {
	entries, err := os.ReadDir(s.ShmDir)
	if err != nil {
		return nil, err
	}
	if s.pages == nil {
		s.pages = map[string]*page{}
	}
	for _, entry := range entries {
		s.visit(entry, now)
	}
	var rows []Row
	for name, p := range s.pages {
		if !p.last.Equal(now) {
			p.close()
			p.row.Gone, p.row.Identity = true, procs.Object{}
			if !p.isPage || now.Sub(p.last) > goneFor {
				delete(s.pages, name)
				continue
			}
		}
		if p.isPage {
			rows = append(rows, p.seen(now))
		}
	}
	slices.SortFunc(rows, byName)
	return rows, nil
}

// Unlisted returns why the last look left out objects that could not be read, and whose
// names do not say that they are pages.
func (s *Sampler) Unlisted() (all []error) {
	for _, p := range s.pages {
		if p.row.Unread != nil && !p.isPage && !p.row.Gone {
			all = append(all, p.row.Unread)
		}
	}
	return all
}

func (s *Sampler) visit(entry fs.DirEntry, now time.Time) {
	name := entry.Name()
	if !entry.Type().IsRegular() || !s.Wanted(name) {
		return
	}
	p := s.pages[name]
	if p == nil {
		if of, known := mist.ParseName(name); known && !of.Kind.IsPage() {
			return
		}
	}
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if p == nil {
		p = newPage(name, filepath.Join(s.ShmDir, name), now)
		s.pages[name] = p
	}
	if p.row.Gone {
		p.change = now // it is back
	}
	p.last, p.row.Gone = now, false
	if err != nil {
		p.close()
		p.unread(err)
		p.row.Identity = procs.Object{} // the next look begins anew
		return
	}
	p.look(s, info, now)
}

// seen returns what the last look showed.
func (p *page) seen(now time.Time) Row {
	r := p.row
	r.Seen = !p.change.IsZero()
	if r.Changed = now.Sub(p.found); r.Seen {
		r.Changed = now.Sub(p.change)
	}
	if !r.Gone && r.Problem == "" {
		r.Rate = p.rate()
	}
	return r
}

// byName returns the order of ls: MistServer's pages first, by stream.
func byName(a, b Row) int {
	switch {
	case a.Known && b.Known:
		return cmp.Or(mist.Compare(a.Of, b.Of), cmp.Compare(a.Name, b.Name))
	case a.Known != b.Known:
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Name, b.Name)
}

func identityOf(info fs.FileInfo) procs.Object {
	device, inode := kernel.Identity(info)
	return procs.Object{Device: device, Inode: inode}
}

// Close lets go of all pages.
func (s *Sampler) Close() {
	for _, p := range s.pages {
		p.close()
	}
	s.pages = nil
}

// Around looks at the process table, which takes longer than all pages together.
// It uses nothing that Look does, and may run beside it.
func (s *Sampler) Around(rows []Row) Around {
	table := procs.Open(s.ProcDir, s.ShmDir)
	a := Around{Known: true, Writers: map[procs.Object]procs.Process{}}
	a.Readers, _ = table.Mappers()
	a.Mapped = !table.Missing()
	self := os.Getpid()
	for o, pids := range a.Readers {
		a.Readers[o] = slices.DeleteFunc(pids, func(pid int) bool { return table.Live() && pid == self })
	}
	holders := table.LockHolders()
	saved := map[procs.Object][]int{} // by what the copies are
	for i := range rows {
		now := rows[i].Identity
		then := table.Identity(rows[i].Name, now)
		if then != now {
			saved[now] = a.Readers[then]
		}
		if p, ok := s.Writer(table, rows[i].Path, holders[then]); ok {
			a.Writers[now] = p
		}
	}
	maps.Copy(a.Readers, saved)
	return a
}
