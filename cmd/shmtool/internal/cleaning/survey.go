package cleaning

import (
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/sparse"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// file is one object as a look has found it.
type file struct {
	name      string
	is        mist.Object
	sim       string // of a simulation's own files: its ID
	identity  relaccx.Identity
	size      int64
	allocated int64
	times     []time.Time // when it was written, changed, and made
	mark      mark
	owner     uint32
	mode      uint32
	fault     string // why it is not what its name says; "" when it is
	hidden    bool   // a clean that was interrupted has moved it aside
}

// mark is what two looks at an object that does not move have in common: times
// alone do not tell, for writing through a mapping changes none of them on tmpfs.
type mark struct {
	identity        relaccx.Identity
	size, allocated int64
	touched         int64
	sum             uint64
}

// survey is one look at everything that matters.
type survey struct {
	files     []*file
	moment    *streams.Moment
	table     *procs.Table
	holdings  *procs.Holdings
	manifests []simulate.Manifest
	device    uint64 // of the directory
	tmpfs     bool   // which maps and stat name alike
	self      bool   // the files that this process has open are those that it is about to remove
}

// users returns the processes that have an object and do more than look at it.
func (s *survey) users(f *file) []procs.Holder {
	return slices.DeleteFunc(slices.Clone(s.holdings.Of(f.identity, f.name)), func(h procs.Holder) bool {
		return s.self && h.PID == os.Getpid() || s.table.LooksOn(h)
	})
}

// look takes a survey of what is wanted. Processes are looked at last: who has
// taken something up since the directory was read is seen there.
func (o *Options) look(want func(f *file) bool) (*survey, error) {
	entries, err := os.ReadDir(o.ShmDir)
	if err != nil {
		return nil, err
	}
	s := &survey{table: procs.Open(o.ProcDir, o.ShmDir)}
	st, errDir := kernel.StatPath(o.ShmDir)
	system, errSystem := kernel.StatFS(o.ShmDir)
	if errDir == nil && errSystem == nil {
		s.device, s.tmpfs = st.Dev, system.Type == kernel.TmpFS
	}
	wanted := map[string]bool{}
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if !ok || !want(f) {
			continue
		}
		there, err := f.stat(o.ShmDir)
		if err != nil { // it may be what shows that its stream lives
			return nil, err
		}
		if !there {
			continue
		}
		f.read(o.ShmDir)
		wanted[f.is.Stream] = true
		s.files = append(s.files, f)
	}
	if s.manifests, err = simulate.Manifests(o.ShmDir); err != nil {
		return nil, err
	}
	s.moment, err = streams.Look(o.ShmDir, s.table, func(stream string) bool { return wanted[stream] })
	if err != nil {
		return nil, err
	}
	s.holdings = s.table.Holdings(interesting)
	if err := s.table.Unread(); err != nil { // it may be what shows that a process uses an object
		return nil, fmt.Errorf("cannot read the processes: %w", err)
	}
	return s, nil
}

// hiddenPrefix begins the name that an object has while it is being removed.
const hiddenPrefix = ".cleaning-"

// named tells by its name whether a file may be one to clean.
func named(name string) (*file, bool) {
	f := &file{name: name}
	if id, ok := simulate.ManifestID(name); ok {
		f.sim = id
		return f, true
	}
	var ok bool
	name, f.hidden = strings.CutPrefix(name, hiddenPrefix)
	f.is, ok = mist.ParseName(name)
	return f, ok
}

func interesting(name string) bool {
	_, ok := named(name)
	return ok
}

// stat takes what the directory says; false when there is no such regular file.
func (f *file) stat(dir string) (there bool, err error) {
	info, err := os.Lstat(filepath.Join(dir, f.name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, nil
	}
	st, ok := kernel.StatOf(info)
	if !ok {
		return false, nil
	}
	f.take(st, info.ModTime())
	f.times = append(f.times, procs.Born(dir, info))
	return true, nil
}

func (f *file) take(st kernel.Stat, modified time.Time) {
	f.identity = relaccx.Identity{Device: st.Dev, Inode: st.Ino}
	f.size, f.allocated = st.Size, st.Allocated
	f.owner, f.mode = st.UID, st.Mode
	f.times = []time.Time{modified, st.Changed}
}

// touched returns the newest of the object's times.
func (f *file) touched() time.Time { return slices.MaxFunc(f.times, time.Time.Compare) }

// open opens the object to look at it. Not blocking: neither a FIFO nor the
// lease of another clean must hang us.
func (f *file) open(dir string) (*os.File, error) {
	return objectfile.Open(filepath.Join(dir, f.name))
}

// read takes the mark, and looks whether the object is what its name says.
func (f *file) read(dir string) {
	r, err := f.open(dir)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		f.fault = isRemoved
		return
	case err != nil:
		f.fault = "it cannot be read: " + cause.Of(err).Error()
		return
	}
	defer r.Close()
	if f.mark, err = f.marked(r); err != nil {
		f.fault = "it cannot be read: " + cause.Of(err).Error()
		return
	}
	if f.sim == "" {
		f.fault = f.form(r, filepath.Join(dir, f.name))
	}
}

// sumLimit is the most bytes of an object that are read for its mark. The bytes after
// them move no counter.
const sumLimit = 8 << 20

// marked takes the mark of an open object: of what moves, all memory that it has.
// A page of packets grows, and its track's counters tell of it.
func (f *file) marked(r *os.File) (mark, error) {
	info, err := r.Stat()
	if err != nil {
		return mark{}, err
	}
	st, ok := kernel.StatOf(info)
	if !ok {
		return mark{}, errors.ErrUnsupported
	}
	at := *f
	at.take(st, info.ModTime())
	m := mark{identity: at.identity, size: at.size, allocated: at.allocated, touched: at.touched().UnixNano()}
	limit := int64(sumLimit)
	if f.is.Kind == mist.KindData {
		limit = 4096
	}
	sum, err := sumMemory(r, min(limit, at.size))
	m.sum = sum
	return m, err
}

const sumChunk = 32 << 10

// sumBuffers are used again: a server has thousands of objects.
var sumBuffers = sync.Pool{New: func() any { return new([sumChunk]byte) }}

// sumMemory returns a sum over the first bytes of a file, its holes left out: to read
// one through a mapping would fill it.
func sumMemory(r *os.File, size int64) (uint64, error) {
	hash := crc64.New(crc64.MakeTable(crc64.ECMA))
	buffer := sumBuffers.Get().(*[sumChunk]byte)
	defer sumBuffers.Put(buffer)
	for start, end := range sparse.Parts(r, 0, size) {
		fmt.Fprintf(hash, "%d-%d:", start, end)
		if _, err := io.CopyBuffer(hash, io.NewSectionReader(r, start, end-start), buffer[:]); err != nil {
			return 0, err
		}
	}
	return hash.Sum64(), nil
}

// age returns how long ago an object was last touched, at the least: the wall clock may have
// been set since, and the machine may have slept.
func (s *survey) age(f *file) time.Duration {
	if !s.moment.Living {
		return max(0, time.Unix(0, s.moment.Clock.Now).Sub(f.touched()))
	}
	now := time.Now()
	least := time.Duration(math.MaxInt64)
	for _, at := range f.times {
		age, known := s.moment.AwakeSince(at)
		if !known {
			age = max(0, now.Sub(at))
		}
		least = min(least, age)
	}
	return least
}
