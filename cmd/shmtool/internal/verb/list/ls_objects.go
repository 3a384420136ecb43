package list

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// listObjects returns the objects in the shared memory directory, after a look into each.
func listObjects(w *world.World, table *procs.Table) ([]object.Entry, error) {
	entries, err := os.ReadDir(w.ShmDir)
	if err != nil {
		return nil, w.NoDirectory(err)
	}
	var objects []object.Entry
	for _, entry := range entries {
		o, ok, err := object.Inspect(w, entry, table)
		if err != nil {
			return nil, err
		}
		if ok {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// choose returns the listing of the objects that the options choose. It says on standard
// error how many of them could not be read.
func (o lsOptions) choose(w *world.World, p *out.Printer, objects []object.Entry, table *procs.Table) (l *listing, err error) {
	noStream := false
	if len(o.streams) > 0 {
		if objects, err = ofStreams(w, objects, o.streams); err != nil {
			return nil, err
		}
		noStream = len(objects) == 0
	}
	if len(o.args) > 0 {
		objects = slices.DeleteFunc(objects, func(e object.Entry) bool { return !pattern.Any(o.patterns, e.Name) })
	}
	l = &listing{nouns: "objects"}
	unread := unreadOf(objects, true)
	if len(o.streams) == 0 && !o.all {
		l.nouns = "pages"
		objects, unread = onlyPages(objects)
	}
	p.SayUnread(unread)
	l.why = p.Empty(l.nouns, o.args, len(unread))
	if noStream {
		l.why = fmt.Sprintf("no stream in %s matches %s", w.ShmDir, mist.EscapeName(strings.Join(o.streams.Texts(), " ")))
	}
	if text := unknownOf(objects); text != "" && o.all && p.Format == out.Table {
		w.Warn("%s", text)
	}
	slices.SortFunc(objects, compareObjects)
	l.sights, l.at = sightsOf(objects, table), listingTime(table)
	return l, nil
}

// onlyPages returns the pages among objects, and those that may be pages and could not be
// read: some are listed, because their names say that they are pages.
func onlyPages(objects []object.Entry) (pages []object.Entry, unread []out.Unread) {
	var others []object.Entry
	for _, o := range objects {
		switch {
		case o.IsPage, o.Old:
			pages = append(pages, o)
		case !o.Known:
			others = append(others, o)
		}
	}
	return pages, slices.Concat(unreadOf(pages, true), unreadOf(others, false))
}

// unreadOf returns those of some objects that could not be read.
func unreadOf(objects []object.Entry, listed bool) (unread []out.Unread) {
	for _, o := range objects {
		if o.Unread != nil {
			unread = append(unread, out.Unread{Err: o.Unread, Listed: listed})
		}
	}
	return unread
}

// unknownOf tells of the objects that are unknown to this program.
func unknownOf(objects []object.Entry) string {
	var names []string
	for i := range objects {
		if objects[i].IsUnknown() {
			names = append(names, objects[i].Name)
		}
	}
	return object.UnknownText(names)
}

// compareObjects puts MistServer's objects first, in its own order; all others
// follow by name.
func compareObjects(a, b object.Entry) int {
	switch {
	case a.Known && b.Known:
		return mist.Compare(a.Sorted, b.Sorted)
	case a.Known != b.Known:
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Name, b.Name)
}

// ofStreams returns the objects of the chosen streams, and the configuration that
// each has. That is found under the part of the name that streams share, and stands
// among the stream's own objects when one stream alone is chosen. A stream that was
// named and has no object is an error.
func ofStreams(w *world.World, objects []object.Entry, wanted pages.Streams) ([]object.Entry, error) {
	mine, bases := []object.Entry{}, map[string]bool{}
	there := map[string]bool{}
	for _, name := range wanted.Exact() {
		bases[mist.BaseName(name)] = true
	}
	for _, o := range objects {
		if o.Of.Stream != "" && wanted.Wanted(o.Of.Stream) {
			bases[mist.BaseName(o.Of.Stream)] = true
			there[o.Of.Stream] = true
			mine = append(mine, o)
		}
	}
	alone := ""
	if exact := wanted.Exact(); len(wanted) == 1 && len(exact) == 1 {
		alone = exact[0]
	}
	for _, o := range objects {
		if o.Of.Kind != mist.KindConfig || !bases[o.Of.Stream] {
			continue
		}
		for _, name := range wanted.Exact() {
			there[name] = there[name] || mist.BaseName(name) == o.Of.Stream
		}
		if slices.ContainsFunc(mine, o.Is) {
			continue
		}
		if alone != "" {
			o.Sorted.Stream = alone
		}
		mine = append(mine, o)
	}
	for _, name := range wanted.Exact() {
		if !there[name] {
			return nil, pages.NoSuchStream(w, name)
		}
	}
	return mine, nil
}
