package recording

import (
	"errors"
	"io/fs"
	"os"

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
	return nil
}

// appear gives a name that the page has not had before.
func (p *played) appear() error {
	err := os.Link(p.temp, p.path())
	if err == nil {
		return os.Remove(p.temp)
	}
	if !errors.Is(err, fs.ErrExist) || !p.o.Force {
		return linkCause(err)
	}
	old, err := relaccx.OpenWriter(p.path(), p.o.Lock)
	if err != nil && errors.Is(err, relaccx.ErrLocked) {
		return err
	}
	if err == nil {
		p.old, p.reload = old, true
		return p.replace()
	}
	return linkCause(os.Rename(p.temp, p.path())) // what is no page has no readers
}

func linkCause(err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// replace puts the page in the place of the old one.
func (p *played) replace() error {
	if _, err := os.Lstat(p.path()); p.reload && errors.Is(err, fs.ErrNotExist) {
		_ = p.old.SetReload() // before there is another to be found
	}
	if err := os.Rename(p.temp, p.path()); err != nil {
		return linkCause(err)
	}
	if p.reload {
		_ = p.old.SetReload() // of a page that was cut short there is nobody to be told
	}
	p.old.Wake()
	err := p.old.Close()
	p.old = nil
	return err
}
