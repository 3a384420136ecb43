package streams

import (
	"path/filepath"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/relaccx"
)

// Kept keeps pages open from a look to the next, which then need not open and map them. A
// look closes those that it does not find any longer. All are closed when no look comes for
// a while: a page that is open has memory, also without a name.
type Kept struct {
	// OnLooker is set in a process that does nothing but look: a look takes no notice of the
	// pages that it has open.
	OnLooker bool

	most int // pages
	idle *time.Timer

	busy sync.Mutex // held during a look

	mu    sync.Mutex // guards what follows
	looks uint64
	pages map[string]*openPage
}

// openPage is a page that is open, with its readers.
type openPage struct {
	*relaccx.Page
	look   uint64 // the newest that has read it
	root   *relaccx.Reader
	nested map[string]nestedReader
}

// nestedReader is a reader of a page in a field of a record.
type nestedReader struct {
	*relaccx.Reader
	record uint64
}

const (
	keptFor  = 30 * time.Second // after a look
	keptMost = 16384            // pages: Linux gives a process 65530 mappings
)

// NewKept returns one without pages. It opens no more of them than half of the files that
// this process may open.
func NewKept() *Kept {
	k := &Kept{most: int(min(kernel.OpenFiles()/2, keptMost)), pages: map[string]*openPage{}}
	k.idle = time.AfterFunc(keptFor, k.Close)
	return k
}

// Close closes all pages. The next look opens them again.
func (k *Kept) Close() {
	k.busy.Lock()
	defer k.busy.Unlock()
	k.idle.Stop()
	k.looks++
	k.sweep()
}

// Look does what the function Look does. One that comes while another is under way keeps
// nothing.
func (k *Kept) Look(dir string, table *procs.Table, want func(stream string) bool) (*Moment, error) {
	if !table.Live() || !k.busy.TryLock() {
		return Look(dir, table, want)
	}
	defer k.busy.Unlock()
	k.looks++
	if k.OnLooker {
		table.LeaveOut()
	}
	l := newLooker(dir, table, want)
	l.kept = k
	m, err := l.look()
	k.sweep()
	k.idle.Reset(keptFor)
	return m, err
}

// PartsSince does what the function PartsSince does.
func (k *Kept) PartsSince(dir string, o *Object, from uint64) (Parts, error) {
	if k.busy.TryLock() {
		defer k.busy.Unlock()
		if p := k.take(o); p != nil {
			parts, err := partsOf(p, from)
			k.give(o.Name, p, err == nil)
			return parts, err
		}
	}
	return PartsSince(dir, o, from)
}

// sweep closes the pages that the newest look has not read.
func (k *Kept) sweep() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, p := range k.pages {
		if p.look != k.looks {
			delete(k.pages, name)
			_ = p.Close() // it was only read
		}
	}
}

// take takes out the page of an object; nil where it must be opened.
func (k *Kept) take(o *Object) *openPage {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.pages[o.Name]
	if !ok {
		return nil
	}
	delete(k.pages, o.Name)
	if p.Identity() != o.Identity || int64(p.Size()) != o.Size {
		_ = p.Close() // another has its name
		return nil
	}
	return p
}

// give keeps a page that was read, or closes it if it may not be what it was.
func (k *Kept) give(name string, p *openPage, sound bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !sound || len(k.pages) >= k.most {
		_ = p.Close()
		return
	}
	p.look = k.looks
	k.pages[name] = p
}

// reader returns the page's reader, and a new one where the page was made anew.
func (p *openPage) reader() (*relaccx.Reader, error) {
	if p.root != nil && p.root.Unchanged() {
		return p.root, nil
	}
	p.nested = nil
	var err error
	p.root, err = p.Reader()
	return p.root, err
}

// inner opens the page in a field of the single record; nil where there is none. It may
// not be ready.
func (p *openPage) inner(field string) (*relaccx.Reader, error) {
	f := p.root.Schema().Lookup(field)
	if f == nil || f.Kind() != layout.Nested {
		return nil, nil
	}
	n, err := p.root.Newest()
	if err != nil {
		return nil, err
	}
	if known, ok := p.nested[field]; ok && known.record == n && known.Unchanged() {
		return known.Reader, nil
	}
	r, err := p.root.Nested(relaccx.Step{Field: f.Name, Record: n, Exact: true})
	if err != nil {
		return nil, err
	}
	if p.nested == nil {
		p.nested = map[string]nestedReader{}
	}
	p.nested[field] = nestedReader{r, n}
	return r, nil
}

// open opens the page of an object, or returns it as it was kept.
func (l *looker) open(o *Object) (*openPage, error) {
	if l.kept != nil {
		if p := l.kept.take(o); p != nil {
			return p, nil
		}
	}
	return opened(l.dir, o.Name)
}

func opened(dir, name string) (*openPage, error) {
	p, err := relaccx.Open(filepath.Join(dir, name))
	return &openPage{Page: p}, err
}

// leave ends what open began.
func (l *looker) leave(o *Object, p *openPage, sound bool) {
	if l.kept != nil {
		l.kept.give(o.Name, p, sound)
		return
	}
	_ = p.Close()
}
