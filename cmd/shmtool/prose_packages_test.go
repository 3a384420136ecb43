package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// publicPackages are those whose documentation other programs' authors read.
var publicPackages = []string{"relaccx", "relaccx/semaphore", "relaccx/datapage", "relaccx/internal/shm", "layout", "layout/mist", "layout/dtsc", "dump"}

// badStart begins a sentence whose subject does not come first.
var badStart = regexp.MustCompile(`(?:^|[.:;] )(Of|What|Where|Whoever) [a-z]`)

// badLine does so in a text whose sentences begin a line, or follow one on it. A word
// that only begins a line is in the middle of a sentence.
var badLine = regexp.MustCompile(`(?m)(?:\n\n|\n\.[A-Z].*\n|[.:;][ \n])(Of|What|Where|Whoever) [a-z]+`)

// Comments and texts of the public packages name an actor, and say what a function
// does: "Header returns …", not "Header is …".
func TestPlainPackages(t *testing.T) {
	t.Parallel()
	_, rooms := house(t)
	for _, room := range append(rooms, "relaccx/internal/shm") {
		fset, files := packageFiles(t, roomDir(room))
		for _, file := range files {
			for place, fault := range wordFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
			for place, fault := range commentFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
			if slices.Contains(publicPackages, room) {
				for place, name := range silent(fset, file) {
					t.Errorf("%s: %s has no comment", place, name)
				}
			}
		}
	}
}

// roomDir returns the directory of a room, from the one of the tests.
func roomDir(room string) string {
	library := []string{"layout", "relaccx", "dump"}
	root, _, _ := strings.Cut(room, "/")
	switch {
	case room == "main":
		return "."
	case slices.Contains(library, root):
		return filepath.Join("../..", room)
	}
	return filepath.Join("internal", room)
}

// silent returns the exported names of a file that have no comment, by their places.
func silent(fset *token.FileSet, file *ast.File) map[string]string {
	found := map[string]string{}
	note := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d.Text() != "" }) {
			found[fset.Position(name.Pos()).String()] = name.Name
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d)) {
				note(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					note(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						note(name, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return found
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	at := d.Recv.List[0].Type
	if p, ok := at.(*ast.StarExpr); ok {
		at = p.X
	}
	if g, ok := at.(*ast.IndexExpr); ok {
		at = g.X
	}
	if name, ok := at.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// Files have at most 400 lines, functions 60 but for the tables of tests, and nothing is left
// to do later.
func TestPieces(t *testing.T) {
	t.Parallel()
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	files := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || entry.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(text, []byte("\n")); n > 400 {
			t.Errorf("%s has %d lines", path, n)
		}
		if at := later.FindIndex(text); at != nil {
			t.Errorf("%s:%d: %s", path, 1+bytes.Count(text[:at[0]], []byte("\n")), text[at[0]:at[1]])
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && !strings.HasSuffix(path, "_test.go") {
				if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > 60 {
					t.Errorf("%s: %s has %d lines", fset.Position(f.Pos()), f.Name.Name, n)
				}
			}
		}
		return nil
	})
	if err != nil || files < 300 {
		t.Errorf("%d files: %v", files, err)
	}
}

// packageFiles returns the files of a package, without its tests.
func packageFiles(t *testing.T, dir string) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has no files: %v", dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return fset, files
}

// wordFaults returns the banned words and beginnings in a file's comments and texts, by
// their places.
func wordFaults(fset *token.FileSet, file *ast.File) map[string]string {
	faults := map[string]string{}
	hold := func(at token.Pos, text string) {
		text = strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "Of returns ") // a function's name
		if !strings.Contains(text, " ") {
			return // a value
		}
		if found := bannedWords.FindString(text); found != "" {
			faults[fset.Position(at).String()] = strconv.Quote(found) + " in " + strconv.Quote(text)
		} else if found := badStart.FindString(text); found != "" {
			faults[fset.Position(at).String()] = "a sentence begins " + strconv.Quote(found)
		}
	}
	for _, group := range file.Comments {
		hold(group.Pos(), group.Text())
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				hold(lit.Pos(), text)
			}
		}
		return true
	})
	return faults
}

// commentFaults returns the functions in a file whose comments say what they are, and
// not what they do.
func commentFaults(fset *token.FileSet, file *ast.File) map[string]string {
	faults := map[string]string{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if verb, after, _ := strings.Cut(strings.TrimPrefix(f.Doc.Text(), f.Name.Name+" "), " "); verb == "is" || verb == "are" {
			faults[fset.Position(f.Pos()).String()] = f.Name.Name + " " + verb + " " + strings.SplitN(after, "\n", 2)[0]
		}
	}
	return faults
}
