package streams

import (
	"slices"
	"strconv"
	"strings"

	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// Config is what MstSCnf says of a stream, as far as it matters to who judges it.
type Config struct {
	Source    string // with its secrets
	Resume    bool   // the stream outlives its source, and waits for it
	AlwaysOn  bool
	DVRMS     uint64 // how much it is to keep, in milliseconds; 0: not said
	Processes []Program
}

// Program is a program that is configured to run beside a stream.
type Program struct {
	Program string // "MistProcMKVExec"
	Tracks  bool   // what it makes are tracks of the same stream
}

// wantsConfig reports whether the configuration of any stream that is wanted may
// have this name: what stands before a plus sign or a blank.
func (l *looker) wantsConfig(base string) bool {
	return l.want == nil || l.want(base) || l.fromWildcard(base)
}

// fromWildcard reports whether there is an object of a stream that is wanted and has
// that configuration.
func (l *looker) fromWildcard(base string) bool {
	for _, name := range l.names {
		if mist.BaseName(name) == base && l.want(name) {
			return true
		}
	}
	return false
}

// config reads a MstSCnf; false where it cannot be read.
func (l *looker) config(o *Object) (c Config, ok bool) {
	page := *o // what stands in its header is not judged with the stream
	err := l.page(&page, func(p *openPage) error {
		return single(p.root, func(w row) {
			f := w.schema.Lookup("dtsc_data")
			if f == nil {
				return
			}
			v, err := dtsc.Decode(f.In(w.record))
			if err == nil {
				c, ok = configOf(v), true
			}
		})
	})
	return c, ok && err == nil
}

func configOf(v dtsc.Value) Config {
	c := Config{Resume: truth(v, "resume"), AlwaysOn: truth(v, "always_on")}
	if source, ok := v.Lookup("source"); ok {
		c.Source = source.String()
	}
	if dvr, ok := v.Lookup("DVR"); ok {
		c.DVRMS, _ = strconv.ParseUint(dvr.String(), 10, 64) // else it is not said
	}
	if list, ok := v.Lookup("processes"); ok {
		for p := range list.Elements() {
			if truth(p, "x-LSP-disable") || truth(p, "inhibited") {
				continue
			}
			if name, ok := p.Lookup("process"); ok {
				program := "MistProc" + string(name.Text())
				makes := slices.Contains([]string{"MistProcMKVExec", "MistProcFFMPEG", "MistProcAV"}, program)
				c.Processes = append(c.Processes, Program{program, makes && !truth(p, "sink")})
			}
		}
	}
	return c
}

// truth reports whether a member is there and is not 0, false or empty: MistServer
// takes numbers and strings for truth values.
func truth(v dtsc.Value, name string) bool {
	member, ok := v.Lookup(name)
	if !ok {
		return false
	}
	switch text := strings.TrimSpace(member.String()); text {
	case "", "0", "false":
		return false
	}
	return true
}

// Config returns the configuration of a stream: its own, or that of its base name.
func (m *Moment) Config(stream string) (Config, bool) {
	if c, ok := m.Server.Configs[stream]; ok {
		return c, true
	}
	c, ok := m.Server.Configs[mist.BaseName(stream)]
	return c, ok
}
