package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// The flags that name another place than this machine's own.
const (
	pidFlag       = "pid"
	containerFlag = "container"
)

// place finds the directories of shared memory and of processes.
func place(w *world.World, c *urfave.Context, cmd *Command) error {
	w.ShmDir, w.ProcDir = Directories(c.String("shm-dir"), c.String("proc-dir"), w.Getenv)
	if c.IsSet("proc-dir") {
		if info, err := os.Stat(w.ProcDir); err != nil || !info.IsDir() {
			if err == nil {
				err = errors.New("not a directory")
			}
			return fail.Hinted(fmt.Errorf("process directory %q: %w", w.ProcDir, fail.Bare(err)), "use --proc-dir to name another")
		}
	}
	defer func() { notePlace(w, c) }()
	switch {
	case !c.IsSet(pidFlag) && !c.IsSet(containerFlag):
		return nil
	case c.IsSet(pidFlag) && c.IsSet(containerFlag):
		return fail.Usagef("specify at most one of --pid and --container")
	case c.IsSet("shm-dir"):
		return fail.Usagef("--shm-dir cannot be combined with --pid or --container")
	case cmd.Access == Writes:
		return fail.Usagef("%s writes: --pid and --container are for commands that read", cmd.Name)
	case c.IsSet(pidFlag):
		return placeOf(w, c.Int(pidFlag))
	}
	main, err := container(w, c.String(containerFlag))
	if err != nil {
		return err
	}
	return placeOf(w, main.PID)
}

// notePlace notes the flags by which any command, also one that writes, comes to the
// place that flags have named. Environment variables stay set.
func notePlace(w *world.World, c *urfave.Context) {
	if c.IsSet("shm-dir") || c.IsSet(pidFlag) || c.IsSet(containerFlag) {
		w.PlaceFlags += " --shm-dir " + safe.Word(w.ShmDir)
	}
	if c.IsSet("proc-dir") {
		w.PlaceFlags += " --proc-dir " + safe.Word(w.ProcDir)
	}
}

// placeOf looks at the shared memory that a process sees. The PIDs in it are those of
// the namespace of that process, as procs.Table.Through has it.
func placeOf(w *world.World, pid int) error {
	table := procs.Open(w.ProcDir, w.ShmDir)
	if _, life := table.Look(pid); life == procs.Dead {
		return fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no process %d in %s", pid, w.ProcDir)), "run ps -e to list processes, or use --container with the name of a container")
	}
	dir := filepath.Join(w.ProcDir, strconv.Itoa(pid), "root", relaccx.ShmDir)
	_, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fail.Hinted(fmt.Errorf("shared memory of process %d: %w", pid, fail.Bare(err)), "run as root, or as the user of that process")
	case err != nil:
		return fmt.Errorf("shared memory of process %d: %w", pid, fail.Bare(err))
	}
	w.ShmDir = dir
	return nil
}

// container finds the first process of a container.
func container(w *world.World, name string) (procs.Process, error) {
	all := procs.Open(w.ProcDir, w.ShmDir).Containers()
	found := procs.Find(all, name)
	switch {
	case len(found) == 1:
		return found[0].Main, nil
	case len(found) > 1:
		return procs.Process{}, fail.Hinted(fail.Usagef("%q is %d containers: %s", name, len(found), containerList(found)), "use the ID of one of them")
	case len(all) == 0:
		return procs.Process{}, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no container %q: no process in %s shows that it is in one", name, w.ProcDir)), "use --pid with any process of it")
	}
	return procs.Process{}, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no container %q", name)), "use one of "+containerList(all))
}

// containerList names a few containers, by short ID and name.
func containerList(all []procs.Container) string {
	const few = 8
	var words []string
	for _, c := range all[:min(few, len(all))] {
		word := mist.EscapeName(c.ID[:min(12, len(c.ID))])
		if len(c.Names) > 0 {
			word += " (" + mist.EscapeName(strings.Join(c.Names, ", ")) + ")"
		}
		words = append(words, word)
	}
	if more := len(all) - few; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
