package complete

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/bench"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// values returns what a flag's value may be, with typed as the beginning of it.
func (l *commandLine) values(f cli.Flag, typed string) []candidate {
	name, verb := f.Names()[0], ""
	if l.cmd != nil {
		verb = l.cmd.Name
	}
	placeholder, _ := cli.About(f)
	if f, ok := f.(*cli.WordFlag); ok {
		return plain(f.Words)
	}
	switch {
	case (verb == "ls" || verb == "save" || verb == "clean") && (name == "stream" || name == "stream-pattern"):
		return l.streams()
	case name == "sort":
		return l.sorts(typed)
	case name == "fields":
		return oneMore(typed, l.fields())
	case placeholder == "FIELD" || name == "drop":
		return l.fields()
	case placeholder == "NAME:TYPE[:SIZE]":
		return types(typed)
	case placeholder == "PAGE":
		return l.pages(typed)
	case placeholder == "CODE":
		return l.codes("doctor")
	case placeholder == "FILE" || placeholder == "PATH":
		return files(typed, false)
	case placeholder == "DIR":
		return files(typed, true)
	}
	return nil
}

// argument returns what an argument of a kind may be.
func (l *commandLine) argument(kind string) []candidate {
	switch {
	case kind == "PAGE" || kind == "PATTERN":
		return l.pages(l.current)
	case kind == "A" || kind == "B": // snapshots as well
		if world.IsPath(l.current) {
			return files(l.current, false)
		}
		return append(l.pages(l.current), files(l.current, false)...)
	case kind == "STREAM":
		return l.streams()
	case kind == "FIELD":
		return l.fields()
	case kind == "NAME=VALUE":
		return l.assignments()
	case kind == "CODE":
		return l.codes("")
	case kind == "NAME" && l.cmd.Name == "bench":
		return oneEach(bench.Names(), l.arguments)
	case kind == "FILE" || kind == "DIR":
		return files(l.current, kind == "DIR")
	case strings.Contains(kind, "|"):
		return plain(strings.Split(kind, "|"))
	}
	return nil
}

func plain(words []string) []candidate {
	var found []candidate
	for _, w := range words {
		found = append(found, candidate{text: w})
	}
	return found
}

// oneEach returns the words that do not stand in the line already.
func oneEach(words, arguments []string) []candidate {
	return plain(slices.DeleteFunc(words, func(w string) bool { return slices.Contains(arguments, w) }))
}

// codes returns the codes that a command reports, or all, without those that stand in
// the line already.
func (l *commandLine) codes(by string) []candidate {
	var found []candidate
	for _, c := range finding.Known() {
		if (by == "" || slices.Contains(c.By, by)) && !slices.Contains(l.arguments, c.Name) {
			found = append(found, candidate{c.Name, c.Severity.String() + ": " + c.Means})
		}
	}
	return found
}

// pages returns the objects of the shared memory directory that a command can use, by
// their names alone; behind a colon, the pages nested in one; and files, where a path is
// typed.
func (l *commandLine) pages(typed string) []candidate {
	if strings.HasPrefix(typed, ".") || strings.Contains(strings.TrimPrefix(typed, "/"), "/") {
		return files(typed, false)
	}
	slash := ""
	if strings.HasPrefix(typed, "/") {
		slash = "/"
	}
	var found []candidate
	entries, _ := os.ReadDir(l.c.ShmDir) // what cannot be read has no names
	for _, entry := range entries {
		o, _ := mist.ParseName(entry.Name())
		if entry.Type().IsRegular() && !slices.Contains(l.arguments, entry.Name()) && l.takes(o.Kind) {
			found = append(found, candidate{slash + entry.Name(), strings.TrimSpace(string(o.Kind) + " " + string(o.Lock))})
		}
	}
	if len(found) > 0 && strings.Contains(typed, ":") {
		found = append(found, l.nested(typed)...)
	}
	return found
}

// takes reports whether the command has a use for objects of a kind.
func (l *commandLine) takes(k mist.Kind) bool {
	if k == "" || k.IsPage() || l.cmd == nil {
		return true
	}
	switch l.cmd.Name {
	case "check", "diff", "dump", "ls", "rm", "wait":
		return true
	case "tail":
		return k == mist.KindData
	}
	return false
}

