package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// The flags that name another place than this machine's own.
const (
	pidFlag       = "pid"
	containerFlag = "container"
)

// place finds the directories of shared memory and of processes.
func (e *env) place(c *cli.Context, cmd *command) error {
	e.shmDir = firstOf(c.String("shm-dir"), e.getenv(shmDirVariable), relaccx.ShmDir)
	e.procDir = firstOf(c.String("proc-dir"), e.getenv(procDirVariable), "/proc")
	if err := e.openMoment(c, cmd); err != nil || e.moment != nil {
		return err
	}
	if c.IsSet("proc-dir") {
		if info, err := os.Stat(e.procDir); err != nil || !info.IsDir() {
			if err == nil {
				err = errors.New("it is no directory")
			}
			return fail.Hinted(fmt.Errorf("process directory %q: %w", e.procDir, fail.Bare(err)), "--proc-dir names another")
		}
	}
	defer func() { e.notePlace(c) }()
	switch {
	case !c.IsSet(pidFlag) && !c.IsSet(containerFlag):
		return nil
	case c.IsSet(pidFlag) && c.IsSet(containerFlag):
		return fail.Usagef("--pid and --container each name a place; give one of them")
	case c.IsSet("shm-dir"):
		return fail.Usagef("--pid and --container name the shared memory, and so does --shm-dir: they cannot be combined")
	case cmd.writes && !cmd.lists:
		return fail.Usagef("--pid and --container are for commands that read; %s writes", cmd.name)
	case c.IsSet(pidFlag):
		return e.placeOf(c.Int(pidFlag))
	}
	main, err := e.container(c.String(containerFlag))
	if err != nil {
		return err
	}
	return e.placeOf(main.PID)
}

// notePlace notes the flags by which any command, also one that writes, comes to the
// place that flags have named. Environment variables stay set.
func (e *env) notePlace(c *cli.Context) {
	if c.IsSet("shm-dir") || c.IsSet(pidFlag) || c.IsSet(containerFlag) {
		e.placeFlags += " --shm-dir " + safe.Word(e.shmDir)
	}
	if c.IsSet("proc-dir") {
		e.placeFlags += " --proc-dir " + safe.Word(e.procDir)
	}
}

// ownCommand begins the remedies that are shmtool's own commands, with what they name
// besides a place, in the PID namespace of the processes.
var ownCommand = regexp.MustCompile(`^(?:nsenter -t \d+ -p )?shmtool (clean|dump|rm|check|set|ls)\b`)

// leadHere gives the remedies the flags of the place that was looked at.
func (e *env) leadHere(found []finding.Finding) {
	for i := range found {
		if at := ownCommand.FindStringIndex(found[i].Remedy); at != nil {
			found[i].Remedy = found[i].Remedy[:at[1]] + e.placeFlags + found[i].Remedy[at[1]:]
		}
	}
}

// placeOf looks at the shared memory that a process sees. The PIDs in it are those of
// the namespace of that process, as procs.Table.Through has it.
func (e *env) placeOf(pid int) error {
	table := procs.Open(e.procDir, e.shmDir)
	if _, life := table.Look(pid); life == procs.Dead {
		return fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no process %d in %s", pid, e.procDir)), "ps -e lists the processes; --container takes a container's name")
	}
	dir := filepath.Join(e.procDir, strconv.Itoa(pid), "root", relaccx.ShmDir)
	_, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fail.Hinted(fmt.Errorf("shared memory of process %d: %w", pid, fail.Bare(err)), "run as root, or as the user of that process")
	case err != nil:
		return fmt.Errorf("shared memory of process %d: %w", pid, fail.Bare(err))
	}
	e.shmDir = dir
	return nil
}

// container finds the first process of a container.
func (e *env) container(name string) (procs.Process, error) {
	all := procs.Open(e.procDir, e.shmDir).Containers()
	found := procs.Find(all, name)
	switch {
	case len(found) == 1:
		return found[0].Main, nil
	case len(found) > 1:
		return procs.Process{}, fail.Hinted(fail.Usagef("%q is %d containers: %s", name, len(found), containerList(found)), "give the ID of one of them")
	case len(all) == 0:
		return procs.Process{}, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no container %q: no process in %s shows that it is in one", name, e.procDir)), "--pid takes any process of it")
	}
	return procs.Process{}, fail.Hinted(fail.Worded(fs.ErrNotExist, fmt.Sprintf("no container %q", name)), "these run: "+containerList(all))
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
