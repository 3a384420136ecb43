package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// publicPackages are those whose documentation other programs' authors read.
var publicPackages = []string{"relaccx", "relaccx/semaphore", "relaccx/datapage", "relaccx/internal/shm", "layout", "layout/mist", "layout/dtsc", "dump"}

// plainRooms are packages of the program whose comments and texts are held to the same
// words.
var plainRooms = []string{
	"bench", "cause", "cleaning", "doctor", "filter", "finding", "measure", "meter", "metrics", "mistserver", "newfile", "object", "objectfile", "pattern", "pause", "procs",
	"recording", "safe", "simulate", "simulate/drill", "snapshot", "sparse", "streams", "top", "top/unasked", "units", "unread",
	"cli", "complete", "fail", "out", "pages", "watching", "world",
	"verb/bench", "verb/follow", "verb/list", "verb/read", "verb/server", "verb/simulate", "verb/write",
}

// badStart begins a sentence whose subject does not come first.
var badStart = regexp.MustCompile(`(?:^|[.:;] )(Of|What|Where|Whoever) [a-z]`)

// badLine does so in a text whose sentences begin a line, or follow one on it. A word
// that only begins a line is in the middle of a sentence.
var badLine = regexp.MustCompile(`(?m)(?:\n\n|\n\.[A-Z].*\n|[.:;][ \n])(Of|What|Where|Whoever) [a-z]+`)

// Comments and texts of the public packages name an actor, and say what a function
// does: "Header returns …", not "Header is …".
func TestPlainPackages(t *testing.T) {
	t.Parallel()
	for _, dir := range publicPackages {
		fset, files := packageFiles(t, filepath.Join("../..", dir))
		for _, file := range files {
			for place, fault := range wordFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
			for place, fault := range commentFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
		}
	}
	for _, dir := range plainRooms {
		fset, files := packageFiles(t, filepath.Join("internal", dir))
		for _, file := range files {
			for place, fault := range wordFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
			for place, fault := range commentFaults(fset, file) {
				t.Errorf("%s: %s", place, fault)
			}
		}
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
