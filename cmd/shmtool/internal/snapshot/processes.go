package snapshot

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// process is one of the table, in the texts that /proc has of it.
type process struct {
	pid, parent int
	ofMist      bool
	ended       bool              // a zombie
	texts       map[string][]byte // by file
	maps        []byte            // the lines of objects alone
	unreadable  bool              // its maps could not be read
	spaces      procs.Namespaces
	knownSpaces bool
}

// processFiles are saved as they are. The environment is none of them.
var processFiles = []string{"stat", "comm", "cmdline", "status"}

// lookAtProcesses reads all processes but our own.
func (c *capture) lookAtProcesses() map[int]*process {
	found := map[int]*process{}
	shm := c.shmMaps()
	for _, pid := range c.table.PIDs() {
		if pid == os.Getpid() && c.table.Live() {
			continue
		}
		if read := c.readProcess(pid, shm); read != nil {
			found[pid] = read
		}
	}
	return found
}

// readProcess returns nil where a process has ended, or cannot be seen.
func (c *capture) readProcess(pid int, shm shmMaps) *process {
	from, err := c.table.Read(pid)
	if err != nil {
		return nil
	}
	p := &process{pid: pid, parent: from.Parent, texts: map[string][]byte{}}
	p.ofMist = from.OfMist()
	p.ended = from.Ended()
	p.spaces, p.knownSpaces = c.table.Namespaces(pid)
	for _, name := range processFiles {
		if text, err := c.table.Text(pid, name); err == nil {
			p.texts[name] = text
		}
	}
	maps, err := c.table.Text(pid, "maps")
	p.unreadable = os.IsPermission(err) || err != nil && !c.table.Live() // it was not saved
	var semaphore, foreign bool
	p.maps, semaphore, foreign = shm.of(maps)
	// The copies are other files than those that the maps of another machine name.
	p.unreadable = p.unreadable || foreign
	if semaphore {
		c.readThreads(p)
	}
	return p
}

// readThreads reads what system call each thread of a process is in: by that a
// waiter for a semaphore is told from its holder.
func (c *capture) readThreads(p *process) {
	threads, err := os.ReadDir(c.inProc(p.pid, "task"))
	if err != nil {
		return
	}
	for _, thread := range threads {
		name := filepath.Join("task", thread.Name(), "syscall")
		if text, err := c.table.Text(p.pid, name); err == nil {
			p.texts[name] = text
		}
	}
}

func (c *capture) inProc(pid int, name string) string {
	return filepath.Join(c.ProcDir, strconv.Itoa(pid), name)
}

// shmMaps tells the lines of maps that are of shared memory objects.
type shmMaps struct {
	folder  string // with a slash
	device  string // as a line has it, where nothing else is on it; else ""
	objects map[string]bool
	cut     bool // they were when they were saved: there are no other lines
	foreign bool // of another machine, without a moment.json: only the path tells
}

// shmMaps looks by what to tell them: by the path and, where the directory is a
// file system of its own, by the device, whatever a container calls the path.
func (c *capture) shmMaps() shmMaps {
	m := shmMaps{folder: procs.KnownAs(c.ShmDir) + "/", objects: map[string]bool{}, cut: c.table.Saved() != nil}
	m.foreign = !m.cut && !c.table.Live()
	system, err := kernel.StatFS(c.ShmDir)
	if st, errDir := kernel.StatPath(c.ShmDir); err == nil && errDir == nil && system.Type == kernel.TmpFS {
		m.device = deviceText(st.Dev)
		return m // which all objects have
	}
	if there, err := c.thereNow(); err == nil {
		for _, o := range there {
			m.objects[deviceText(o.saved.Device)+" "+strconv.FormatUint(o.saved.Inode, 10)] = true
		}
	}
	return m
}

// deviceText returns a device as maps have it.
func deviceText(device uint64) string {
	return fmt.Sprintf("%02x:%02x", kernel.Major(device), kernel.Minor(device))
}

// of returns the lines of objects, also of those that have lost their names. It
// reports whether a semaphore is among them, and whether a line names a file of
// another machine.
func (m shmMaps) of(maps []byte) (lines []byte, semaphore, foreign bool) {
	for line := range bytes.Lines(maps) {
		device, inode, path := mapped(line)
		if path == "" {
			continue
		}
		ours := m.cut || string(device) == m.device || strings.HasPrefix(path, m.folder) || m.objects[string(device)+" "+string(inode)]
		if !ours && !(m.foreign && strings.HasPrefix(path, relaccx.ShmDir+"/")) {
			continue
		}
		foreign = foreign || !ours
		lines = append(lines, line...)
		is, _ := mist.ParseName(filepath.Base(strings.TrimSuffix(path, " (deleted)")))
		// Who has made a semaphore maps it by the name that it had in the making.
		semaphore = semaphore || is.Kind == mist.KindSemaphore || is.Kind == mist.KindTemporary
	}
	return lines, semaphore, foreign
}

// mapped returns the device, the inode and the path of a line of maps. A line without a path
// is of memory that is no file.
func mapped(line []byte) (device, inode []byte, path string) {
	var words [5][]byte // addresses, permissions, offset, device, inode
	rest := bytes.TrimSpace(line)
	for i := range words {
		word, behind, found := bytes.Cut(rest, []byte(" "))
		if !found {
			return nil, nil, ""
		}
		words[i], rest = word, bytes.TrimLeft(behind, " ")
	}
	return words[3], words[4], string(rest)
}

