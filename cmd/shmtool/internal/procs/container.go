package procs

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Container is the processes of one container, found without its daemon: by the names
// of their control groups.
type Container struct {
	ID    string   // 64 hexadecimal digits of Docker and its relatives; a name of LXC and nspawn
	Names []string // as its engine, its host name and its environment call it
	Main  Process  // the first of its processes
	Mist  bool     // one of its processes is MistServer's
}

// The elements of a control group's path that name a container.
var (
	scopes = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[a-z]+(?:-[a-z]+)*-)?([0-9a-f]{64})(?:\.scope)?$`)
	})
	lxc     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^lxc\.payload\.(.+)$`) })
	machine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:machine-(.+)\.scope|systemd-nspawn@(.+)\.service)$`)
	})
)

// containerID returns the container that a control group belongs to, and "" for none.
// The innermost counts. A monitor (conmon) stands beside its container, not in it.
func containerID(cgroup []byte) string {
	for line := range strings.Lines(string(cgroup)) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(words) < 3 {
			continue
		}
		elements := strings.Split(words[2], "/")
		for i, element := range slices.Backward(elements) {
			if strings.Contains(element, "conmon") {
				break
			}
			for _, form := range []*regexp.Regexp{scopes(), lxc(), machine()} {
				if m := form.FindStringSubmatch(element); m != nil {
					return strings.Join(m[1:], "")
				}
			}
			if i > 0 && elements[i-1] == "lxc" && element != "" {
				return element
			}
		}
	}
	return ""
}

// Containers lists the containers whose processes the table shows.
func (t *Table) Containers() []Container {
	found := map[string]*Container{}
	var ids []string
	for _, p := range t.live() {
		cgroup, err := t.ofProcess(p.PID, "cgroup")
		if err != nil {
			continue // it has ended
		}
		id := containerID(cgroup)
		if id == "" {
			continue
		}
		c := found[id]
		if c == nil {
			c = &Container{ID: id, Main: p}
			found[id], ids = c, append(ids, id)
		}
		if t.earlier(p, c.Main) {
			c.Main = p
		}
		c.Mist = c.Mist || strings.HasPrefix(p.Name, "Mist") || p.simulated()
	}
	names := t.engineNames()
	all := make([]Container, 0, len(ids))
	for _, id := range ids {
		c := found[id]
		c.Names = slices.Compact(slices.DeleteFunc(append(names[id], t.ownNames(c.Main.PID)...), func(name string) bool { return name == "" }))
		all = append(all, *c)
	}
	return all
}

// earlier reports whether p is nearer to the beginning of its container than q: PID 1
// in its namespace, or started before.
func (t *Table) earlier(p, q Process) bool {
	if first := t.spaceIs(p.PID).own == 1; first != (t.spaceIs(q.PID).own == 1) {
		return first
	}
	return p.Start < q.Start
}

// Find returns the containers that a name may mean: those of that very ID or name,
// else those whose ID begins with it. A pod has several of one name; where exactly one
// of them runs MistServer, that one is meant.
func Find(all []Container, name string) []Container {
	var exact, begins []Container
	for _, c := range all {
		switch {
		case name == "":
		case c.ID == name || slices.Contains(c.Names, name):
			exact = append(exact, c)
		case strings.HasPrefix(c.ID, name):
			begins = append(begins, c)
		}
	}
	if len(exact) == 0 {
		exact = begins
	}
	mist := slices.DeleteFunc(slices.Clone(exact), func(c Container) bool { return !c.Mist })
	if len(mist) == 1 {
		return mist
	}
	return exact
}

// ownNames returns what a container calls itself: its host name, and that of its
// environment, which is a pod's name.
func (t *Table) ownNames(pid int) []string {
	name, _ := t.ofProcess(pid, "root", "etc", "hostname")
	names := []string{strings.TrimSpace(string(name))}
	environment, _ := t.ofProcess(pid, "environ") // not ours to see, often
	for variable := range strings.SplitSeq(string(environment), "\x00") {
		if name, ok := strings.CutPrefix(variable, "HOSTNAME="); ok && name != names[0] {
			names = append(names, name)
		}
	}
	return names
}

// engineNames returns the names that engines have given to containers, by ID, as far as
// their files may be read: Docker's, Podman's, and the links that Kubernetes makes to
// its logs.
func (t *Table) engineNames() map[string][]string {
	root := filepath.Dir(filepath.Clean(t.procDir)) // of the machine whose processes these are
	names := map[string][]string{}
	configs, _ := filepath.Glob(filepath.Join(root, "var/lib/docker/containers/*/config.v2.json"))
	for _, config := range configs {
		var c struct{ Name string }
		if readJSON(config, &c) == nil {
			id := filepath.Base(filepath.Dir(config))
			names[id] = append(names[id], strings.TrimPrefix(c.Name, "/"))
		}
	}
	var stored []struct {
		ID    string   `json:"id"`
		Names []string `json:"names"`
	}
	if readJSON(filepath.Join(root, "var/lib/containers/storage/overlay-containers/containers.json"), &stored) == nil {
		for _, c := range stored {
			names[c.ID] = append(names[c.ID], c.Names...)
		}
	}
	logs, _ := filepath.Glob(filepath.Join(root, "var/log/containers/*.log"))
	for _, log := range logs { // POD_NAMESPACE_CONTAINER-ID.log
		name := strings.TrimSuffix(filepath.Base(log), ".log")
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			pod, rest, _ := strings.Cut(name[:at], "_")
			_, container, _ := strings.Cut(rest, "_")
			names[name[at+1:]] = append(names[name[at+1:]], pod, container, pod+"/"+container)
		}
	}
	return names
}

// readJSON reads a file of an engine. It reads regular files only.
func readJSON(path string, into any) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errNotText
	}
	return json.NewDecoder(io.LimitReader(f, maxMaps)).Decode(into)
}
