package procs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// The most bytes of a text that are read. A process has its command line and its
// maps in its own hands, and a snapshot may hold anything.
const (
	maxText = 1 << 20
	maxMaps = 64 << 20
)

// errNotText is a file of a snapshot that is no regular file.
var errNotText = errors.New("not a regular file")

// text reads a file of a process, and no more of it than so many bytes. A FIFO that
// lies in a snapshot neither blocks the reader nor is read.
func (t *Table) text(most int, elements ...string) ([]byte, error) {
	path := filepath.Join(append([]string{t.procDir}, elements...)...)
	buffer := textBuffers.Get().(*[]byte)
	defer textBuffers.Put(buffer)
	err := t.readInto(buffer, path, most)
	return bytes.Clone(*buffer), err
}

// textBuffers are texts to read into: most are small, and read again and again.
var textBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 16<<10)
	return &b
}}

func (t *Table) readInto(buffer *[]byte, path string, most int) error {
	text, irregular, err := kernel.ReadText(path, most, *buffer)
	*buffer = text
	if irregular {
		return errNotText
	}
	return t.noteOfProcess(err)
}

// Text reads a file of a process, or of the table itself where the PID is 0, and no
// more of it than any that Linux makes has.
func (t *Table) Text(pid int, name string) ([]byte, error) {
	if pid == 0 {
		return t.text(maxMaps, name)
	}
	return t.text(maxMaps, strconv.Itoa(pid), name)
}

// PIDs lists the processes of the table, in order. Without a table there are none.
func (t *Table) PIDs() []int {
	pids, _ := t.pids()
	return pids
}

// Read reads what Linux says of a process, also of one that has ended and whose parent
// has not looked yet.
func (t *Table) Read(pid int) (Process, error) {
	text, err := t.ofProcess(pid, "stat")
	if err != nil {
		t.hides = t.hides || refused(err)
		return Process{}, err
	}
	p, err := parseStat(pid, text)
	if err == nil {
		args, err := t.ofProcess(pid, "cmdline") // some cannot be read
		t.hides = t.hides || refused(err)
		p.Args = parseArgs(args)
	}
	return p, err
}

// Ended reports whether the process has ended, and its parent has not looked yet.
func (p Process) Ended() bool { return p.State == "Z" || p.State == "X" }

// ofProcess reads a file of a process.
func (t *Table) ofProcess(pid int, elements ...string) ([]byte, error) {
	return t.text(maxText, append([]string{strconv.Itoa(pid)}, elements...)...)
}

// pids lists all processes of the table, in order.
func (t *Table) pids() ([]int, error) {
	entries, err := t.readDir(t.procDir)
	if err != nil {
		t.hides = true
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && pid > 0 && pid <= maxPID {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// errTorn is a text of a process that ends early, or says something else.
var errTorn = errors.New("not what Linux writes there")

// The fields of a stat line behind the name, counted from 0.
const (
	statState  = 0
	statParent = 1
	statStart  = 19
)

// parseStat reads a line such as "42 (name) S 1 …". A name may hold parentheses.
func parseStat(pid int, text []byte) (Process, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Process{}, errTorn
	}
	words := strings.Fields(string(text[end+1:]))
	if len(words) <= statParent || len(words[statState]) != 1 {
		return Process{}, errTorn
	}
	p := Process{PID: pid, Name: string(text[open+1 : end]), State: words[statState]}
	var err error
	if p.Parent, err = strconv.Atoi(words[statParent]); err != nil {
		return Process{}, errTorn
	}
	if len(words) > statStart {
		started, err := strconv.ParseUint(words[statStart], 10, 64)
		if err != nil {
			return Process{}, errTorn
		}
		p.Start = time.Duration(min(started, ticks)) * tick
	}
	return p, nil
}

// parseArgs reads a command line: words that each end with a zero byte.
func parseArgs(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte{0})), "\x00")
}

// mapLine is a file in the memory of a process.
type mapLine struct {
	start, end uint64
	writable   bool
	object     Object
	path       string
}

