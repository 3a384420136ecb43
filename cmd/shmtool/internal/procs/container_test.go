package procs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestContainerID(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	other := strings.Repeat("f", 64)
	for cgroup, want := range map[string]string{
		"0::/system.slice/docker-" + id + ".scope\n":                               id,
		"12:memory:/docker/" + id + "\n11:cpu:/docker/" + id + "\n":                id,
		"0::/machine.slice/libpod-" + id + ".scope/container\n":                    id,
		"0::/user.slice/user-1000.slice/libpod-" + id + ".scope\n":                 id,
		"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope\n": id,
		"0::/kubepods/burstable/pod1234/" + id + "\n":                              id,
		"0::/kubepods.slice/crio-" + id + ".scope\n":                               id,
		"0::/../docker-" + id + ".scope\n":                                         id,
		"0::/docker/" + other + "/docker/" + id + "\n":                             id,
		"0::/machine.slice/libpod-conmon-" + id + ".scope\n":                       "",
		"0::/lxc.payload.web\n":                                                    "web",
		"2:cpu:/lxc/web\n":                                                         "web",
		"0::/machine.slice/machine-box.scope\n":                                    "box",
		"0::/machine.slice/systemd-nspawn@box.service/payload\n":                   "box",
		"0::/user.slice/user-1000.slice/session-3.scope\n":                         "",
		"0::/\n":                             "",
		"":                                   "",
		"garbage":                            "",
		"0::/docker-" + id[:63] + ".scope\n": "",
		"1:name=systemd:/\n0::/system.slice/docker-" + id + ".scope/init.scope\n":               id,
		"0::/system.slice/containerd.service\n":                                                 "",
		"0::/system.slice/docker-" + id + ".scope/kubepods/pod1/" + other + "\n":                other,
		"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_3.slice/docker": "",
	} {
		if got := containerID([]byte(cgroup)); got != want {
			t.Errorf("%q is %q, want %q", cgroup, got, want)
		}
	}
}

// Containers are found by their IDs, and by what engines and they themselves call them.
func TestContainers(t *testing.T) {
	root := t.TempDir()
	w := world{t, filepath.Join(root, "shm"), filepath.Join(root, "proc")}
	docker, podman := strings.Repeat("a1", 32), strings.Repeat("a2", 32)
	add := func(pid, inner int, comm, cgroup string) {
		w.process(pid, comm, "S", comm)
		w.write(filepath.Join(w.proc, fmt.Sprint(pid), "cgroup"), cgroup)
		if inner > 0 {
			w.space(pid, pid, inner)
		}
	}
	add(1, 1, "init", "0::/init.scope\n")
	add(4702, 7, "MistOutHTTP", "0::/system.slice/docker-"+docker+".scope\n")
	add(4701, 1, "MistController", "0::/system.slice/docker-"+docker+".scope\n")
	add(4801, 1, "pause", "0::/libpod-"+podman+".scope\n")
	w.write(filepath.Join(w.proc, "4701", "root", "etc", "hostname"), "mist-0\n")
	w.write(filepath.Join(w.proc, "4801", "environ"), "PATH=/bin\x00HOSTNAME=mist-0\x00")
	w.write(filepath.Join(root, "var/lib/docker/containers", docker, "config.v2.json"), `{"ID":"x","Name":"/media"}`)
	w.write(filepath.Join(root, "var/lib/containers/storage/overlay-containers/containers.json"), `[{"id":"`+podman+`","names":["side"]}]`)
	w.write(filepath.Join(root, "var/log/containers", "pod-1_default_app-"+podman+".log"), "")
	all := w.table().Containers()
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	for name, want := range map[string][]int{
		docker: {4701}, docker[:12]: {4701}, "a": {4701}, "a2": {4801}, "media": {4701}, "side": {4801}, "pod-1": {4801}, "pod-1/app": {4801},
		"mist-0": {4701}, // a pod of two, one of which runs MistServer
		"nosuch": nil, "": nil, "init.scope": nil,
	} {
		var got []int
		for _, c := range Find(all, name) {
			got = append(got, c.Main.PID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q is %v, want %v", name, got, want)
		}
	}
}
