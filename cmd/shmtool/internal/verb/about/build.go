package about

import (
	"runtime"
	"runtime/debug"

	"shmtool/cmd/shmtool/internal/cli"
)

// build is what the program knows about how it was built.
type build struct {
	version   string
	commit    string // "" is unknown
	time      string // of the commit
	modified  bool   // files differed from the commit
	goVersion string
	platform  string
	libraries []library
}

// library is a module that the program links.
type library struct{ path, version string }

func readBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildOf(info)
}

func buildOf(info *debug.BuildInfo) build {
	b := build{version: cli.Version(), goVersion: runtime.Version(), platform: runtime.GOOS + "/" + runtime.GOARCH}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.time = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	for _, m := range info.Deps {
		version := m.Version
		if m.Replace != nil {
			version = m.Replace.Version
		}
		b.libraries = append(b.libraries, library{m.Path, version})
	}
	return b
}
