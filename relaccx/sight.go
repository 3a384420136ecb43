package relaccx

import (
	"path/filepath"

	"shmtool/relaccx/internal/shm"
)

// Sight is what a name leads to, looked at again and again. The page of the last
// look stays mapped: a look at what has not changed is one system call, and what
// becomes of a page whose name is taken away between two looks is seen all the
// same. The zero value has seen nothing. It is used by one goroutine at a time.
type Sight struct {
	page *Page // that the name led to at the last look; nil: none
	left *Page // the one before it; nil: none
}

// Look finds out what path leads to now. An error is one of Open; then Page is
// nil. The caller must Close the Sight.
func (s *Sight) Look(path string) error {
	now, err := shm.StatPath(path)
	if err != nil {
		s.leave()
		return &PageError{"open", filepath.Base(path), cause(err)}
	}
	if p := s.page; p != nil && p.path == path && p.stat.Identity == now.Identity {
		if p.stat.Size == now.Size {
			return nil
		}
		s.page = nil // the same object, of another size: its writer makes it still
		_ = p.Close()
	}
	s.leave()
	s.page, err = Open(path)
	return err
}

// Page is what the name led to at the last look, nil when that was no page. Like
// Left it is good until the next Look.
func (s *Sight) Page() *Page { return s.page }

// Left is the page that the name led to before, as long as it has not led to a
// third one; nil when there is none. A writer that says exit and unlinks the
// page, or that says reload once the new one has the name, says it there.
func (s *Sight) Left() *Page { return s.left }

// leave makes the page one that the name has led to.
func (s *Sight) leave() {
	if s.page == nil {
		return
	}
	s.forget()
	s.page, s.left = nil, s.page
}

// forget unmaps the page that was left.
func (s *Sight) forget() {
	if s.left != nil {
		_ = s.left.Close() // read-only
	}
	s.left = nil
}

// Close unmaps both pages.
func (s *Sight) Close() {
	s.leave()
	s.forget()
}