// nested returns the pages nested in the one before the last colon.
func (l *commandLine) nested(typed string) []candidate {
	outer := typed[:strings.LastIndexByte(typed, ':')]
	var found []candidate
	for _, f := range l.schemaFields(outer) {
		if f.Kind() == layout.Nested {
			found = append(found, candidate{outer + ":" + f.Name, "nested page"})
		}
	}
	return found
}

// schemaFields returns the fields of a page: none where there is no page, or it is not
// ready.
func (l *commandLine) schemaFields(page string) []layout.Field {
	if page == "" || strings.HasPrefix(page, "-") {
		return nil // standard input is the command's own
	}
	t, err := object.Address(l.c.World, page)
	if err != nil {
		return nil
	}
	r, done, err := object.Read(l.c.World, t)
	if err != nil {
		return nil
	}
	defer done()
	return slices.Clone(r.Schema().Fields())
}

// fields returns the fields of the page that the line names, or the columns of the
// listing that it asks for.
func (l *commandLine) fields() []candidate {
	switch {
	case l.cmd.Columns != nil:
		return plain(l.cmd.Columns())
	case len(l.arguments) == 0:
		return nil
	}
	if of, ok := mist.ParseName(filepath.Base(l.arguments[0])); ok && of.Kind == mist.KindData {
		return plain(dump.PacketFields())
	}
	var found []candidate
	for _, f := range l.schemaFields(l.arguments[0]) {
		found = append(found, candidate{f.Name, f.TypeName()})
	}
	return found
}

// oneMore returns candidates for one more name in a list with commas: those that it does
// not have yet.
func oneMore(typed string, names []candidate) []candidate {
	before := ""
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before = typed[:i+1]
	}
	if before == "" && strings.HasPrefix(typed, "+") {
		before = "+"
	}
	have := strings.Split(strings.TrimPrefix(before, "+"), ",")
	var found []candidate
	for _, c := range names {
		if !slices.Contains(have, c.text) {
			found = append(found, candidate{before + c.text, c.about})
		}
	}
	return found
}

// sorts returns the columns of the listing for one more name in --sort, with a dash where
// one is typed.
func (l *commandLine) sorts(typed string) []candidate {
	if l.cmd.Columns == nil {
		return nil
	}
	last := typed[strings.LastIndexByte(typed, ',')+1:]
	columns := l.cmd.Columns()
	if strings.HasPrefix(last, "-") {
		for i := range columns {
			columns[i] = "-" + columns[i]
		}
	}
	return oneMore(typed, plain(columns))
}

// assignments returns NAME= for each field that has no value yet.
func (l *commandLine) assignments() []candidate {
	var found []candidate
	for _, f := range l.schemaFields(l.arguments[0]) {
		given := slices.ContainsFunc(l.arguments, func(a string) bool { return strings.HasPrefix(a, f.Name+"=") })
		if !given && f.Kind() != layout.Nested {
			found = append(found, candidate{f.Name + "=", f.TypeName()})
		}
	}
	return found
}

// streams returns the names of MistServer's streams.
func (l *commandLine) streams() []candidate {
	var names []string
	entries, _ := os.ReadDir(l.c.ShmDir)
	for _, entry := range entries {
		if o, _ := mist.ParseName(entry.Name()); o.Stream != "" {
			names = append(names, o.Stream)
		}
	}
	slices.Sort(names)
	return plain(slices.Compact(names))
}

// types returns the types of a field whose name stands before the colon.
func types(typed string) []candidate {
	name, _, found := strings.Cut(typed, ":")
	if !found {
		return nil
	}
	var all []candidate
	for _, t := range layout.TypeNames() {
		all = append(all, candidate{text: name + ":" + t})
	}
	return all
}

// files returns what the path that is typed may become; folders end in a slash. Names that
// begin with a dot come once the dot is typed, as in shells.
func files(typed string, onlyFolders bool) []candidate {
	dir, base := filepath.Split(typed)
	entries, _ := os.ReadDir(cmp.Or(dir, "."))
	var found []candidate
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name())) // through links
		switch {
		case strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(base, "."):
		case err == nil && info.IsDir():
			found = append(found, candidate{text: dir + entry.Name() + "/"})
		case !onlyFolders:
			found = append(found, candidate{text: dir + entry.Name()})
		}
	}
	return found
}
