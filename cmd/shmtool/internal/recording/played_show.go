package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout"
	"shmtool/relaccx"
)

// show gives the page its name, in the place of the one that has it, whose
// readers are told where it was recorded that they were.
func (p *played) show() error {
	if !p.hidden() {
		return nil
	}
	if p.table || p.next == p.target {
		if err := p.count(p.final); err != nil {
			return err
		}
	}
	if err := p.file.Chmod(p.mode); err != nil {
		return err
	}
	if p.old == nil {
		if err := p.appear(); err != nil {
			return err
		}
	} else if err := p.replace(); err != nil {
		return err
	}
	p.temp = ""
	if p.made != nil {
		p.made(p.name)
	}
	return nil
}

// ShadowError is a page that would take the address of one nested in another: a
// name wins over the way to a nested page, so readers would not find that any
// longer.
type ShadowError struct {
	Hidden string // the page in which the nested one lies
}

// Error returns one line.
func (e *ShadowError) Error() string {
	return fmt.Sprintf("a page of this name would hide the one that is nested in %q", e.Hidden)
}

// shadows returns a *ShadowError where the page's name is the address of a page
// nested in an object of the folder, unless that is one of the player's own.
func (p *played) shadows() error {
	for at := strings.LastIndexByte(p.name, ':'); at > 0; at = strings.LastIndexByte(p.name[:at], ':') {
		outer := p.name[:at]
		if !p.ours(outer) && Holds(filepath.Join(p.o.Dir, outer), p.name[at+1:]) {
			return &ShadowError{outer}
		}
	}
	return nil
}

// Holds reports whether the page at path has the nested field that an address
// names first. A page that cannot be read may have it.
func Holds(path, address string) bool {
	p, err := relaccx.Open(path)
	if err != nil {
		return errors.Is(err, fs.ErrPermission)
	}
	defer p.Close()
	r, err := p.Peek()
	if err != nil {
		return false
	}
	field, _, _ := strings.Cut(address, ":")
	if at := strings.LastIndexByte(field, '@'); at >= 0 {
		field = field[:at]
	}
	f := r.Schema().Lookup(field)
	return f != nil && f.Kind() == layout.Nested
}

// appear gives a name that the page has not had before.
func (p *played) appear() error {
	if err := p.shadows(); err != nil {
		return err
	}
	err := os.Link(p.temp, p.path())
	if err == nil {
		return os.Remove(p.temp)
	}
	if !errors.Is(err, fs.ErrExist) || !p.o.Force {
		return cause.Of(err)
	}
	old, err := relaccx.OpenWriter(p.path(), p.o.Lock)
	if err != nil && errors.Is(err, relaccx.ErrLocked) {
		return err
	}
	if err == nil {
		p.old, p.reload = old, true
		return p.replace()
	}
	if kernel.Broken(err) {
		return err // it may be a page, with readers
	}
	return cause.Of(os.Rename(p.temp, p.path())) // what is no page has no readers
}

// replace puts the page in the place of the old one.
func (p *played) replace() error {
	if _, err := os.Lstat(p.path()); p.reload && errors.Is(err, fs.ErrNotExist) {
		_ = p.old.SetReload() // before there is another to be found
	}
	if err := os.Rename(p.temp, p.path()); err != nil {
		return cause.Of(err)
	}
	if p.reload {
		_ = p.old.SetReload() // a page that was cut short has no reader to be told
	}
	p.old.Wake()
	err := p.old.Close()
	p.old = nil
	return err
}
