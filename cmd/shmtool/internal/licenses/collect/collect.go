// Package collect reads the license texts of what shmtool links from the module cache. It
// is for the generator and the test of package licenses, and no part of the program.
package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/licenses"
)

// systems are those that shmtool is built for: each links modules that others do not.
var systems = []string{"linux/amd64", "linux/arm64", "darwin/arm64", "freebsd/amd64", "windows/amd64"}

// texts are the files with a license, or with what its license wants passed on.
var texts = regexp.MustCompile(`(?i)^(un)?(licen[sc]e|copying|notice|patents|copyright)([-._].*)?$`)

// linked is what `go list` says of a package.
type linked struct {
	Dir    string
	Module *struct {
		Path, Dir string
		Main      bool
	}
}

// Collect returns the modules and texts, in the order of their paths.
func Collect() (licenses.All, error) {
	folders, err := foldersOf()
	if err != nil {
		return licenses.All{}, err
	}
	c := collection{seen: map[string]int{}}
	for _, path := range slices.SortedFunc(maps.Keys(folders), ownFirst) {
		if err := c.add(path, slices.Sorted(maps.Keys(folders[path]))); err != nil {
			return licenses.All{}, err
		}
	}
	return c.all, nil
}

// ownFirst puts shmtool and Go before all modules.
func ownFirst(a, b string) int {
	rank := map[string]int{licenses.Own: -2, licenses.Go: -1}
	if rank[a] != rank[b] {
		return rank[a] - rank[b]
	}
	return strings.Compare(a, b)
}

// foldersOf returns, for each module that is linked on some system, the folders that may
// have its texts: those of its linked packages, and all around them.
func foldersOf() (map[string]map[string]bool, error) {
	root, err := ask("", "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	main, err := ask("", "go", "list", "-m", "-f", "{{.Dir}}", "shmtool")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]bool{licenses.Own: {main: true}, licenses.Go: {root: true}}
	for _, system := range systems {
		out, err := ask(system, "go", "list", "-deps", "-json=Dir,Module", "shmtool/cmd/shmtool")
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(strings.NewReader(out)); ; {
			var p linked
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if m := p.Module; m != nil && !m.Main {
				if all[m.Path] == nil {
					all[m.Path] = map[string]bool{m.Dir: true}
				}
				for dir := p.Dir; dir != m.Dir && len(dir) > len(m.Dir); dir = filepath.Dir(dir) {
					all[m.Path][dir] = true
				}
			}
		}
	}
	return all, nil
}

// ask returns what a command prints, for a system "GOOS/GOARCH" or for this one.
func ask(system string, words ...string) (string, error) {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if goos, goarch, ok := strings.Cut(system, "/"); ok {
		cmd.Env = append(cmd.Env, "GOOS="+goos, "GOARCH="+goarch)
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// collection is what has been collected.
type collection struct {
	all  licenses.All
	seen map[string]int // where each text stands
}

// add reads the texts of a module.
func (c *collection) add(path string, folders []string) error {
	m := licenses.Module{Path: path}
	for _, dir := range folders {
		if err := c.read(&m, dir, texts.MatchString); err != nil {
			return err
		}
		all := filepath.Join(dir, "licenses") // with a text a file
		if _, err := os.Stat(all); err == nil && path != licenses.Own {
			if err := c.read(&m, all, func(string) bool { return true }); err != nil {
				return err
			}
		}
	}
	if len(m.Texts) == 0 {
		c.readme(&m, folders[0])
	}
	if len(m.Licenses) == 0 {
		return fmt.Errorf("module %s: no license that is known in %v", path, folders)
	}
	c.all.Modules = append(c.all.Modules, m)
	return nil
}

// read gives a module the texts of a folder that have the right names.
func (c *collection) read(m *licenses.Module, dir string, is func(name string) bool) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.IsDir() || !is(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		c.take(m, strings.TrimSpace(strings.ReplaceAll(decoded(raw), "\r\n", "\n"))+"\n")
	}
	return nil
}

// decoded returns a text that is UTF-8, or else Latin-1, as old texts are.
func decoded(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return string(runes)
}

// readme gives a module that has no file with a license what its README.md says of it.
func (c *collection) readme(m *licenses.Module, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return // its error says that it has none
	}
	if _, says, ok := strings.Cut(string(text), "\n## License\n"); ok {
		c.take(m, m.Path+" says in its README.md:\n\n## License\n\n"+strings.TrimSpace(says)+"\n")
	}
}

// take gives a module a text, once.
func (c *collection) take(m *licenses.Module, text string) {
	at, ok := c.seen[text]
	if !ok {
		at = len(c.all.Texts)
		c.seen[text] = at
		c.all.Texts = append(c.all.Texts, licenses.Text{Name: nameOf(text), Text: text})
	}
	if slices.Contains(m.Texts, at) {
		return
	}
	m.Texts = append(m.Texts, at)
	for name := range strings.SplitSeq(c.all.Texts[at].Name, " AND ") {
		if name != "" && !m.Under(name) {
			m.Licenses = append(m.Licenses, name)
		}
	}
}

// nameOf returns the SPDX names of the licenses in a text, joined by AND.
func nameOf(text string) string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(s string) bool { return strings.Contains(words, s) }
	var names []string
	if has("permission is hereby granted, free of charge") || has("## license mit ") {
		names = append(names, "MIT")
	}
	if has("apache license") && has("version 2.0") {
		names = append(names, "Apache-2.0")
	}
	if has("redistribution and use in source and binary forms") {
		if has("neither the name") || has("may not be used to endorse") {
			names = append(names, "BSD-3-Clause")
		} else {
			names = append(names, "BSD-2-Clause")
		}
	}
	switch {
	case has("choice of exactly one") && has("the freetype license") && has("gnu general public license"):
		return "FTL OR GPL-2.0-or-later"
	case has("the freetype project license"):
		names = append(names, "FTL")
	}
	if has("gnu general public license") && has("version 2, june 1991") {
		names = append(names, "GPL-2.0-or-later")
	}
	if has("permission to use, copy, modify, and/or distribute this software") {
		names = append(names, "ISC")
	}
	if has("creative commons") && has("cc0") {
		names = append(names, "CC0-1.0")
	}
	return strings.Join(names, " AND ")
}
