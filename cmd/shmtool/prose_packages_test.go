package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// publicPackages are those whose documentation other programs' authors read.
var publicPackages = []string{"relaccx", "relaccx/semaphore", "layout", "layout/mist", "layout/dtsc", "dump"}

// badStart begins a sentence whose subject does not come first.
var badStart = regexp.MustCompile(`(?:^|[.:;] )(Of|What|Where|Whoever) [a-z]`)

// badLine does so in a text whose sentences begin a line, or follow one on it. A word
// that only begins a line is in the middle of a sentence.
var badLine = regexp.MustCompile(`(?m)(?:\n\n|\n\.[A-Z].*\n|[.:;][ \n])(Of|What|Where|Whoever) [a-z]+`)

// Comments and texts of the public packages name an actor, and say what a function
// does: "Header returns …", not "Header is …".
func TestPlainPackages(t *testing.T) {
	for _, dir := range publicPackages {
		fset := token.NewFileSet()
		packages, err := parser.ParseDir(fset, filepath.Join("../..", dir), func(info fs.FileInfo) bool {
			return !strings.HasSuffix(info.Name(), "_test.go")
		}, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			for _, file := range p.Files {
				for place, fault := range proseFaults(fset, file) {
					t.Errorf("%s: %s", place, fault)
				}
			}
		}
	}
}

// proseFaults returns what is not plain in a file, by its place.
func proseFaults(fset *token.FileSet, file *ast.File) map[string]string {
	faults := map[string]string{}
	hold := func(at token.Pos, text string) {
		text = strings.Join(strings.Fields(text), " ")
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
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				hold(n.Pos(), text)
			}
		case *ast.FuncDecl:
			if verb, after, _ := strings.Cut(strings.TrimPrefix(n.Doc.Text(), n.Name.Name+" "), " "); verb == "is" || verb == "are" {
				faults[fset.Position(n.Pos()).String()] = n.Name.Name + " " + verb + " " + strings.SplitN(after, "\n", 2)[0]
			}
		}
		return true
	})
	return faults
}
