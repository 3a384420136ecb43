package cleaning

import (
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// serverWide judges what belongs to no stream: it is the controller's, a
// session's, or of all together. It stays as long as anything of MistServer
// lives: a new controller takes up what it finds.
func (j *judge) serverWide(f *file, o *Object) string {
	if p, ok := j.mistServer(); ok {
		return "MistServer runs: " + processText(p)
	}
	for _, m := range j.now.manifests {
		if m.Alive {
			return "a simulation runs"
		}
	}
	if f.is.Kind == mist.KindTemporary && !j.likeTheirs(f) {
		return "nothing shows that it is MistServer's"
	}
	o.Evidence = append(o.Evidence, "no MistController and no other process of MistServer lives")
	return ""
}

// processOwn judges what belongs to one process.
func (j *judge) processOwn(f *file, o *Object) string {
	v := j.now.table.Judge(j.named(uint64(f.is.PID), procs.RoleAny, "", f.times...))
	switch v.Life {
	case procs.Dead:
		o.Evidence = append(o.Evidence, fmt.Sprintf("process %d has ended", f.is.PID))
		return ""
	case procs.Unknown:
		return fmt.Sprintf("process %d cannot be seen from here", f.is.PID)
	}
	return "its process runs: " + processText(v.Process)
}

// mistServer returns a living process of a MistServer: of any but those that show by
// what they have mapped that they use another shared memory.
func (j *judge) mistServer() (procs.Process, bool) {
	all := j.now.table.All()
	i := slices.IndexFunc(all, func(p procs.Process) bool {
		return strings.HasPrefix(p.Name, "Mist") && !(j.now.tmpfs && j.now.holdings.Elsewhere(p.PID, j.now.device))
	})
	if i < 0 {
		return procs.Process{}, false
	}
	return all[i], true
}

// config judges a stream's configuration, which the controller makes. One that a
// dead simulation has made goes though others run: only its own controller would
// have removed it.
func (j *judge) config(f *file, o *Object) string {
	if p, ok := j.mistServer(); ok {
		return "MistServer runs: " + processText(p)
	}
	made := func(m simulate.Manifest) bool {
		return slices.ContainsFunc(m.Streams, func(s string) bool { return mist.BaseName(s) == f.is.Stream })
	}
	dead := false
	for _, m := range j.now.manifests {
		if m.Alive && made(m) {
			return "the simulation runs that made it"
		}
		dead = dead || !m.Alive && made(m)
	}
	if !dead {
		return j.serverWide(f, o)
	}
	for _, s := range j.now.files {
		if s.is.Stream != "" && mist.BaseName(s.is.Stream) == f.is.Stream && s.is.Kind != mist.KindConfig && j.stream(s.is.Stream).lives != "" {
			return "stream " + s.is.Stream + " lives"
		}
	}
	o.Evidence = append(o.Evidence, "the simulation that made it is dead")
	return ""
}

// likeTheirs reports whether a semaphore without a name of its own has owner and
// place of MistServer's: other programs also make such.
func (j *judge) likeTheirs(f *file) bool {
	return slices.ContainsFunc(j.now.files, func(other *file) bool {
		return other.is.Kind == mist.KindSemaphore && other.is.Form == f.is.Form && other.owner == f.owner && other.mode == f.mode
	})
}
