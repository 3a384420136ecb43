package procs

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Saved is what moment.json says of a saved moment: what its copies of objects
// and of /proc cannot tell by themselves. Its JSON keys are a contract. A moment
// that was made by hand has none of it.
type Saved struct {
	Schema    string         `json:"schema"`
	Time      time.Time      `json:"time"`      // zero: not known
	Uptime    time.Duration  `json:"uptime_ns"` // by the clock that MistServer counts by
	BootID    string         `json:"boot_id"`
	Kernel    string         `json:"kernel"`
	Machine   string         `json:"machine"` // its name
	Version   string         `json:"shmtool_version"`
	ShmDir    string         `json:"shm_dir"`            // as its processes call it
	Stream    string         `json:"stream,omitempty"`   // the only one that was saved
	Streams   []string       `json:"streams,omitempty"`  // those that were saved, where they are several
	Space     *Space         `json:"statfs"`             // null: not known
	Processes SavedProcesses `json:"processes"`          //
	Partial   bool           `json:"partial,omitempty"`  // made of copies of objects alone, maybe not of all
	Redacted  bool           `json:"redacted,omitempty"` // what is private was replaced
	Unsettled []string       `json:"unsettled"`          // streams that were changing all the time
	Objects   []SavedObject  `json:"objects"`            //
	Unread    []SavedObject  `json:"unread"`             // objects that are not in the copy: what was wrong is in their Problem
	Others    []SavedObject  `json:"others"`             // objects of other programs, which are not copied
}

// SavedSchema is the Schema of what is understood here.
const SavedSchema = "shmtool.moment/1"

// SavedFile is the file, beside the folders of objects and processes.
const SavedFile = "moment.json"

// maxSaved is the most bytes of it that are read.
const maxSaved = 256 << 20

// SavedProcesses are what could be seen of the processes, and what could not.
type SavedProcesses struct {
	Saved      int   `json:"saved"`
	Hiding     bool  `json:"hiding"`          // there may be others, which could not be seen
	Unreadable []int `json:"maps_unreadable"` // PIDs whose mappings are unknown
	Alive      []int `json:"alive"`           // PIDs in objects of which only that was seen
	Unknown    []int `json:"unknown"`         // PIDs in objects of which not even that

	// Foreign are the streams that were used by processes of another PID namespace, which
	// could not be seen; "" are the objects that belong to no stream.
	Foreign []string `json:"foreign,omitempty"`

	Namespaces map[int]Namespaces `json:"namespaces,omitempty"` // by PID; not of snapshots of before
}

// Namespaces are those of a process, as the links in /proc/PID/ns name them:
// "pid:[4026531836]". One that is not known is "".
type Namespaces struct {
	PID   string `json:"pid,omitempty"`
	IPC   string `json:"ipc,omitempty"`
	Mount string `json:"mnt,omitempty"`
}

// Namespaces returns the namespaces of a process; false where none is known.
func (t *Table) Namespaces(pid int) (n Namespaces, ok bool) {
	if s := t.saved(); s != nil {
		n, ok = s.Processes.Namespaces[pid]
		return n, ok
	}
	dir := filepath.Join(t.procDir, strconv.Itoa(pid), "ns")
	for name, to := range map[string]*string{"pid": &n.PID, "ipc": &n.IPC, "mnt": &n.Mount} {
		if link, err := t.readLink(filepath.Join(dir, name)); err == nil {
			*to = link
		}
	}
	return n, n != Namespaces{}
}

// SavedObject is an object as it was.
type SavedObject struct {
	Name      SavedName   `json:"name"`
	Device    uint64      `json:"device"`
	Inode     uint64      `json:"inode"`
	Size      int64       `json:"size"`
	Allocated int64       `json:"allocated"`
	Mode      fs.FileMode `json:"mode"` // permissions alone
	UID       uint32      `json:"uid"`
	GID       uint32      `json:"gid"`
	Modified  time.Time   `json:"modified"`
	Born      time.Time   `json:"born"`
	Problem   string      `json:"problem,omitempty"` // why it is no copy of what was there at one time, or none at all
}

// SavedName is an object's name. In JSON it is a string, or {"hex":"…"} where it is
// not UTF-8.
type SavedName string

type hexName struct {
	Hex string `json:"hex"`
}

// MarshalJSON returns the name in JSON.
func (n SavedName) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	return json.Marshal(hexName{hex.EncodeToString([]byte(n))})
}

// UnmarshalJSON reads what MarshalJSON gives.
func (n *SavedName) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err == nil {
		*n = SavedName(text)
		return nil
	}
	var coded hexName
	if err := json.Unmarshal(b, &coded); err != nil {
		return err
	}
	raw, err := hex.DecodeString(coded.Hex)
	*n = SavedName(raw)
	return err
}

