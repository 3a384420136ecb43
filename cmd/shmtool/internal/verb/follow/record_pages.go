package follow

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/relaccx"
)

// find finds the pages to record: those that are named, and those that patterns match,
// now and later.
func (o *recordOptions) find(args []string) error {
	for _, arg := range args {
		if o.isPattern(arg) {
			pattern, err := pages.ParseGlob(o.World, arg)
			if err != nil {
				return err
			}
			o.patterns = append(o.patterns, pattern)
			continue
		}
		t, err := object.Address(o.World, arg)
		if err != nil {
			return err
		}
		if t.Stdin {
			return fail.Hinted(fail.Usagef("cannot follow standard input"), "name a page")
		}
		named := recordTarget(t)
		if slices.ContainsFunc(o.recording.Targets, func(other recording.Target) bool { return other.Name == named.Name }) {
			return fail.Usagef("%q: another page of that name is recorded already", arg)
		}
		o.recording.Targets = append(o.recording.Targets, named)
	}
	if len(o.patterns) == 0 {
		return nil
	}
	if _, err := os.ReadDir(o.ShmDir); err != nil {
		return o.NoDirectory(err)
	}
	o.recording.Discover = o.matching
	return nil
}

// isPattern reports whether an argument names all pages that match it. A recording has
// names without directories, so a pattern matches names in the directory of shared
// memory alone.
func (o *recordOptions) isPattern(arg string) bool {
	inside := !strings.HasPrefix(arg, ".") && !strings.Contains(strings.TrimPrefix(arg, "/"), "/")
	return inside && pages.IsPattern(o.World, arg)
}

// recordTarget returns what to record of a target. Its name is the address without the
// directory, so that no name in a recording leads out of where it is played.
func recordTarget(t object.Target) recording.Target {
	return recording.Target{Name: recordedName(t), Path: t.Path, Steps: t.Steps, Known: t.Info()}
}

func recordedName(t object.Target) string {
	name := filepath.Base(t.Path)
	for _, step := range t.Steps {
		name += ":" + step.String()
	}
	return name
}

// matching returns the pages that patterns match now and that are not known. It passes
// over objects that are no pages, and pages without the nested page.
func (o *recordOptions) matching(known func(name string) bool) []recording.Target {
	if o.directory == nil {
		o.directory = pages.NewDirectory(o.ShmDir)
	}
	unknown := func(name string) bool { return !known(name) }
	if o.directory.Unchanged() && !slices.ContainsFunc(o.matched, unknown) {
		return nil
	}
	o.matched = o.matched[:0]
	entries, err := os.ReadDir(o.ShmDir)
	if err != nil {
		return nil
	}
	var targets []recording.Target
	for _, pattern := range o.patterns {
		for _, entry := range entries {
			t, ok := pattern.Match(pattern.Ways[0].Dir, entry.Name())
			if !ok {
				continue
			}
			name := recordedName(t)
			o.matched = append(o.matched, name)
			if !known(name) && isReadyPage(t) {
				targets = append(targets, recordTarget(t))
			}
		}
	}
	return targets
}

// matchAny reports whether a pattern matches the name of any object, or may.
func (o *recordOptions) matchAny() bool {
	entries, err := os.ReadDir(o.ShmDir)
	return kernel.Broken(err) || slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return slices.ContainsFunc(o.patterns, func(p pages.Glob) bool {
			_, ok := p.Match(p.Ways[0].Dir, entry.Name())
			return ok
		})
	})
}

// isReadyPage reports whether a target is a page that can be read.
func isReadyPage(t object.Target) bool {
	p, err := relaccx.Open(t.Path)
	if err != nil {
		return fail.Unread(err) // record reports that
	}
	defer p.Close()
	r, err := p.Reader()
	if err == nil {
		_, err = r.WithRules(t.Info()).Nested(t.Steps...)
	}
	return err == nil
}

// say reports on standard error what happens to a page that is recorded.
func (o *recordOptions) say(page string, event relaccx.Event, err error) {
	switch {
	case err != nil:
		o.Warn("page %q: %v; it is not recorded", page, fail.Cause(err))
	case event.Kind == relaccx.EventLapped:
		o.Warn("page %q: %s lost: withdrawn before they were read", page, units.Counted(event.Lost, "record was", "records were"))
	}
}