// saveProcesses saves those that have to do with the objects: MistServer's and
// ours, who has an object in memory or a lock on it, whose PID stands in one, and
// their parents; and what MistServer's have started, such as the handler of a trigger.
// One that has ended while objects were copied is saved as it was before.
func (c *capture) saveProcesses(before map[int]*process) error {
	all := c.lookAtProcesses()
	for pid, p := range before {
		if now := all[pid]; now == nil || now.ended {
			all[pid] = p
		}
	}
	locks, holders := c.locks()
	named := c.named
	c.saved.Processes.Unreadable = c.unreadableThen(all)
	for pid := range holders {
		named[pid] = true
	}
	wanted := map[int]bool{}
	for pid, p := range all {
		parent := all[p.parent]
		if p.ofMist || len(p.maps) > 0 || named[pid] || parent != nil && parent.ofMist {
			wanted[pid], wanted[p.parent] = true, true
		}
		if p.unreadable {
			c.saved.Processes.Unreadable = append(c.saved.Processes.Unreadable, pid)
		}
	}
	c.saved.Processes.Namespaces = map[int]procs.Namespaces{}
	for _, pid := range slices.Sorted(maps.Keys(wanted)) {
		if p := all[pid]; p != nil {
			if err := c.saveProcess(p); err != nil {
				return err
			}
			c.saved.Processes.Saved++
			if p.knownSpaces {
				c.saved.Processes.Namespaces[pid] = p.spaces
			}
		}
	}
	c.noteUnseen(named, all)
	return c.saveRest(locks)
}

// unreadableThen returns the processes that could not be looked into when the moment
// was saved that is saved again, and were not saved.
func (c *capture) unreadableThen(all map[int]*process) []int {
	var pids []int
	if s := c.table.Saved(); s != nil {
		for _, pid := range s.Processes.Unreadable {
			if all[pid] == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// noteUnseen notes what is known of PIDs in objects that no process could be read
// of.
func (c *capture) noteUnseen(named map[int]bool, all map[int]*process) {
	s := &c.saved.Processes
	s.Unreadable, s.Alive, s.Unknown = append([]int{}, s.Unreadable...), []int{}, []int{}
	for pid := range named {
		if all[pid] != nil || pid == os.Getpid() {
			continue
		}
		switch _, life := c.table.Look(pid); life {
		case procs.Alive:
			s.Alive = append(s.Alive, pid)
		case procs.Unknown:
			s.Unknown = append(s.Unknown, pid)
		}
	}
	s.Foreign = c.foreign()
	slices.Sort(s.Unreadable)
	slices.Sort(s.Alive)
	slices.Sort(s.Unknown)
}

// foreign returns the streams whose processes could not be seen from here.
func (c *capture) foreign() []string {
	seen := map[string]bool{}
	for _, o := range c.objects {
		if _, asked := seen[o.is.Stream]; !asked && o.known {
			seen[o.is.Stream] = c.table.Foreign(o.is.Stream)
		}
	}
	var streams []string
	for stream, is := range seen {
		if is {
			streams = append(streams, stream)
		}
	}
	slices.Sort(streams)
	return streams
}

func (c *capture) saveProcess(p *process) error {
	if !p.unreadable || len(p.maps) > 0 {
		p.texts["maps"] = p.maps
	}
	for _, name := range slices.Sorted(maps.Keys(p.texts)) {
		text := p.texts[name]
		if err := c.to.text(filepath.Join(procFolder, strconv.Itoa(p.pid), name), text); err != nil {
			return err
		}
	}
	return nil
}

// saveRest saves what belongs to no process.
func (c *capture) saveRest(locks []byte) error {
	uptime, err := c.table.Text(0, "uptime")
	if err != nil {
		uptime = fmt.Appendf(nil, "%.2f 0.00\n", c.saved.Uptime.Seconds())
	}
	if err := c.to.text(filepath.Join(procFolder, "uptime"), uptime); err != nil {
		return err
	}
	return c.to.text(filepath.Join(procFolder, "locks"), locks)
}

// locks returns the lines of /proc/locks about saved objects, and who holds them.
func (c *capture) locks() (lines []byte, holders map[int]bool) {
	text, _ := c.table.Text(0, "locks")
	ours := map[procs.Object]bool{}
	for _, o := range c.objects {
		ours[procs.Object{Device: o.saved.Device, Inode: o.saved.Inode}] = o.kept
	}
	holders = map[int]bool{}
	for line := range bytes.Lines(text) {
		for object, pid := range relaccx.LockHolders(bytes.NewReader(line)) {
			if ours[object] {
				lines = append(lines, line...)
				holders[pid] = true
			}
		}
	}
	return lines, holders
}

func timeOf(c mist.Clock) time.Time { return time.Unix(0, c.Now).UTC() }

func (c *capture) kernelText(name string) string {
	text, _ := os.ReadFile(filepath.Join(c.ProcDir, "sys/kernel", name))
	return strings.TrimSpace(string(text))
}