// parseMaps yields the files in the lines of maps, which look like
// "7f00-7f01 rw-s 00000000 00:19 42 PATH". Memory without a file is left out, and
// so is a line that says something else.
func parseMaps(text []byte) iter.Seq[mapLine] {
	return func(yield func(mapLine) bool) {
		for line := range bytes.Lines(text) {
			if bytes.IndexByte(line, '/') < 0 {
				continue
			}
			if m, ok := parseMap(strings.TrimSuffix(string(line), "\n")); ok && !yield(m) {
				return
			}
		}
	}
}

func parseMap(line string) (mapLine, bool) {
	at := strings.IndexByte(line, '/') // only numbers stand before it
	if at < 0 {
		return mapLine{}, false
	}
	var words [5]string
	rest := line[:at]
	for i := range words {
		words[i], rest, _ = strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	}
	if strings.TrimSpace(rest) != "" || words[4] == "" || len(words[1]) < 4 {
		return mapLine{}, false
	}
	m := mapLine{path: line[at:], writable: words[1][1] == 'w'}
	from, to, _ := strings.Cut(words[0], "-")
	major, minor, _ := strings.Cut(words[3], ":")
	var numbers [5]uint64
	for i, word := range [...]string{from, to, major, minor, words[4]} {
		base, bits := 16, 64
		switch i {
		case 2, 3:
			bits = 32
		case 4:
			base = 10
		}
		var err error
		if numbers[i], err = strconv.ParseUint(word, base, bits); err != nil {
			return mapLine{}, false
		}
	}
	m.start, m.end = numbers[0], numbers[1]
	m.object.Device = kernel.Device(uint32(numbers[2]), uint32(numbers[3]))
	m.object.Inode = numbers[4]
	return m, m.object.Inode != 0
}

// maps returns the files in the memory of a process.
func (t *Table) maps(pid int) (all []mapLine, err error) {
	err = t.eachOf(pid, func(m mapLine) { all = append(all, m) })
	return all, err
}

// eachOf runs fn on the files in the memory of a process.
func (t *Table) eachOf(pid int, fn func(m mapLine)) error {
	buffer := textBuffers.Get().(*[]byte)
	defer textBuffers.Put(buffer)
	if err := t.readInto(buffer, filepath.Join(t.procDir, strconv.Itoa(pid), "maps"), maxMaps); err != nil {
		return err
	}
	for m := range parseMaps(*buffer) {
		fn(m)
	}
	return nil
}

// spacePIDs returns the PIDs that a process has in the PID namespaces from that of the
// table down to its own: the line "NSpid: 4711 7" of its status.
func (t *Table) spacePIDs(pid int) []int {
	if t.inHome(pid) {
		return []int{pid}
	}
	text, _ := t.ofProcess(pid, "status") // without one, nothing is known
	_, line, _ := strings.Cut("\n"+string(text), "\nNSpid:")
	line, _, _ = strings.Cut(line, "\n")
	var pids []int
	for _, word := range strings.Fields(line) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil
		}
		pids = append(pids, n)
	}
	return pids
}

// inHome reports whether a process is seen to be in the PID namespace of the table, which
// takes less than to read its status. False says nothing.
func (t *Table) inHome(pid int) bool {
	ours := t.homeSpace()
	return ours != "" && t.spaceLink(strconv.Itoa(pid)) == ours
}

// spaceLink returns the name of the PID namespace of a process; "" where it cannot be seen.
func (t *Table) spaceLink(process string) string {
	link, _ := os.Readlink(filepath.Join(t.procDir, process, "ns", "pid")) // without one, nothing is known
	return link
}

// isGone reports whether a process or thread has ended since it was listed.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// threadStates returns the states of the threads of a process.
func (t *Table) threadStates(pid int) ([]string, error) {
	tasks := filepath.Join(t.procDir, strconv.Itoa(pid), "task")
	threads, err := t.readDir(tasks)
	if err != nil {
		return nil, err
	}
	var states []string
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		text, err := t.ofProcess(pid, "task", thread.Name(), "stat")
		if isGone(err) && t.Live() {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("thread %d: %w", id, err)
		}
		p, err := parseStat(id, text)
		if err != nil {
			return nil, err
		}
		states = append(states, p.State)
	}
	return states, nil
}
