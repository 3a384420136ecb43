package list

import (
	"time"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// The whole screen, which top and watch share.

// fullScreen reports whether a command takes the whole screen: standard output is a
// terminal, and no flag asks for something that must be printed.
func fullScreen(w *world.World, p *out.Printer) bool { return p.Terminal && !w.Dumb() && p.IsUsual() }

func screenOptions(w *world.World, p *out.Printer, interval time.Duration) top.Options {
	return top.Options{
		Look: top.Look{Color: p.Color, Bytes: p.Bytes}, Every: interval,
		Stream: func(name string) top.Stream { return newStreamView(w, name, p.Color) },
		Render: p.Rendering(), Clock: func() mist.Clock { return w.Clock(w.ShmDir) }, Output: w.Stdout,
		PageError: func(s *top.Source, err error) string {
			return w.Worded(object.Explain(w, object.Target{Arg: s.Name, Path: s.Path}, err))
		},
		DirectoryError: func(err error) string { return w.Worded(w.NoDirectory(err)) },
	}
}

func sampler(w *world.World, dir string, wanted func(name string) bool) *top.Sampler {
	return &top.Sampler{ShmDir: dir, ProcDir: w.ProcDir, Wanted: wanted, IsPage: object.LooksLikePage, Writer: pageWriter}
}

// pageWriter returns the process that writes a page.
func pageWriter(table *procs.Table, path string, holder int) (procs.Process, bool) {
	if p, ok := object.LockHolder(table, holder); ok {
		return p, true
	}
	return table.Owner(path)
}