// Space is how full a file system is.
type Space struct {
	Size      uint64 `json:"size"`  // bytes
	Free      uint64 `json:"free"`  // bytes, for all users
	Files     uint64 `json:"files"` // that it has room for; 0 where it does not count them
	FreeFiles uint64 `json:"free_files"`
}

// ReadSaved reads the moment.json of a folder. A folder without one is no error.
func ReadSaved(dir string) (*Saved, error) {
	f, err := kernel.OpenFile(filepath.Join(dir, SavedFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &Saved{}
	if err := json.NewDecoder(io.LimitReader(f, maxSaved)).Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", SavedFile, err)
	}
	if s.Schema != SavedSchema {
		return nil, fmt.Errorf("%s: schema %q is not %q", SavedFile, s.Schema, SavedSchema)
	}
	slices.SortFunc(s.Objects, func(a, b SavedObject) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return s, nil
}

// Unnamed is the Problem of an object that a snapshot has, and that could not be unpacked
// on this system.
const Unnamed = "this system takes no file of that name"

// Write puts it into a folder.
func (s *Saved) Write(dir string) error {
	text, err := s.Text()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, SavedFile), text, 0o600)
}

// Text returns what Write puts into SavedFile.
func (s *Saved) Text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", " ")
	return append(text, '\n'), err
}

// Saved returns what is known of the moment that the table is of, where that was saved
// with it: the folders of processes and of objects lie beside a moment.json. It
// is nil otherwise.
func (t *Table) Saved() *Saved { return t.saved() }

func readSaved(procDir, shmDir string) (*Saved, error) {
	dir := filepath.Dir(filepath.Clean(procDir))
	if filepath.Dir(filepath.Clean(shmDir)) != dir {
		return nil, nil
	}
	return ReadSaved(dir)
}

// object returns what was saved of an object; nil where nothing was.
func (t *Table) object(name string) *SavedObject {
	s := t.saved()
	if s == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(s.Objects, name, func(o SavedObject, name string) int { return strings.Compare(string(o.Name), name) })
	if !found {
		return nil
	}
	return &s.Objects[i]
}

// File identifies an object of shared memory, and says how much it takes. For one in a
// snapshot those are the original's, not the copy's.
type File struct {
	Identity  Object
	Allocated int64       // bytes of memory
	Mode      fs.FileMode // with its type
	UID, GID  uint32
	Modified  time.Time
}

// File returns what is known of a file of the shared memory directory.
func (t *Table) File(info fs.FileInfo) File {
	f := File{Mode: info.Mode(), Modified: info.ModTime()}
	f.Identity.Device, f.Identity.Inode = kernel.Identity(info)
	if st, ok := kernel.StatOf(info); ok {
		f.Allocated, f.UID, f.GID = st.Allocated, st.UID, st.GID
	}
	if o := t.object(info.Name()); o != nil {
		f.Identity = Object{Device: o.Device, Inode: o.Inode}
		f.Allocated, f.UID, f.GID, f.Modified = o.Allocated, o.UID, o.GID, o.Modified
		f.Mode = f.Mode.Type() | o.Mode.Perm()
	}
	t.stats.Store(info.Name(), f.Identity)
	return f
}

// Identity returns the object of that name as the table knows it: in a saved moment
// the maps of processes name other inodes than the copies have.
func (t *Table) Identity(name string, is Object) Object {
	if o := t.object(name); o != nil {
		return Object{Device: o.Device, Inode: o.Inode}
	}
	return is
}

// Born returns when a file of the shared memory directory was made.
func (t *Table) Born(info fs.FileInfo) time.Time {
	if o := t.object(info.Name()); o != nil {
		return o.Born
	}
	return Born(t.shmDir, info)
}

// Space returns how full the file system of the shared memory is. A snapshot knows it
// only if it was also saved.
func (t *Table) Space() (Space, bool) {
	if s := t.saved(); s != nil && s.Space != nil {
		return *s.Space, true
	}
	st, err := kernel.StatFS(t.shmDir)
	if err != nil || !t.Live() {
		return Space{}, false
	}
	size := uint64(st.Fragment)
	return Space{Size: st.Blocks * size, Free: st.Available * size, Files: st.Files, FreeFiles: st.FreeFiles}, true
}

// MapsKnown reports whether it is known what processes map: not in a moment that
// was saved without that.
func (t *Table) MapsKnown() bool { return t.ok && (t.Live() || t.saved() != nil) }

// life reports whether a process that was not saved lived. The user who saved the
// moment has looked for every PID that stands in an object.
func (s *Saved) life(pid int) Life {
	switch {
	case slices.Contains(s.Processes.Alive, pid):
		return Alive
	case slices.Contains(s.Processes.Unknown, pid):
		return Unknown
	}
	return Dead
}
