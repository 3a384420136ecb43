package relaccx

import (
	"slices"

	"shmtool/layout"
)

// Check checks the page against every rule of the format; see layout.CheckPage. On a
// page that is being written, it returns only findings on which two looks agree.
func (p *Page) Check() ([]layout.Finding, error) {
	return agreed(p.Inspect)
}

// Check checks the page, or nested page, as Page.Check does. Findings on a nested page
// have the path "", and Offset counts from the beginning of the whole page.
func (r *Reader) Check() ([]layout.Finding, error) {
	findings, err := agreed(r.Inspect)
	for i := range findings {
		findings[i].Offset += int64(r.base)
	}
	return findings, err
}

// agreed returns the findings that two looks have.
func agreed(inspect func(func(page []byte, h layout.Header) error) error) ([]layout.Finding, error) {
	look := func() (findings []layout.Finding, err error) {
		err = inspect(func(page []byte, h layout.Header) error {
			findings = layout.CheckPage(page, h)
			return nil
		})
		return findings, err
	}
	first, err := look()
	if err != nil || len(first) == 0 {
		return nil, err
	}
	second, err := look()
	if err != nil {
		return nil, err
	}
	type place struct {
		code, path string
		offset     int64
	}
	seen := map[place]bool{}
	for _, f := range first {
		seen[place{f.Code, f.Path, f.Offset}] = true
	}
	return slices.DeleteFunc(second, func(f layout.Finding) bool {
		return !seen[place{f.Code, f.Path, f.Offset}]
	}), nil
}
