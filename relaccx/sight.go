package relaccx

import (
	"path/filepath"

	"shmtool/relaccx/internal/shm"
)

// sight keeps the page that a name leads to, for a Follower that looks again and again:
// a look at what has not changed is one system call. The zero value has seen nothing.
type sight struct {
	page *Page // that the name led to at the last look; nil: none
	left *Page // the page that it led to before; nil: none
}

// look finds out where path leads now. Its error is one of Open; s.page is nil then.
func (s *sight) look(path string) error {
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

// leave makes the page one that the name has led to.
func (s *sight) leave() {
	if s.page == nil {
		return
	}
	s.forget()
	s.page, s.left = nil, s.page
}

// forget unmaps the page that was left.
func (s *sight) forget() {
	if s.left != nil {
		_ = s.left.Close() // read-only
	}
	s.left = nil
}

// close unmaps both pages.
func (s *sight) close() {
	s.leave()
	s.forget()
}
