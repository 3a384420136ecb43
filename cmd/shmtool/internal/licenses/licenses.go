// Package licenses has the license texts of all modules that shmtool links on any system,
// and of Go. They are compressed in the program, and unpacked only when they are asked for.
package licenses

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:generate go run ./generate licenses.json.gz

//go:embed licenses.json.gz
var packed []byte

// Own and Go are the names of what no module's path names.
const (
	Own = "shmtool"
	Go  = "Go"
)

// All is every module with its licenses, and every text once.
type All struct {
	Modules []Module `json:"modules"`
	Texts   []Text   `json:"texts"`
}

// Module is a module, by its path. Its version is in the program's build information.
type Module struct {
	Path     string   `json:"path"`
	Licenses []string `json:"licenses"` // SPDX names
	Texts    []int    `json:"texts"`    // where they stand in All.Texts
}

// Under reports whether one of the module's licenses, or a choice of several, has a name.
func (m *Module) Under(name string) bool {
	return slices.ContainsFunc(m.Licenses, func(l string) bool {
		return slices.Contains(strings.Split(l, " OR "), name)
	})
}

// Text is the text of a license or of a notice.
type Text struct {
	Name string `json:"name"` // SPDX name; "" of a notice
	Text string `json:"text"`
}

// Load unpacks the texts.
func Load() (all All, err error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(z).Decode(&all)
	}
	if err != nil {
		return All{}, fmt.Errorf("the license texts of this program: %w", err)
	}
	return all, nil
}

// Pack writes what Load reads.
func (all All) Pack(w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	e := json.NewEncoder(z)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return err
	}
	return z.Close()
}
