package follow

import (
	"os"

	"shmtool/relaccx"
)

// sight keeps the page that a name leads to, and the page that it led to before, as
// long as it has not led to a third one. A writer that ends or replaces its page may
// say so on the old page and take the name away between two looks.
type sight struct {
	page, left *relaccx.Page // nil: none
}

// look finds out where path leads now. Its error is one of relaccx.Open.
func (s *sight) look(path string) error {
	info, err := os.Stat(path) // before Replaced: what Replaced denies was true of info as well
	if p := s.page; err == nil && p != nil && p.Path() == path && !p.Replaced() {
		if info.Size() == int64(p.Size()) {
			return nil
		}
		s.page = nil // the same object of another size: its writer is still making it
		_ = p.Close()
	}
	s.leave()
	s.page, err = relaccx.Open(path)
	return err
}

func (s *sight) leave() {
	if s.page != nil {
		s.forget()
		s.page, s.left = nil, s.page
	}
}

func (s *sight) forget() {
	if s.left != nil {
		_ = s.left.Close() // read-only
		s.left = nil
	}
}

// close unmaps both pages.
func (s *sight) close() {
	s.leave()
	s.forget()
}
