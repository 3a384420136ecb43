package redact

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// Folder makes the snapshot in a folder one that can be sent to a stranger, and changes
// what its moment.json says accordingly. The folder has a folder of objects and one of
// processes.
func Folder(ctx context.Context, shmDir, procDir string, s *procs.Saved) error {
	names, err := namesIn(shmDir)
	if err != nil {
		return err
	}
	f := &folder{ctx: ctx, Redactor: New(streamsOf(names)), shmDir: shmDir, procDir: procDir}
	f.learning = true
	if err := errors.Join(f.objects(names), f.processes()); err != nil {
		return err
	}
	f.learning = false
	f.secrets.sort()
	// An object may get the name that another one still has.
	f.made = filepath.Join(filepath.Dir(shmDir), "redacted")
	if err := os.Mkdir(f.made, 0o700); err != nil {
		return err
	}
	if err := errors.Join(f.objects(names), f.processes()); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(shmDir), os.Rename(f.made, shmDir)); err != nil {
		return err
	}
	f.saved(s)
	return s.Write(filepath.Dir(shmDir))
}

type folder struct {
	*Redactor
	ctx             context.Context
	shmDir, procDir string
	made            string // where the objects are made
}

func namesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

// streamsOf returns the streams of which there are objects, and their base names. A lock
// or an attempt alone may be of what only was asked for.
func streamsOf(names []string) []string {
	var all []string
	for _, name := range names {
		is, _ := mist.ParseName(name)
		switch is.Kind {
		case mist.KindMeta, mist.KindTrack, mist.KindConfig, mist.KindState, mist.KindUsers, mist.KindInputPID, mist.KindPullPID, mist.KindSemaphore, mist.KindAttempt, mist.KindData, mist.KindOld:
			if is.Stream != "" {
				all = append(all, is.Stream, mist.BaseName(is.Stream))
			}
		}
	}
	return all
}

// mostBytes is far more than an object of MistServer has. A larger one becomes blank: it may
// be larger than memory, with next to no bytes in it.
const mostBytes = 256 << 20

// objects replaces all objects, each by one of the same size and times.
func (f *folder) objects(names []string) error {
	for _, name := range names {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(f.shmDir, name)
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue // no object
		}
		if is, _ := mist.ParseName(name); f.learning && is.Kind == mist.KindData {
			continue // payloads are blank
		}
		var dst []byte
		if info.Size() <= mostBytes {
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			dst = f.Object(name, src)
		}
		if f.learning {
			continue
		}
		if err := errors.Join(os.Remove(path), f.write(filepath.Join(f.made, f.Name(name)), dst, info)); err != nil {
			return err
		}
	}
	return nil
}

// write writes an object, and leaves zeros as holes. Its size is that of the one like it,
// where b has fewer bytes.
func (f *folder) write(path string, b []byte, like fs.FileInfo) (err error) {
	const block = 4096
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close(), os.Chtimes(path, like.ModTime(), like.ModTime())) }()
	if err := to.Truncate(max(int64(len(b)), like.Size())); err != nil {
		return err
	}
	zeros := make([]byte, block)
	for at := 0; at < len(b); at += block {
		part := b[at:min(at+block, len(b))]
		if bytes.Equal(part, zeros[:len(part)]) {
			continue
		}
		if _, err := to.WriteAt(part, int64(at)); err != nil {
			return err
		}
	}
	return nil
}

// processes replaces the texts of all processes, and the tables that are of none.
func (f *folder) processes() error {
	names, err := namesIn(f.procDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		path := filepath.Join(f.procDir, name)
		_, notPID := strconv.Atoi(name)
		switch {
		case notPID == nil:
			err = errors.Join(err, f.processIn(path))
		case f.learning:
		case name == "uptime" || name == "locks":
			err = errors.Join(err, change(path, figures))
		default:
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// change replaces a text by what is made of it.
func change(path string, made func([]byte) []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, made(text), 0o600)
}

// processIn replaces the texts of the process in a folder.
func (f *folder) processIn(dir string) error {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		return err
	}
	made := f.process(files)
	if f.learning {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	err = os.MkdirAll(dir, 0o700)
	for name, text := range made {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700))
		err = errors.Join(err, os.WriteFile(path, text, 0o600))
	}
	return err
}

// saved replaces what moment.json says of the machine and of objects.
func (f *folder) saved(s *procs.Saved) {
	s.Redacted = true
	s.Machine = string(f.replacedAll([]byte(s.Machine)))
	s.BootID = string(f.replacedAll([]byte(s.BootID)))
	s.Kernel = string(figures([]byte(s.Kernel)))
	s.Version = string(figures([]byte(s.Version)))
	s.ShmDir = f.path(s.ShmDir)
	s.Stream = f.stream(s.Stream)
	for _, list := range [][]string{s.Streams, s.Unsettled, s.Processes.Foreign} {
		for i := range list {
			list[i] = f.stream(list[i])
		}
	}
	for _, list := range [][]procs.SavedObject{s.Objects, s.Unread, s.Others} {
		for i := range list {
			list[i].Name = procs.SavedName(f.Name(string(list[i].Name)))
			list[i].Problem = f.path(list[i].Problem)
		}
	}
	for pid, n := range s.Processes.Namespaces {
		n.PID, n.IPC, n.Mount = namespace(n.PID), namespace(n.IPC), namespace(n.Mount)
		s.Processes.Namespaces[pid] = n
	}
}

// stream returns the name of a stream, or of a group of objects that begins with a slash.
func (f *folder) stream(name string) string {
	if object, is := strings.CutPrefix(name, "/"); is {
		return "/" + f.Name(object)
	}
	return name
}

// namespace returns what a link to a namespace says: "pid:[4026531836]".
func namespace(link string) string {
	if strings.Trim(link, "abcdefghijklmnopqrstuvwxyz_:[]0123456789") != "" || len(link) > 32 {
		return ""
	}
	return link
}
