package relaccx

import (
	"path/filepath"

	"shmtool/relaccx/internal/shm"
)

// sight keeps the page that a name leads to, for one that looks again and again: a look
// at what has not changed is one system call. The zero value has seen nothing.
type sight struct {
	page *Page // that the name led to at the last look; nil: none
}

// look finds out where path leads now. Its error is one of Open; s.page is nil then.
func (s *sight) look(path string) error {
	now, err := shm.StatPath(path)
	if err != nil {
		s.close()
		return &PageError{"open", filepath.Base(path), cause(err)}
	}
	if p := s.page; p != nil && p.path == path && p.stat.Identity == now.Identity && p.stat.Size == now.Size {
		return nil
	}
	s.close() // also what is the same object of another size: its writer is still making it
	s.page, err = Open(path)
	return err
}

// close unmaps the page.
func (s *sight) close() {
	if s.page != nil {
		_ = s.page.Close() // read-only
	}
	s.page = nil
}
