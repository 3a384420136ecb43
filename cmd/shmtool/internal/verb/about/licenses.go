package about

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/licenses"
)

// document is the license texts, in JSON.
type document struct {
	Schema string    `json:"schema"`
	Texts  []covered `json:"texts"`
}

// covered is a text, and what it covers.
type covered struct {
	Name      string   `json:"license"` // "" of a notice
	Libraries []string `json:"libraries"`
	Text      string   `json:"text"`
}

// licensesOf returns the texts of shmtool, Go, and what this program links.
func (b build) licensesOf(all licenses.All) document {
	of := make([][]string, len(all.Texts))
	note := func(path, version string) {
		if m := find(all, path); m != nil {
			for _, i := range m.Texts {
				of[i] = append(of[i], strings.TrimSpace(path+" "+version))
			}
		}
	}
	note(licenses.Own, "")
	note(licenses.Go, "")
	for _, lib := range b.libraries {
		note(lib.path, lib.version)
	}
	d := document{Schema: "shmtool.licenses/1"}
	for i, t := range all.Texts {
		if len(of[i]) > 0 {
			d.Texts = append(d.Texts, covered{t.Name, of[i], t.Text})
		}
	}
	return d
}

// json prints the document as one object on a line.
func (d document) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(d)
}

// text prints the texts for people.
func (d document) text(w io.Writer) error {
	for i, t := range d.Texts {
		name := t.Name
		if name == "" {
			name = "notice"
		}
		gap := "\n"
		if i == 0 {
			gap = ""
		}
		if _, err := fmt.Fprintf(w, "%s%s\n== %s\n\n%s", gap, strings.Join(t.Libraries, "\n"), name, t.Text); err != nil {
			return err
		}
	}
	return nil
}

// find returns what is known of a module, or nil.
func find(all licenses.All, path string) *licenses.Module {
	for i := range all.Modules {
		if all.Modules[i].Path == path {
			return &all.Modules[i]
		}
	}
	return nil
}
